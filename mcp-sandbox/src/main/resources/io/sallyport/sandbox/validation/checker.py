"""Looks at Python code that is about to be run, and says what it finds. The code is parsed here, and never executed.

check() takes the code, rules ({id, where, what} each), and how much is to be found at the most; it gives back a list of
[rule, line, column, detail].
Nothing here recurses over what it is given: nodes come in an order in which parents are before their children.
"""

import ast
import re
import sys
import unicodedata
from ast import (
    AsyncFunctionDef, Assign, Attribute, BinOp, Call, ClassDef, Constant, FormattedValue, FunctionDef, Import, ImportFrom,
    JoinedStr, List, MatchClass, Name, NamedExpr, Slice, Subscript, Tuple, UnaryOp,
)

MOST_FOLDED = 1000
# Patterns, compiled when they are wanted: most code wants none, and it would take longer than all the rest.
WORD = r'\w+'
FIELD_ATTRIBUTE = r'[.\[]\s*(\w+)'
COOKIE = r'[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)'
LINE_END = r'\r\n|\r|\n'
GETTERS = {'getattr', 'setattr', 'delattr', 'hasattr'}
FORMATS = {'format', 'format_map', 'vformat'}
CHECKS = {'isinstance', 'issubclass'}
# What a text can be changed by without becoming something else than a text that is written here.
PURE = {
    'lower', 'upper', 'title', 'capitalize', 'casefold', 'swapcase', 'strip', 'lstrip', 'rstrip', 'replace', 'removeprefix',
    'removesuffix', 'encode', 'decode', 'join', 'format', 'hex', 'fromhex',
}
# They say nothing, and there are as many of them as of all others.
SILENT = (ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop)


class Rules:
    """What the host looks for, by where it would be."""

    def __init__(self, rules):
        self.by_where = {}
        for rule in rules:
            self.by_where.setdefault(rule['where'], []).append((rule['id'], frozenset(rule['what'])))

    def lookup(self, where):
        names = {}
        for rule, what in self.by_where.get(where, ()):
            for name in what:
                names.setdefault(name, []).append(rule)
        return names


class Checker:

    def __init__(self, code, rules, most):
        self.code = code
        self.lines = None
        self.most = most
        self.findings = []
        self.names = rules.lookup('NAME')
        self.attributes = rules.lookup('ATTRIBUTE')
        self.definitions = rules.lookup('DEFINITION')
        self.texts = rules.lookup('TEXT')
        self.forms = rules.lookup('FORM')
        self.modules = rules.by_where.get('IMPORT_OTHER_THAN', [])
        self.dunders = rules.by_where.get('DUNDER_OTHER_THAN', [])
        self.allowed = frozenset().union(*(what for _, what in self.modules))
        self.imported = set()  # names that modules have here
        self.bound = {}  # constants by the name that stands for them
        self.folded = {}  # constants by the node whose value they are
        self.judged = set()  # nodes that were found harmless where they stand

    # What is found

    def found(self, rules, node, detail):
        for rule in rules:
            if len(self.findings) < self.most:
                line = getattr(node, 'lineno', 1)
                self.findings.append([rule, line, self.column(line, getattr(node, 'col_offset', 0)), detail[:100]])

    def column(self, line, offset):
        # The parser counts bytes.
        self.lines = self.lines or re.split(LINE_END, self.code)
        text = self.lines[line - 1] if 0 < line <= len(self.lines) else ''
        return len(text[:offset].encode(errors='replace')[:offset].decode(errors='ignore')) + 1

    def form(self, word, node, detail):
        self.found(self.forms.get(word, ()), node, detail)

    def dunder(self, name, node):
        if name[:2] == '__' and name[-2:] == '__':
            for rule, harmless in self.dunders:
                if name not in harmless:
                    self.found((rule,), node, name)

    def attribute(self, name, node):
        if name in self.attributes:
            self.found(self.attributes[name], node, name)
        self.dunder(name, node)

    def text(self, text, node):
        if type(text) is bytes:
            text = text.decode('latin-1')
        if text in self.texts:
            self.found(self.texts[text], node, text)
        if text in self.attributes and not text.isalpha():
            # Such words nobody writes for another reason.
            self.found(self.attributes[text], node, text)
        if '__' in text:
            for name in re.findall(WORD, unicodedata.normalize('NFKC', text)):
                self.dunder(name, node)

    # What is looked at

    def look_for_cookie(self):
        for number, line in enumerate(re.split(LINE_END, self.code, maxsplit=2)[:2], 1):
            cookie = re.match(COOKIE, line)
            if cookie and cookie[1].lower().replace('_', '-') not in ('utf-8', 'utf8'):
                self.form('encoding', ast.Pass(lineno=number, col_offset=0), cookie[1])

    def check(self, tree):
        nodes = [tree]
        for node in nodes:  # which grows meanwhile
            for field in node._fields:
                value = getattr(node, field, None)
                if type(value) is list:
                    nodes += [item for item in value if isinstance(item, ast.AST)]
                elif isinstance(value, ast.AST) and not isinstance(value, SILENT):
                    nodes.append(value)
        self.bind(nodes)
        self.fold(nodes)
        docs = set()  # which are for readers
        parts = set()  # of texts that are looked at as a whole
        for node in nodes:
            kind = type(node)
            visit = VISITS.get(kind)
            if visit is not None:
                visit(self, node)
            elif kind is ast.Expr:
                docs.add(id(node.value))
            value = node.value if kind is Constant else self.folded.get(id(node))
            if type(value) in (str, bytes):
                if id(node) not in parts and not (kind is Constant and id(node) in docs):
                    self.text(value, node)
                if kind in (BinOp, JoinedStr):
                    parts.update(id(child) for child in ast.iter_child_nodes(node))

    def bind(self, nodes):
        """Finds names that are given a constant here, and nothing else."""
        values = {}
        times = {}
        for node in nodes:
            kind = type(node)
            if kind is Name:
                if type(node.ctx) is not ast.Load:
                    times[node.id] = times.get(node.id, 0) + 1
            elif kind is Assign:
                if type(node.value) is Constant and type(node.targets[0]) is Name:
                    values[node.targets[0].id] = node.value.value
            elif kind is NamedExpr:
                if type(node.value) is Constant:
                    values[node.target.id] = node.value.value
            elif kind is ast.arg:
                times[node.arg] = 2
            elif kind in NAMED:
                # Whatever that is: a function may be decorated with what makes a text of it.
                times[node.name] = 2
            elif kind is Import:
                self.imported.update(alias.asname or alias.name.partition('.')[0] for alias in node.names)
            elif kind is ImportFrom:
                for alias in node.names:
                    if f'{node.module}.{alias.name}' in sys.modules:
                        self.imported.add(alias.asname or alias.name)
        self.bound = {name: value for name, value in values.items() if times.get(name) == 1}

    def fold(self, nodes):
        for node in reversed(nodes):
            fold = FOLDS.get(type(node))
            if fold is not None:
                try:
                    value = fold(self, node)
                except Exception:
                    continue  # so it would fail where it runs
                if type(value) is int or type(value) in (str, bytes) and len(value) <= MOST_FOLDED:
                    self.folded[id(node)] = value

    def value(self, node):
        return self.folded.get(id(node))

    # Texts that are put together

    def fold_constant(self, node):
        return node.value if type(node.value) in (str, bytes, int) else None

    def fold_name(self, node):
        return self.bound.get(node.id) if type(node.ctx) is ast.Load else None

    def fold_sum(self, node):
        left, right = self.value(node.left), self.value(node.right)
        if left is None:
            return None
        if type(node.op) is ast.Mod and type(left) is str and type(node.right) is Tuple:
            right = tuple(self.value(item) for item in node.right.elts)
            if None in right:
                return None
        if right is None:
            return None
        if type(node.op) is ast.Add and type(left) is type(right) and type(left) is not int:
            return left + right if len(left) + len(right) <= MOST_FOLDED else None
        if type(left) is int and type(right) is int:
            small = abs(left) < 1 << 20 and abs(right) < 1 << 20
            made = {ast.Add: int.__add__, ast.Sub: int.__sub__, ast.BitXor: int.__xor__}.get(type(node.op))
            return made(left, right) if small and made else None
        if type(node.op) is ast.Mult and {type(left), type(right)} in ({str, int}, {bytes, int}):
            times, text = (left, right) if type(left) is int else (right, left)
            return text * times if times * len(text) <= MOST_FOLDED else None
        if type(node.op) is ast.Mod and type(left) is str:
            return left % right if not re.search(r'\d\d\d|\*', left) else None
        return None

    def fold_minus(self, node):
        value = self.value(node.operand)
        return -value if type(node.op) is ast.USub and type(value) is int else None

    def fold_joined(self, node):
        texts = [self.value(item) for item in node.values]
        return ''.join(texts) if all(type(text) is str for text in texts) else None

    def fold_formatted(self, node):
        value = self.value(node.value)
        return str(value) if value is not None and node.conversion == -1 and node.format_spec is None else None

    def fold_part(self, node):
        text = self.value(node.value)
        if type(text) not in (str, bytes):
            return None
        if type(node.slice) is Slice:
            ends = [node.slice.lower, node.slice.upper, node.slice.step]
            ends = [None if end is None else self.value(end) or 0 for end in ends]
            return text[slice(*ends)] if all(end is None or type(end) is int for end in ends) and ends[2] != 0 else None
        index = self.value(node.slice)
        return text[index] if type(index) is int and -len(text) <= index < len(text) else None

    def fold_call(self, node):
        if node.keywords or len(node.args) > 3:
            return None
        args = [self.items(arg) if type(arg) in (List, Tuple) else self.value(arg) for arg in node.args]
        if None in args:
            return None
        function = node.func
        if type(function) is Name:
            made = {'chr': chr, 'str': str, 'bytes': bytes, 'bytearray': bytes, 'ascii': ascii, 'repr': repr}.get(function.id)
            if function.id == 'bytes' and type(args[0] if args else None) is int:
                return None
            return made(*args) if made else None
        if type(function) is not Attribute or function.attr not in PURE:
            return None
        if type(function.value) is Name and function.value.id in ('bytes', 'bytearray', 'str'):
            subject = bytes if function.value.id == 'bytearray' else {'bytes': bytes, 'str': str}[function.value.id]
        else:
            subject = self.value(function.value)
            if type(subject) not in (str, bytes):
                return None
            if function.attr == 'format' and re.search(FIELD_ATTRIBUTE, subject):
                return None
            if function.attr == 'format' and re.search(r'\d\d\d', subject):
                return None  # it might become long
            if function.attr == 'replace' and len(subject) * len(args[-1]) > MOST_FOLDED:
                return None
        return getattr(subject, function.attr)(*args)

    def items(self, node):
        values = [self.value(item) for item in node.elts]
        return None if None in values or len(values) > MOST_FOLDED else values

    # Nodes

    def visit_name(self, node):
        name = node.id
        if name in self.names:
            self.found(self.names[name], node, name)
        if id(node) not in self.judged:
            if name in GETTERS:
                self.form('dynamic-attribute', node, name)
            elif name == 'type':
                self.form('made-type', node, name)
        self.dunder(name, node)

    def visit_attribute(self, node):
        self.attribute(node.attr, node)
        if type(node.value) is Name and node.value.id in self.imported:
            self.borrowed(node.value.id, node.attr, node)
        if node.attr in FORMATS:
            text = self.value(node.value)
            if type(text) is str:
                self.fields(text, node)
            else:
                self.form('format', node, node.attr)

    def fields(self, text, node):
        for name in re.findall(FIELD_ATTRIBUTE, unicodedata.normalize('NFKC', text)):
            if name in self.attributes or name[:1] == '_':
                self.form('format', node, name)

    def borrowed(self, module, name, node):
        if name[:1] == '_' and name[:2] != '__':
            self.form('borrowed-module', node, f'{module}.{name}')
        elif name in sys.stdlib_module_names and name not in self.allowed:
            self.form('borrowed-module', node, f'{module}.{name}')

    def visit_call(self, node):
        function = node.func
        if type(function) is Name:
            plain = not any(type(arg) is ast.Starred for arg in node.args) and not node.keywords
            if function.id in GETTERS and plain and len(node.args) > 1:
                name = self.value(node.args[1])
                if type(name) is str:
                    self.judged.add(id(function))
                    self.attribute(unicodedata.normalize('NFKC', name), node)
            elif function.id == 'type' and plain and len(node.args) == 1:
                self.judged.add(id(function))
            elif function.id in CHECKS:
                self.judged.update(id(arg) for arg in node.args[1:])

    def visit_match(self, node):
        for name in node.kwd_attrs:
            self.attribute(name, node)

    def visit_import(self, node):
        for alias in node.names:
            self.module(alias.name, node)
            self.dunder(alias.asname or '', node)

    def visit_import_from(self, node):
        self.module(node.module or '', node)
        for alias in node.names:
            if alias.name == '*':
                self.form('star-import', node, node.module or '')
            else:
                self.attribute(alias.name, node)
                if alias.name in self.names:
                    self.found(self.names[alias.name], node, alias.name)
                if f'{node.module}.{alias.name}' not in self.allowed:
                    self.borrowed(node.module or '', alias.name, node)
                self.dunder(alias.asname or '', node)

    def module(self, name, node):
        for rule, allowed in self.modules:
            if name not in allowed and name.partition('.')[0] not in allowed:
                self.found((rule,), node, name)

    def visit_definition(self, node):
        self.dunder(node.name, node)
        self.defined(node.name, node)

    def visit_class(self, node):
        self.visit_definition(node)
        for item in node.body:
            for target in item.targets if type(item) is Assign else (getattr(item, 'target', None),):
                if type(target) is Name:
                    self.defined(target.id, target)

    def defined(self, name, node):
        if name in self.definitions:
            self.found(self.definitions[name], node, name)
        if name in self.names:
            self.found(self.names[name], node, name)

    def visit_named(self, node):
        # Names that are no nodes: of an argument, of what was caught, of what has matched.
        name = getattr(node, 'arg', None) or getattr(node, 'name', None) or getattr(node, 'rest', None)
        if name is not None:
            self.dunder(name, node)

    def visit_scope(self, node):
        for name in node.names:
            self.dunder(name, node)

    def visit_subscript(self, node):
        # type[int] is an annotation.
        self.judged.add(id(node.value))


NAMED = {FunctionDef, AsyncFunctionDef, ClassDef, ast.ExceptHandler, ast.MatchAs, ast.MatchStar}

FOLDS = {
    Constant: Checker.fold_constant, Name: Checker.fold_name, BinOp: Checker.fold_sum, UnaryOp: Checker.fold_minus,
    JoinedStr: Checker.fold_joined, FormattedValue: Checker.fold_formatted, Subscript: Checker.fold_part,
    Call: Checker.fold_call,
}

VISITS = {
    Name: Checker.visit_name, Attribute: Checker.visit_attribute, Call: Checker.visit_call, MatchClass: Checker.visit_match,
    Import: Checker.visit_import, ImportFrom: Checker.visit_import_from, FunctionDef: Checker.visit_definition,
    AsyncFunctionDef: Checker.visit_definition, ClassDef: Checker.visit_class, ast.arg: Checker.visit_named,
    ast.keyword: Checker.visit_named, ast.ExceptHandler: Checker.visit_named, ast.MatchAs: Checker.visit_named,
    ast.MatchStar: Checker.visit_named, ast.MatchMapping: Checker.visit_named, ast.Global: Checker.visit_scope,
    ast.Nonlocal: Checker.visit_scope, Subscript: Checker.visit_subscript,
}


def check(code, rules, most):
    checker = Checker(code, Rules(rules), most)
    if 'coding' in code:
        checker.look_for_cookie()
    try:
        tree = compile(code, '<code>', 'exec', ast.PyCF_ONLY_AST, dont_inherit=True)
    except (SyntaxError, ValueError) as e:
        place = ast.Pass(lineno=getattr(e, 'lineno', None) or 1, col_offset=0)
        checker.form('unparsable', place, str(getattr(e, 'msg', e)))
    except (MemoryError, RecursionError):
        checker.form('unparsable', ast.Pass(lineno=1, col_offset=0), 'it is nested too deeply')
    else:
        checker.check(tree)
    return checker.findings

