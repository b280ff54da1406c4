package io.sallyport.sandbox.validation;

import io.sallyport.sandbox.validation.JavaScriptToken.Bracket;
import io.sallyport.sandbox.validation.JavaScriptToken.Kind;
import io.sallyport.sandbox.validation.JavaScriptToken.Scope;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.Set;

/**
 * What is known of the place that a lexer of JavaScript has come to: the last tokens, and the brackets that are open. By that it
 * is told what a slash and what a bracket means. Confined to one thread.
 */
final class JavaScriptContext {

    /** Nobody nests so deeply, and the engines give up before. */
    static final int MOST_DEPTH = 500;

    /** What a slash means. */
    enum Slash {
        REGEX,
        DIVISION,
        /** Only a parser knows. */
        AMBIGUOUS
    }

    private static final JavaScriptToken START = new JavaScriptToken(Kind.PUNCTUATOR, ";", 0, Scope.NONE, false);

    private static final Set<String> CONTROL = Set.of("if", "while", "for", "with");

    /** Words after which there is a value: what they are followed by is no division, no call, no index. */
    private static final Set<String> BEFORE_VALUES = Set.of(
            "return",
            "typeof",
            "instanceof",
            "in",
            "new",
            "delete",
            "void",
            "throw",
            "case",
            "do",
            "else",
            "default",
            "extends");

    /** Words that are values themselves. */
    private static final Set<String> VALUES = Set.of("this", "super", "null", "true", "false");

    /** Names at one time, operators at another. */
    private static final Set<String> AMBIGUOUS = Set.of("await", "yield", "of", "let", "async", "static", "get", "set");

    private static final Set<String> DECLARATIONS = Set.of("const", "let", "var", "of", "await", "yield");

    private final Deque<JavaScriptToken> open = new ArrayDeque<>();
    private JavaScriptToken last = START;
    private JavaScriptToken beforeLast = START;
    private JavaScriptToken third = START;

    /** What the last brackets were for that were closed. */
    private Bracket lastClosed = Bracket.NONE;

    private boolean isClassHead;

    /** Returns the innermost brackets. */
    Scope scope() {
        return open.isEmpty() ? Scope.NONE : open.getFirst().scope();
    }

    /** Returns the innermost bracket that was opened. */
    Optional<JavaScriptToken> innermost() {
        return Optional.ofNullable(open.peekFirst());
    }

    JavaScriptToken last() {
        return last;
    }

    /** Goes on to what is after a token. */
    void pass(JavaScriptToken token) {
        isClassHead |= token.isName("class") && !isMember(last);
        third = beforeLast;
        beforeLast = last;
        last = token;
    }

    private static boolean isMember(JavaScriptToken previous) {
        return previous.is(".") || previous.is("?.");
    }

    private boolean isWord(Set<String> words) {
        return last.kind() == Kind.NAME && !isMember(beforeLast) && words.contains(last.text());
    }

    /** Returns whether a template here is the argument of what is before it, which is not {@code String.raw}. */
    boolean isTagged() {
        return isAfterValue() && !(last.isName("raw") && beforeLast.is("."));
    }

    /** Returns whether a value has ended here, which can be called, or has properties. */
    private boolean isAfterValue() {
        return switch (last.kind()) {
            case NAME -> !isWord(BEFORE_VALUES);
            case PUNCTUATOR ->
                (last.is(")") && lastClosed != Bracket.CONTROL)
                        || last.is("]")
                        || last.is("?.")
                        || (last.is("}") && (lastClosed == Bracket.OBJECT || lastClosed == Bracket.FUNCTION));
            case TEMPLATE -> false;
            default -> true;
        };
    }

    /**
     * Returns what a slash means here.
     *
     * @param isLineStart whether it is the first on its line
     */
    Slash slash(boolean isLineStart) {
        // Where a statement may end with a name (debugger, break a, var a), it does at the end of the line.
        boolean mayBegin = isLineStart && last.kind() == Kind.NAME && !isMember(beforeLast) && !isWord(VALUES);
        if (mayBegin && !isWord(BEFORE_VALUES) || isWord(AMBIGUOUS) || last.is("}") || last.is("++") || last.is("--")) {
            return Slash.AMBIGUOUS;
        }
        boolean isRegex = switch (last.kind()) {
            case NAME -> isWord(BEFORE_VALUES);
            case TEMPLATE -> true;
            case PUNCTUATOR -> last.is(")") ? lastClosed == Bracket.CONTROL : !last.is("]");
            default -> false;
        };
        return isRegex ? Slash.REGEX : Slash.DIVISION;
    }

    /** Returns what a bracket means that opens here. */
    Bracket bracket(String opening) {
        return switch (opening) {
            case "[" -> isAfterValue() ? Bracket.INDEX : Bracket.ARRAY;
            case "(" -> parenthesis();
            default -> brace();
        };
    }

    private Bracket parenthesis() {
        if (isWord(CONTROL) || (last.isName("await") && beforeLast.isName("for"))) {
            return Bracket.CONTROL;
        }
        boolean isNamed = last.kind() == Kind.NAME
                && (beforeLast.isName("function") || (beforeLast.is("*") && third.isName("function")));
        if (isNamed || last.isName("function") || (last.is("*") && beforeLast.isName("function"))) {
            return Bracket.PARAMETERS;
        }
        return isAfterValue() ? Bracket.CALL : Bracket.GROUP;
    }

    private Bracket brace() {
        if (isClassHead) {
            isClassHead = false;
            return Bracket.CLASS;
        }
        if (last.is(")")) {
            boolean isMember = scope().bracket() == Bracket.CLASS || scope().bracket() == Bracket.OBJECT;
            return lastClosed == Bracket.PARAMETERS ? Bracket.FUNCTION : isMember ? Bracket.METHOD : Bracket.BLOCK;
        }
        if (last.kind() == Kind.NAME) {
            boolean isBlock = last.isName("do") || last.isName("else");
            return !isBlock && (isWord(BEFORE_VALUES) || isWord(DECLARATIONS)) ? Bracket.OBJECT : Bracket.BLOCK;
        }
        boolean isStatement = last.is(";") || last.is("{") || last.is("}") || last.is("=>");
        boolean isObject = (last.kind() == Kind.PUNCTUATOR && !isStatement) || last.kind() == Kind.TEMPLATE;
        return isObject ? Bracket.OBJECT : Bracket.BLOCK;
    }

    /** Opens a bracket; returns it with what is within, or nothing if there are too many. */
    Optional<JavaScriptToken> open(JavaScriptToken token, Bracket bracket) {
        if (open.size() >= MOST_DEPTH) {
            return Optional.empty();
        }
        JavaScriptToken opened = token.in(scope().within(bracket));
        open.push(opened);
        return Optional.of(opened);
    }

    /** Closes a bracket; returns it with what it closes, or nothing if it does not match. */
    Optional<JavaScriptToken> close(JavaScriptToken token) {
        String opening = token.is(")") ? "(" : token.is("]") ? "[" : "{";
        if (open.isEmpty() || !open.getFirst().is(opening)) {
            return Optional.empty();
        }
        Scope closed = open.pop().scope();
        lastClosed = closed.bracket();
        return Optional.of(token.in(closed));
    }

    /** Ends what was put into a template. */
    void closeSubstitution() {
        open.pop();
    }
}
