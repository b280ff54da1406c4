package io.sallyport.sandbox.validation;

import io.sallyport.sandbox.validation.JavaScriptToken.Bracket;
import io.sallyport.sandbox.validation.JavaScriptToken.Kind;
import java.util.List;
import java.util.Set;

/** Looks at the tokens of JavaScript. Stateless, thread-safe. */
final class JavaScriptChecker {

    private static final JavaScriptToken NOTHING =
            new JavaScriptToken(Kind.PUNCTUATOR, "", 0, JavaScriptToken.Scope.NONE, false);

    private static final Set<String> BUILT_INS = Set.of(
            "Object",
            "Array",
            "Promise",
            "Symbol",
            "Map",
            "Set",
            "WeakMap",
            "WeakSet",
            "String",
            "Number",
            "Boolean",
            "BigInt",
            "RegExp",
            "Date",
            "Error",
            "TypeError",
            "RangeError",
            "SyntaxError",
            "InternalError",
            "JSON",
            "Math",
            "console",
            "queueMicrotask",
            "parseInt",
            "parseFloat",
            "isNaN",
            "isFinite",
            "undefined",
            "NaN",
            "Infinity");

    private static final Set<String> NAMESPACES = Set.of("JSON", "Math", "console");

    private static final Set<String> ASSIGNMENTS = Set.of(
            "=", "+=", "-=", "*=", "/=", "%=", "**=", "<<=", ">>=", ">>>=", "&=", "|=", "^=", "&&=", "||=", "??=", "++",
            "--");

    private static final Set<String> DECLARATIONS = Set.of("let", "const", "var", "function", "class");

    private static final Set<String> GLOBALS = Set.of("globalThis", "window");

    private static final Set<String> TIMERS = Set.of("setTimeout", "setInterval", "setImmediate");

    /** What spells a word whose parts are not written next to each other. */
    private static final Set<String> SPELLERS =
            Set.of("fromCharCode", "fromCodePoint", "atob", "unescape", "decodeURI", "decodeURIComponent", "reverse");

    /** Longer ways to a property of what everybody uses are not followed. */
    private static final int MOST_STEPS = 8;

    void check(String code, Sightings sightings) {
        new Look(new JavaScriptLexer(code, sightings).tokens(), sightings).atAll();
    }

    private record Look(List<JavaScriptToken> tokens, Sightings sightings) {

        JavaScriptToken token(int i) {
            return i >= 0 && i < tokens.size() ? tokens.get(i) : NOTHING;
        }

        void atAll() {
            for (int i = 0; i < tokens.size(); i++) {
                JavaScriptToken token = tokens.get(i);
                if (token.kind() == Kind.NAME) {
                    atName(i, token);
                } else if (token.kind() == Kind.TEXT) {
                    atText(i, token);
                } else if (token.isEscaped()) {
                    sightings.form("escaped-name", token.offset(), token.text());
                }
            }
        }

        // Names

        void atName(int i, JavaScriptToken name) {
            if (name.isEscaped()) {
                sightings.form("escaped-name", name.offset(), name.text());
            }
            if (isMember(i)) {
                attribute(i);
                if (token(i + 1).is("=")) {
                    definition(name);
                }
            } else {
                word(Rule.Where.NAME, name);
                if (isKey(i)) {
                    attribute(i);
                }
                if (isDefinition(i)) {
                    definition(name);
                }
                atForms(i, name);
            }
            if (name.scope().isKey() && SPELLERS.contains(name.text())) {
                sightings.form("built-key", name.offset(), name.text());
            }
        }

        void word(Rule.Where where, JavaScriptToken token) {
            sightings.word(where, token.text(), token.offset(), token.text());
        }

        void attribute(int i) {
            // Object.prototype.hasOwnProperty.call(…) is how careful code asks, and changes nothing.
            boolean isCalled = token(i).text().equals("prototype")
                    && token(i + 1).is(".")
                    && token(i + 2).kind() == Kind.NAME
                    && token(i + 3).is(".")
                    && token(i + 4).isName("call");
            if (!isCalled) {
                word(Rule.Where.ATTRIBUTE, token(i));
            }
        }

        void definition(JavaScriptToken name) {
            word(Rule.Where.DEFINITION, name);
        }

        boolean isMember(int i) {
            return token(i - 1).is(".") || token(i - 1).is("?.");
        }

        // With a value, without, or with a default: in objects and in patterns.
        boolean isKey(int i) {
            JavaScriptToken next = token(i + 1);
            boolean isFirst = token(i - 1).is("{") || token(i - 1).is(",");
            return token(i).scope().isBrace()
                    && (next.is(":") || (isFirst && (next.is("}") || next.is(",") || next.is("="))));
        }

        // Of a function, a class, a method, a property, or a field of a class.
        boolean isDefinition(int i) {
            JavaScriptToken name = token(i);
            JavaScriptToken previous = token(i - 1);
            boolean isObject =
                    name.scope().bracket() == Bracket.OBJECT || name.scope().bracket() == Bracket.CLASS;
            boolean isFirst = previous.kind() == Kind.NAME
                    || previous.is("{")
                    || previous.is(",")
                    || previous.is("}")
                    || previous.is(";")
                    || previous.is("*");
            return previous.isName("function")
                    || previous.isName("class")
                    || (isObject
                            && (isKey(i)
                                    || (isFirst
                                            && (token(i + 1).is("(")
                                                    || token(i + 1).is("=")))));
        }

        // Texts

        void atText(int i, JavaScriptToken text) {
            word(Rule.Where.TEXT, text);
            boolean isInBrackets = token(i - 1).is("[") && token(i + 1).is("]");
            boolean isIndex = isInBrackets && token(i - 1).scope().bracket() == Bracket.INDEX;
            JavaScriptToken next = token(isInBrackets ? i + 2 : i + 1);
            boolean isKey = next.is(":") && text.scope().isBrace() || isInBrackets && (next.is(":") || next.is("("));
            if (isIndex || isKey) {
                word(Rule.Where.ATTRIBUTE, text);
                if (isKey || next.is("=")) {
                    definition(text);
                }
            }
        }

        // Forms

        void atForms(int i, JavaScriptToken name) {
            JavaScriptToken next = token(i + 1);
            switch (name.text()) {
                case "import" -> sightings.form("import", name.offset(), "");
                case "with" -> {
                    if (next.is("(")) {
                        sightings.form("with", name.offset(), "");
                    }
                }
                case "this" -> {
                    if (name.scope().isPlain() && !(next.is(".") && token(i + 2).kind() == Kind.NAME)) {
                        sightings.form("global-object", name.offset(), "this");
                    }
                }
                case "arguments" -> {
                    if (name.scope().isOutside()) {
                        sightings.form("wrapper", name.offset(), "arguments");
                    }
                }
                default -> atGlobals(i, name);
            }
        }

        void atGlobals(int i, JavaScriptToken name) {
            JavaScriptToken next = token(i + 1);
            if (GLOBALS.contains(name.text())) {
                if (!next.is(".")) {
                    sightings.form("global-object", name.offset(), name.text());
                } else if (BUILT_INS.contains(token(i + 2).text())) {
                    atBuiltIn(i + 2, i);
                }
            } else if (TIMERS.contains(name.text()) && next.is("(")) {
                Kind first = token(i + 2).kind();
                if (first == Kind.TEXT || first == Kind.TEMPLATE) {
                    sightings.form("timer-of-text", name.offset(), name.text());
                }
            } else if (BUILT_INS.contains(name.text())) {
                atBuiltIn(i, i);
            }
        }

        /** Looks whether what everybody uses is assigned to, or a property of it, or whether it is given away to be. */
        void atBuiltIn(int i, int start) {
            int end = i + 1;
            for (int steps = 0; steps < MOST_STEPS; steps++) {
                if (token(end).is(".") && token(end + 1).kind() == Kind.NAME) {
                    end += 2;
                } else if (token(end).is("[")
                        && token(end + 1).kind() == Kind.TEXT
                        && token(end + 2).is("]")) {
                    end += 3;
                } else {
                    break;
                }
            }
            JavaScriptToken previous = token(start - 1);
            boolean isWritten = isAssignment(token(end)) || previous.is("++") || previous.is("--");
            boolean isDeclared = previous.kind() == Kind.NAME && DECLARATIONS.contains(previous.text());
            boolean isGiven = NAMESPACES.contains(token(i).text())
                    && token(i).scope().bracket() == Bracket.CALL
                    && (token(end).is(",") || token(end).is(")"));
            // A computed property of it that is written to: JSON[name] = …
            boolean isIndexed =
                    NAMESPACES.contains(token(i).text()) && token(i + 1).is("[");
            if (isWritten || isDeclared || isGiven && end == i + 1 || isIndexed || previous.isName("delete")) {
                sightings.form("built-in-write", token(i).offset(), token(i).text());
            }
        }

        private static boolean isAssignment(JavaScriptToken token) {
            return token.kind() == Kind.PUNCTUATOR && ASSIGNMENTS.contains(token.text());
        }
    }
}
