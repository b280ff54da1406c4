"""Runs code in a Python of its own, and tells what came of it.

fresh() is for a process that runs nothing else, call() for one in which code finds what code before it has left.
The reply is a letter and JSON: V and the value, N for none, E and what went wrong, X and why the value is not JSON,
O for too much. Code can reach and change all of this, in its own machine: whatever it wins it could as well have said
itself.
"""

import base64, io, json, os, random, sys, types  # noqa: E401

NAME = '<code>'
MOST_CHARS = 4000
MOST_FRAMES = 10  # at either end

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(',', ':')).encode
_write, _getpid, _loads, _b64encode, _b64decode = os.write, os.getpid, json.loads, base64.b64encode, base64.b64decode


class TooMuch(BaseException):
    pass


class Capped(io.TextIOBase):
    """Takes so much, and not more, whatever code thinks of that."""

    def __init__(self, most):
        self.left, self.parts, self.over = most, [], False

    def writable(self):
        return True

    def write(self, text):
        data = text.encode(errors='replace')
        self.parts.append(data[:max(self.left, 0)])
        self.left -= len(data)
        if self.left < 0:
            self.over = True
            raise TooMuch()
        return len(text)

    def text(self):
        return b''.join(self.parts).decode(errors='ignore')


def fresh(arguments):
    sys.argv = ['']
    sys.stdout.reconfigure(line_buffering=True)
    random.seed()
    pid = _getpid()
    out, err = sys.stdout, sys.stderr
    reply = _run(_main(), *_payload(''.join(arguments[1:])), int(arguments[0]))
    for stream in (out, err):
        try:
            stream.flush()
        except (ValueError, OSError):
            pass  # the code has closed it
    data = reply.encode()
    while data and _getpid() == pid:
        data = data[_write(3, data):]


_session = None


def call(payload, nonce, most):
    global _session
    if _session is None:
        random.seed()
        _session = _main()
    out, err = Capped(most), Capped(most)
    before = sys.stdin, sys.stdout, sys.stderr, sys.modules['__main__']
    sys.stdin, sys.stdout, sys.stderr, sys.modules['__main__'] = io.StringIO(''), out, err, _session
    try:
        reply = _run(_session, *_payload(payload), most)
    finally:
        sys.stdin, sys.stdout, sys.stderr, sys.modules['__main__'] = before
    if out.over or err.over:
        reply = 'O'
    line = _b64encode(_encode([reply, out.text(), err.text()]).encode()).decode()
    sys.stdout.write('\n' + nonce + line + '\n')
    sys.stdout.flush()


def _main():
    main = types.ModuleType('__main__')
    main.__builtins__ = sys.modules['builtins']
    return main


def _payload(text):
    code, inputs = _loads(_b64decode(text).decode())
    return code, _loads(inputs)


def _run(main, code, inputs, most):
    sys.modules['__main__'] = main
    names = main.__dict__
    names.pop('result', None)
    names['inputs'] = inputs
    try:
        exec(compile(code, NAME, 'exec', dont_inherit=True), names)
    except TooMuch:
        return 'O'
    except BaseException as e:
        if not _is_good_exit(e):
            return 'E' + _failure(e, code)
    return _value(names, most)


def _is_good_exit(e):
    return isinstance(e, SystemExit) and (e.code is None or type(e.code) is int and e.code == 0)


def _value(names, most):
    if 'result' not in names:
        return 'N'
    try:
        value = _encode(names['result'])
        return 'V' + value if len(value.encode()) <= most else 'O'
    except BaseException as e:
        return 'X' + _text(e)


def _failure(e, code):
    return _encode({'type': _clean(type(e).__name__), 'message': _text(e), 'trace': _trace(e, code)})


def _text(e):
    try:
        return _clean(e.msg if isinstance(e, SyntaxError) else str(e))
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
