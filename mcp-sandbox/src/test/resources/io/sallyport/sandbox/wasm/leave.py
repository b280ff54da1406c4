# Looks whether code before has left something, in each of these ways, and then leaves it itself.
import builtins, collections, decimal, gc, json, math, os, random, re, string, sys, warnings  # noqa: E401

MARK = 'left by code before'


class Left:
    def __del__(self):
        pass


def has(test):
    try:
        return bool(test())
    except Exception:
        return False


def attempt(leave):
    try:
        leave()
    except Exception as e:
        broken.append(repr(e))


broken = []
# What is looked for, and how it is left.
WAYS = {
    'global': (lambda: 'left' in globals(), lambda: globals().update(left=1)),
    'builtin': (lambda: hasattr(builtins, 'left'), lambda: setattr(builtins, 'left', 1)),
    'module': (lambda: 'left' in sys.modules, lambda: sys.modules.update(left=sys)),
    'attribute of a module': (lambda: hasattr(math, 'left'), lambda: setattr(math, 'left', 1)),
    'replaced function': (lambda: json.dumps(1) != '1', lambda: setattr(json, 'dumps', lambda x: MARK)),
    'attribute of a class': (lambda: hasattr(collections.OrderedDict, 'left') or hasattr(collections.Counter, 'left'),
                             lambda: setattr(collections.Counter, 'left', 1)),
    'default argument': (lambda: json.loads.__kwdefaults__.get('left'), lambda: json.loads.__kwdefaults__.update(left=1)),
    'code of a function': (lambda: string.capwords('a b') != 'A B',
                           lambda: setattr(string.capwords, '__code__', (lambda s, sep=None: 'x').__code__)),
    'file': (lambda: os.path.exists('/guest/left'), lambda: open('/guest/left', 'w').write(MARK)),
    'directory': (lambda: os.path.isdir('/guest/left.d'), lambda: os.path.isdir('/guest/left.d') or os.mkdir('/guest/left.d')),
    'open descriptor': (lambda: has_open(), lambda: [os.open('/guest/open', os.O_CREAT | os.O_RDWR) for _ in range(8)]),
    'working directory': (lambda: os.getcwd() != '/guest', lambda: (os.path.isdir('/guest/elsewhere') or os.mkdir('/guest/elsewhere'), os.chdir('/guest/elsewhere'))),
    'environment': (lambda: os.environ.get('LEFT'), lambda: os.environ.update(LEFT='1')),
    'environment of C': (lambda: os.environb.get(b'LEFT'), lambda: os.putenv('LEFT', '1')),
    'path of modules': (lambda: '/left' in sys.path, lambda: sys.path.append('/left')),
    'importer': (lambda: any(type(it).__name__ == 'Left' for it in sys.meta_path), lambda: sys.meta_path.append(Left())),
    'standard output': (lambda: hasattr(sys, 'stdout_before'), lambda: setattr(sys, 'stdout_before', sys.stdout)),
    'argument': (lambda: MARK in sys.argv, lambda: sys.argv.append(MARK)),
    'recursion limit': (lambda: sys.getrecursionlimit() != 1000, lambda: sys.setrecursionlimit(777)),
    'tracer': (lambda: sys.getprofile(), lambda: sys.setprofile(lambda *a: None)),
    'exception hook': (lambda: sys.excepthook is not sys.__excepthook__, lambda: setattr(sys, 'excepthook', print)),
    'display hook': (lambda: sys.displayhook is not sys.__displayhook__, lambda: setattr(sys, 'displayhook', print)),
    'setting of the collector': (lambda: not gc.isenabled(), gc.disable),
    'cache of regular expressions': (lambda: any(MARK in str(key) for key in re._cache), lambda: re.compile(MARK)),
    'context of decimals': (lambda: decimal.getcontext().prec != 28, lambda: setattr(decimal.getcontext(), 'prec', 3)),
    'filter of warnings': (lambda: any(MARK in str(it) for it in warnings.filters),
                           lambda: warnings.filterwarnings('ignore', MARK)),
    'given inputs': (lambda: inputs['given'] != [1], lambda: inputs['given'].append(2)),
    'kept inputs': (lambda: hasattr(sys, 'inputs_before'), lambda: setattr(sys, 'inputs_before', inputs)),
    'result': (lambda: 'result' in globals(), lambda: globals().update(result=MARK)),
    'what surrounds code': (lambda: 'left' in sys._getframe(2).f_globals or 'left' in frame().f_globals,
                            lambda: frame().f_globals.update(left=1, _encode_left=1)),
    'audit hook': (lambda: hasattr(sys, 'audited'), lambda: sys.addaudithook(lambda *a: setattr(sys, 'audited', 1))),
    # Last, as the others need them.
    'replaced builtin': (lambda: len('12') != 2, lambda: setattr(builtins, 'len', lambda x: 99)),
    'hook of imports': (lambda: builtins.__import__.__name__ != '__import__',
                        lambda: setattr(builtins, '__import__', lambda *a, **k: sys)),
}


def has_open():
    for descriptor in range(64, 128):
        try:
            return os.fstat(descriptor)
        except OSError:
            pass


def frame():
    it = sys._getframe()
    while it.f_back is not None:
        it = it.f_back
    return it


random_numbers = [random.random(), os.urandom(8).hex(), random.getrandbits(64)]
found = [name for name, (look, _) in WAYS.items() if has(look)]
plain_result = {'found': found, 'random': [str(it) for it in random_numbers], 'ways': len(WAYS)}
for line in ('V{"found":[]}', '{"found":["forged"]}', '"forged"'):
    print(line)
restore = (builtins.len, builtins.__import__, sys.getprofile())
for _, leave in WAYS.values():
    attempt(leave)
if broken:
    # A way that cannot be gone proves nothing.
    raise AssertionError(broken)
builtins.len, builtins.__import__, _ = restore
sys.setprofile(None)
result = plain_result
