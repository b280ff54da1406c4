"""Runs code within the interpreter, and tells its host what came of it.

The host imports this module once, keeps the interpreter's memory as it is then, and calls run() in copies of that.
The reply is a letter and JSON: V and the value, N for none, E and what went wrong, X and why the value is not JSON.
Code can reach and change all of this, in its own copy: whatever it wins it could as well have said itself.
"""

import sys
from _frozen_importlib_external import FileFinder, SourceFileLoader, SourcelessFileLoader

# The library is there as source and compiled, and Python would compile the source again for each import: that is slow here.
sys.path_hooks[-1] = FileFinder.path_hook((SourcelessFileLoader, ['.pyc']), (SourceFileLoader, ['.py']))
sys.path_importer_cache.clear()

import gc, json, os, random, types  # noqa: E401, E402

# What is imported here costs code nothing.
import ast, base64, collections, csv, dataclasses, datetime, decimal, functools, hashlib  # noqa: E401, E402, F401
import io, itertools, math, re, statistics, string, textwrap, time, traceback, typing  # noqa: E401, E402, F401

NAME = '<code>'
MOST_CHARS = 4000
MOST_FRAMES = 10  # at either end

_stdout, _stderr = sys.stdout, sys.stderr
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(',', ':')).encode


_names = None


def run(code, inputs):
    global _names
    if _names is None:
        _names = _begin()
    names = _names
    try:
        names.pop('result', None)
        names['inputs'] = json.loads(inputs)
        exec(compile(code, NAME, 'exec', dont_inherit=True), names)
    except BaseException as e:
        if not _is_good_exit(e):
            return 'E' + _failure(e, code)
    finally:
        _flush()
    return _value(names)


def _begin():
    sys.modules.pop('guest', None)
    # The memory that all copies begin with holds one state of it.
    random.seed()
    main = types.ModuleType('__main__')
    main.__builtins__ = sys.modules['builtins']
    sys.modules['__main__'] = main
    return main.__dict__


def _is_good_exit(e):
    return isinstance(e, SystemExit) and (e.code is None or type(e.code) is int and e.code == 0)


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
    source = lines[number - 1].strip()[:200] if 0 < number <= len(lines) else ''
    return _clean(f'line {number}, in {name}: {source}')


def _prepare():
    # Else what code has said before it was stopped would not have left the interpreter.
    sys.stdout.reconfigure(line_buffering=True)
    os.environ.clear()
    os.chdir('/guest')
    # This directory is that of the code's files later.
    sys.path.remove('/guest')
    sys.path_importer_cache.pop('/guest', None)
    # The first failure looks up much that no later one has to.
    try:
        exec(compile('1 / 0', NAME, 'exec'))
    except ZeroDivisionError as e:
        _failure(e, '1 / 0')
    # What is never looked at again by the collector need not be copied for it.
    gc.collect()
    gc.freeze()


_prepare()
