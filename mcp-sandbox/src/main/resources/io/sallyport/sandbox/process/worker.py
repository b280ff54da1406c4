"""Runs code that it is given on descriptor 4, and tells on descriptor 3 what came of it.

A request is a line (nonce, bytes of code, bytes of inputs, most bytes of the value, most bytes of memory, once or session)
and then the code and the inputs. A reply is a line (nonce, bytes of what follows) and then a letter and JSON: V and the value, N for none, O
if it is too large, E and what went wrong, M the same if that was memory, X and why the value is not JSON, F if this here has failed.
Code can reach and change all of this, in its own process: whatever it wins it could as well have said itself.
"""

import gc, json, os, random, resource, sys, types  # noqa: E401, F401

# What is imported here costs code nothing.
import ast, base64, collections, csv, dataclasses, datetime, decimal, functools, hashlib  # noqa: E401, F401
import io, itertools, math, re, statistics, string, textwrap, time, traceback, typing  # noqa: E401, F401

REPLIES, REQUESTS = 3, 4
NAME = '<code>'
MOST_CHARS = 4000
MOST_FRAMES = 10  # at either end

_stdout, _stderr = sys.stdout, sys.stderr
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(',', ':')).encode
_most_memory = 0
_first_rss = 0


def run(code, inputs, main):
    names = main.__dict__
    names.pop('result', None)
    try:
        names['inputs'] = json.loads(inputs)
        try:
            program = compile(code, NAME, 'exec', dont_inherit=True)
        except MemoryError as e:
            # The parser's own stack has an end too, and says so in the same words.
            return ('M' if _is_used_up() else 'E') + _failure(e, code)
        exec(program, names)
    except BaseException as e:
        if not _is_good_exit(e):
            return ('M' if isinstance(e, MemoryError) else 'E') + _failure(e, code)
    finally:
        _flush()
    return _value(names)


def _is_good_exit(e):
    return isinstance(e, SystemExit) and (e.code is None or type(e.code) is int and e.code == 0)


def _is_used_up():
    return _rss() - _first_rss > _most_memory // 2


def _rss():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _flush():
    for stream in (_stdout, _stderr):
        try:
            stream.flush()
        except (ValueError, OSError):
            pass  # the code has closed it


def _value(names):
    if 'result' not in names:
        return 'N'
    try:
        value = _encode(names['result'])
        value.encode()
        return 'V' + value
    except MemoryError:
        raise
    except BaseException as e:
        return 'X' + _text(e)


def _failure(e, code):
    return _encode({'type': _clean(type(e).__name__), 'message': _text(e), 'trace': _trace(e, code)})


def _text(e):
    if isinstance(e, SyntaxError):
        return _clean(e.msg)
    try:
        return _clean(str(e))
    except MemoryError:
        raise
    except BaseException:
        return ''


def _clean(text):
    return str(text)[:MOST_CHARS].encode(errors='replace').decode()


def _trace(e, code):
    """Says where in the code it was, and nothing of what is around the code or below it."""
    places = []
    place = e.__traceback__
    while place is not None:
        if place.tb_frame.f_code.co_filename == NAME:
            places.append((place.tb_lineno, place.tb_frame.f_code.co_name))
        place = place.tb_next
    if isinstance(e, SyntaxError) and e.filename == NAME:
        places.append((e.lineno, '<module>'))
    if len(places) > 2 * MOST_FRAMES:
        places[MOST_FRAMES:-MOST_FRAMES] = [(None, '...')]
    lines = code.split('\n')
    return '\n'.join(_line(number, name, lines) for number, name in places)


def _line(number, name, lines):
    if number is None:
        return name
    source = lines[number - 1].strip()[:200] if number and 0 < number <= len(lines) else ''
    return _clean(f'line {number}, in {name}: {source}')


def _read(count):
    parts = bytearray()
    while len(parts) < count:
        part = os.read(REQUESTS, count - len(parts))
        if not part:
            os._exit(0)
        parts += part
    return bytes(parts)


def _line_of_request():
    line = bytearray()
    while not line.endswith(b'\n'):
        line += _read(1)
    return line.decode().split()


def _reply(nonce, text):
    data = text.encode()
    data = b'%s %d\n' % (nonce.encode(), len(data)) + data
    while data:
        data = data[os.write(REPLIES, data):]


def _serve():
    global _most_memory, _first_rss
    os.environ.clear()
    # Else what code has said before it was stopped would not have left the interpreter.
    sys.stdout.reconfigure(line_buffering=True)
    main = types.ModuleType('__main__')
    main.__builtins__ = sys.modules['builtins']
    sys.modules['__main__'] = main
    gc.collect()
    gc.freeze()
    _first_rss = _rss()
    spare = bytearray(1 << 20)
    os.write(REPLIES, b'READY\n')
    while True:
        nonce, code, inputs, most, memory, kind = _line_of_request()
        _most_memory = int(memory)
        code, inputs = _read(int(code)).decode(), _read(int(inputs)).decode()
        if kind == 'once':
            os.close(REQUESTS)  # code that reads from it would wait for what never comes
        try:
            reply = run(code, inputs, main)
            if reply[:1] == 'V' and len(reply.encode()) - 1 > int(most):
                reply = 'O'
        except MemoryError:
            spare = None
            reply = 'M'
        except BaseException:
            reply = 'F'  # the code has changed this module
        _reply(nonce, reply)
        while kind == 'once':
            time.sleep(3600)
        spare = spare or bytearray(1 << 20)


_serve()
