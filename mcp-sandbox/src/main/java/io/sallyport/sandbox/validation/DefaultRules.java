package io.sallyport.sandbox.validation;

import static io.sallyport.sandbox.Language.JAVASCRIPT;
import static io.sallyport.sandbox.Language.PYTHON;
import static io.sallyport.sandbox.validation.Finding.Severity.ERROR;
import static io.sallyport.sandbox.validation.Finding.Severity.WARNING;
import static io.sallyport.sandbox.validation.Rule.Where.ATTRIBUTE;
import static io.sallyport.sandbox.validation.Rule.Where.DEFINITION;
import static io.sallyport.sandbox.validation.Rule.Where.DUNDER_OTHER_THAN;
import static io.sallyport.sandbox.validation.Rule.Where.FORM;
import static io.sallyport.sandbox.validation.Rule.Where.IMPORT_OTHER_THAN;
import static io.sallyport.sandbox.validation.Rule.Where.NAME;
import static io.sallyport.sandbox.validation.Rule.Where.TEXT;

import java.util.List;
import java.util.Set;

/** All rules, as a table. A word of a {@link Rule.Where#FORM} is explained where the checkers find it. */
final class DefaultRules {

    /** Modules of the standard library that compute, and reach nothing. */
    static final Set<String> MODULES = words(
            "abc array base64 binascii bisect calendar cmath collections colorsys copy csv dataclasses datetime decimal difflib",
            "enum fractions functools graphlib hashlib heapq hmac html io itertools json keyword math numbers pprint random re",
            "secrets statistics string struct textwrap time typing unicodedata uuid zlib zoneinfo __future__");

    /** What classes and scripts have that mean no harm. Others are ways from objects to what they are made of. */
    static final Set<String> DUNDERS = words(
            "__init__ __new__ __name__ __main__ __doc__ __all__ __version__ __author__ __slots__ __post_init__ __future__",
            "__repr__ __str__ __bool__ __hash__ __len__ __length_hint__ __contains__ __iter__ __next__ __reversed__ __call__",
            "__getitem__ __setitem__ __delitem__ __missing__ __enter__ __exit__ __aenter__ __aexit__ __aiter__ __anext__",
            "__await__ __eq__ __ne__ __lt__ __le__ __gt__ __ge__ __add__ __radd__ __iadd__ __sub__ __rsub__ __isub__ __mul__",
            "__rmul__ __imul__ __truediv__ __rtruediv__ __floordiv__ __rfloordiv__ __mod__ __rmod__ __divmod__ __pow__ __rpow__",
            "__matmul__ __rmatmul__ __and__ __rand__ __or__ __ror__ __xor__ __rxor__ __lshift__ __rshift__ __neg__ __pos__",
            "__invert__ __abs__ __int__ __float__ __complex__ __index__ __round__ __trunc__ __floor__ __ceil__ __copy__",
            "__deepcopy__ __bytes__ __debug__");

    static final List<Rule> ALL = List.of(
            // Python: what is no code that one could judge
            rule("py.unparsable", PYTHON, FORM, "it is no Python that the sandbox can parse", "unparsable"),
            rule("py.too-long", PYTHON, FORM, "there is too much code to look at", "too-long"),
            rule("py.hidden-text", PYTHON, FORM, "a character that hides what the code does", "hidden-text"),
            rule("py.encoding", PYTHON, FORM, "code is UTF-8, and must not ask to be read otherwise", "encoding"),
            // Python: modules
            Rule.of("py.module", ERROR, PYTHON, IMPORT_OTHER_THAN, MODULES, "the module is not among the allowed ones"),
            rule("py.star-import", PYTHON, FORM, "importing all names hides which", "star-import"),
            rule("py.borrowed-module", PYTHON, FORM, "what a module uses itself is not for others", "borrowed-module"),
            rule(
                    "py.module-name",
                    PYTHON,
                    ATTRIBUTE,
                    "modules are not to be reached through other objects",
                    "os _os sys _sys builtins _builtins subprocess importlib _bootstrap ctypes posix nt socket _socket inspect",
                    "_thread threading multiprocessing pty signal shutil modules load_module import_module"),
            // Python: ways from an object to what it is made of
            Rule.of(
                    "py.dunder",
                    ERROR,
                    PYTHON,
                    DUNDER_OTHER_THAN,
                    DUNDERS,
                    "special names lead to what objects are made of"),
            rule(
                    "py.internals",
                    PYTHON,
                    ATTRIBUTE,
                    "frames, code and classes lead to everything that runs",
                    "gi_frame gi_code gi_yieldfrom cr_frame cr_code cr_await cr_origin ag_frame ag_code ag_await tb_frame tb_next",
                    "f_back f_builtins f_globals f_locals f_code f_generator co_code co_consts co_names func_globals func_code",
                    "mro obj with_traceback walk_stack walk_tb"),
            rule(
                    "py.dynamic-attribute",
                    PYTHON,
                    FORM,
                    "attributes are not to be named by a value that is made when the code runs",
                    "dynamic-attribute"),
            rule(
                    "py.reflection",
                    PYTHON,
                    ATTRIBUTE,
                    "this gets attributes or runs code by their text",
                    "attrgetter methodcaller get_type_hints ForwardRef get_annotations evaluate_forward_ref Formatter",
                    "make_dataclass new_class exec_module runsource runcode open_code FileIO"),
            rule("py.made-type", PYTHON, FORM, "classes are not to be made by a call", "made-type"),
            rule("py.format", PYTHON, FORM, "a format string gets attributes, or nobody can tell whether", "format"),
            // Python: running text, and namespaces
            rule(
                    "py.evaluation",
                    PYTHON,
                    NAME,
                    "text is not to be run",
                    "eval exec compile execfile breakpoint help input"),
            rule("py.namespace", PYTHON, NAME, "namespaces are not for code to look into", "globals locals vars dir"),
            Rule.of("py.file", WARNING, PYTHON, NAME, Set.of("open"), "code uses files"),

            // JavaScript: what is no code that one could judge
            rule("js.unparsable", JAVASCRIPT, FORM, "it is no JavaScript that can be told apart", "unparsable"),
            rule("js.too-long", JAVASCRIPT, FORM, "there is too much code to look at", "too-long"),
            rule("js.hidden-text", JAVASCRIPT, FORM, "a character that hides what the code does", "hidden-text"),
            rule("js.html-comment", JAVASCRIPT, FORM, "comments of HTML hide code", "html-comment"),
            rule("js.hashbang", JAVASCRIPT, FORM, "code does not begin with a command", "hashbang"),
            rule("js.escaped-name", JAVASCRIPT, FORM, "names are to be written as they are read", "escaped-name"),
            rule(
                    "js.ambiguous-slash",
                    JAVASCRIPT,
                    FORM,
                    "only a parser knows whether this is a division; put parentheses around it",
                    "ambiguous-slash"),
            // JavaScript: running text, and modules
            rule(
                    "js.evaluation",
                    JAVASCRIPT,
                    NAME,
                    "text is not to be run",
                    "eval Function AsyncFunction GeneratorFunction AsyncGeneratorFunction execScript evalScript ShadowRealm"),
            rule(
                    "js.evaluation-property",
                    JAVASCRIPT,
                    ATTRIBUTE,
                    "text is not to be run",
                    "eval Function execScript evalScript ShadowRealm"),
            rule("js.timer-of-text", JAVASCRIPT, FORM, "text is not to be run later", "timer-of-text"),
            rule("js.import", JAVASCRIPT, FORM, "there are no modules", "import"),
            // JavaScript: ways from an object to what it is made of
            rule("js.constructor", JAVASCRIPT, ATTRIBUTE, "the constructor of a function runs text", "constructor"),
            rule(
                    "js.prototype",
                    JAVASCRIPT,
                    ATTRIBUTE,
                    "what all objects share is not to be changed",
                    "__proto__ prototype setPrototypeOf getPrototypeOf __defineGetter__ __defineSetter__ __lookupGetter__",
                    "__lookupSetter__ defineProperty defineProperties getOwnPropertyDescriptor getOwnPropertyDescriptors"),
            rule("js.built-in-write", JAVASCRIPT, FORM, "what everybody uses is not to be changed", "built-in-write"),
            rule(
                    "js.reflection",
                    JAVASCRIPT,
                    NAME,
                    "objects are not to be handled behind their backs",
                    "Reflect Proxy"),
            rule(
                    "js.symbol",
                    JAVASCRIPT,
                    ATTRIBUTE,
                    "this changes what the language itself does with an object",
                    "species toPrimitive hasInstance unscopables isConcatSpreadable"),
            rule("js.hook", JAVASCRIPT, DEFINITION, "this is called by whoever looks at the object", "toJSON then"),
            rule(
                    "js.stack",
                    JAVASCRIPT,
                    ATTRIBUTE,
                    "stacks lead to whoever has called the code",
                    "prepareStackTrace captureStackTrace stackTraceLimit callee caller getThis getFunction"),
            rule(
                    "js.text",
                    JAVASCRIPT,
                    TEXT,
                    "the text is the name of something that should not be used",
                    "constructor __proto__ prototype eval Function globalThis AsyncFunction GeneratorFunction process require",
                    "child_process __defineGetter__ __lookupGetter__"),
            rule("js.built-key", JAVASCRIPT, FORM, "names of properties are not to be spelled", "built-key"),
            // JavaScript: what is around the code
            rule("js.global-object", JAVASCRIPT, FORM, "globals are to be named, not looked up", "global-object"),
            rule("js.wrapper", JAVASCRIPT, FORM, "this is of what calls the code", "wrapper"),
            rule("js.with", JAVASCRIPT, FORM, "nobody can tell which variable is meant", "with"),
            rule(
                    "js.tagged-template",
                    JAVASCRIPT,
                    FORM,
                    "a template must not be given to a function",
                    "tagged-template"),
            rule(
                    "js.host-object",
                    JAVASCRIPT,
                    NAME,
                    "this belongs to a host",
                    "process require global Deno Bun Worker importScripts fetch XMLHttpRequest WebSocket EventSource Java Packages",
                    "Polyglot java_invoke Javy $sandbox __dirname __filename FinalizationRegistry WeakRef"),
            rule(
                    "js.shared-memory",
                    JAVASCRIPT,
                    NAME,
                    "code has no use for memory that others see, or for machine code",
                    "SharedArrayBuffer Atomics WebAssembly"));

    private DefaultRules() {}

    private static Rule rule(
            String id, io.sallyport.sandbox.Language language, Rule.Where where, String message, String... words) {
        return Rule.of(id, ERROR, language, where, words(words), message);
    }

    private static Set<String> words(String... lines) {
        return Set.of(String.join(" ", lines).split(" "));
    }
}
