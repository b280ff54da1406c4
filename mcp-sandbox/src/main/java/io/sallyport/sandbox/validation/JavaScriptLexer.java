package io.sallyport.sandbox.validation;

import io.sallyport.sandbox.validation.JavaScriptToken.Bracket;
import io.sallyport.sandbox.validation.JavaScriptToken.Kind;
import java.util.List;
import java.util.Optional;

/**
 * Splits JavaScript into tokens, as the script or the body of a function that it is: in linear time, without recursion, and
 * whatever it is given. Used for one piece of code by one thread.
 *
 * <p>Whether a slash begins a regular expression or divides depends on what is before it, and only a parser knows that in all
 * cases. Where it cannot be told from the tokens (after a closing brace, {@code ++}, {@code --}, and words that are names at one
 * time and operators at another) that is found: else a wrong guess would take code for the inside of a text. So are comments of
 * HTML, which are comments in a script and operators in a module, brackets that do not match, and whatever does not end.
 */
final class JavaScriptLexer {

    /** The longest first. */
    private static final List<String> PUNCTUATORS = List.of(
            ">>>=", "...", "===", "!==", "**=", "<<=", ">>=", ">>>", "&&=", "||=", "??=", "=>", "==", "!=", "<=", ">=",
            "&&", "||", "??", "?.", "++", "--", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<", ">>", "**");

    private static final String SINGLE = "{}()[];,<>+-*/%&|^!~?:=.@";

    private final String code;
    private final Sightings sightings;
    private final TextFolder tokens = new TextFolder();
    private final JavaScriptContext context = new JavaScriptContext();
    private int at;

    /** Whether nothing but space and comments is before this on the line. */
    private boolean isLineStart = true;

    private boolean isOver;

    JavaScriptLexer(String code, Sightings sightings) {
        this.code = code;
        this.sightings = sightings;
    }

    /** Returns the tokens, texts that are put together as one; up to where it could not go on, which is found. */
    List<JavaScriptToken> tokens() {
        if (code.startsWith("#!")) {
            sightings.form("hashbang", 0, "");
            skipLine();
        }
        skipSpace();
        while (at < code.length() && !isOver) {
            lexOne();
            isLineStart = false;
            skipSpace();
        }
        if (!isOver) {
            context.innermost().ifPresent(it -> unparsable(it.offset(), "it is never closed"));
        }
        return tokens.list();
    }

    private void unparsable(int offset, String why) {
        sightings.form("unparsable", offset, why);
        isOver = true;
        at = code.length();
    }

    private char peek(int ahead) {
        return at + ahead < code.length() ? code.charAt(at + ahead) : '\0';
    }

    private static boolean isLineEnd(char c) {
        return c == '\n' || c == '\r' || c == '\u2028' || c == '\u2029';
    }

    private void skipLine() {
        while (at < code.length() && !isLineEnd(code.charAt(at))) {
            at++;
        }
    }

    private void skipSpace() {
        while (at < code.length()) {
            char c = code.charAt(at);
            if (isLineEnd(c)) {
                isLineStart = true;
                at++;
            } else if (c == '\t' || c == '\u000b' || c == '\f' || c == '\ufeff' || Character.isSpaceChar(c)) {
                at++;
            } else if (c == '/' && peek(1) == '/') {
                skipLine();
            } else if (c == '/' && peek(1) == '*') {
                skipComment();
            } else if (code.startsWith("<!--", at) || (isLineStart && code.startsWith("-->", at))) {
                sightings.form("html-comment", at, "");
                skipLine();
            } else {
                return;
            }
        }
    }

    private void skipComment() {
        int end = code.indexOf("*/", at + 2);
        if (end < 0) {
            unparsable(at, "a comment has no end");
            return;
        }
        for (; at < end + 2; at++) {
            isLineStart |= isLineEnd(code.charAt(at));
        }
    }

    private JavaScriptToken token(Kind kind, String text, int offset, boolean isEscaped) {
        return new JavaScriptToken(kind, text, offset, context.scope(), isEscaped);
    }

    private void add(JavaScriptToken token) {
        context.pass(token);
        tokens.add(token);
    }

    private void lexOne() {
        char c = code.charAt(at);
        if (c == '"' || c == '\'') {
            lexString(c);
        } else if (c == '`') {
            if (context.isTagged()) {
                sightings.form("tagged-template", at, "");
            }
            lexTemplate(at, at + 1, false);
        } else if (c == '}' && context.scope().bracket() == Bracket.SUBSTITUTION) {
            context.closeSubstitution();
            lexTemplate(at, at + 1, true);
        } else if (isDigit(c) || (c == '.' && isDigit(peek(1)))) {
            lexNumber();
        } else if (c == '#') {
            at++;
            lexName(Kind.PRIVATE_NAME, at - 1);
        } else if (c == '\\' || isNameStart(code.codePointAt(at))) {
            lexName(Kind.NAME, at);
        } else if (c == '/' && isRegex()) {
            lexRegex();
        } else {
            lexPunctuator();
        }
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    // Names

    private static boolean isNameStart(int c) {
        return c == '$' || c == '_' || Character.isUnicodeIdentifierStart(c);
    }

    private static boolean isNamePart(int c) {
        boolean isJoiner = c == 0x200c || c == 0x200d;
        return isJoiner || c == '$' || (Character.isUnicodeIdentifierPart(c) && !Character.isIdentifierIgnorable(c));
    }

    private void lexName(Kind kind, int start) {
        StringBuilder name = new StringBuilder();
        boolean isEscaped = false;
        while (at < code.length()) {
            int c = code.codePointAt(at);
            int length = Character.charCount(c);
            if (c == '\\') {
                if (peek(1) != 'u') {
                    unparsable(at, "a name has an escape that is none");
                    return;
                }
                isEscaped = true;
                Escapes.Decoded escape = Escapes.decode(code, at);
                c = escape.codePoint();
                length = escape.length();
            }
            if (!(name.isEmpty() ? isNameStart(c) : isNamePart(c))) {
                break;
            }
            name.appendCodePoint(c);
            at += length;
        }
        if (name.isEmpty() || (at < code.length() && code.charAt(at) == '\\')) {
            unparsable(start, "a name that is none");
            return;
        }
        add(token(kind, name.toString(), start, isEscaped));
    }

    // Numbers

    private void lexNumber() {
        int start = at;
        char second = Character.toLowerCase(peek(1));
        if (code.charAt(at) == '0' && (second == 'x' || second == 'o' || second == 'b')) {
            at += 2;
            skipDigits(second == 'x');
        } else {
            skipDigits(false);
            boolean isOctal = at - start > 1
                    && code.charAt(start) == '0'
                    && code.substring(start, at).matches("[0-7]+");
            if (!isOctal && peek(0) == '.') {
                at++;
                skipDigits(false);
            }
            char sign = peek(1);
            if (Character.toLowerCase(peek(0)) == 'e'
                    && (isDigit(sign) || ((sign == '+' || sign == '-') && isDigit(peek(2))))) {
                at += 2;
                skipDigits(false);
            }
        }
        if (peek(0) == 'n') {
            at++;
        }
        if (at < code.length() && (isNamePart(code.codePointAt(at)) || code.charAt(at) == '\\')) {
            unparsable(start, "a number that is none");
            return;
        }
        add(token(Kind.NUMBER, code.substring(start, Math.min(at, start + 40)), start, false));
    }

    private void skipDigits(boolean isHex) {
        while (isDigit(peek(0)) || peek(0) == '_' || (isHex && Character.digit(peek(0), 16) >= 0 && peek(0) < 0x80)) {
            at++;
        }
    }

    // Texts

    private void lexString(char quote) {
        int start = at++;
        StringBuilder text = new StringBuilder();
        while (at < code.length()) {
            char c = code.charAt(at);
            if (c == quote) {
                at++;
                add(token(Kind.TEXT, "", start, false).withText(text.toString()));
                return;
            }
            if (c == '\n' || c == '\r') {
                break;
            }
            lexCharacter(text);
        }
        unparsable(start, "a string has no end");
    }

    private void lexCharacter(StringBuilder text) {
        if (code.charAt(at) == '\\') {
            Escapes.Decoded escape = Escapes.decode(code, at);
            if (escape.codePoint() >= 0) {
                text.appendCodePoint(escape.codePoint());
            }
            at += escape.length();
        } else {
            text.append(code.charAt(at++));
        }
    }

    private void lexTemplate(int start, int textStart, boolean isContinued) {
        at = textStart;
        StringBuilder text = new StringBuilder();
        while (at < code.length()) {
            if (code.charAt(at) == '`') {
                at++;
                Kind kind = isContinued ? Kind.TEMPLATE_END : Kind.TEXT;
                JavaScriptToken token = token(kind, "", start, false);
                add(isContinued ? token(kind, capped(text), start, false) : token.withText(text.toString()));
                return;
            }
            if (code.charAt(at) == '$' && peek(1) == '{') {
                JavaScriptToken head = token(Kind.TEMPLATE, capped(text), start, false);
                at += 2;
                add(head);
                open(token(Kind.TEMPLATE, "${", at - 2, false), Bracket.SUBSTITUTION);
                return;
            }
            lexCharacter(text);
        }
        unparsable(start, "a template has no end");
    }

    private static String capped(StringBuilder text) {
        return text.substring(0, Math.min(text.length(), JavaScriptToken.MOST_CHARS));
    }

    private void lexRegex() {
        int start = at++;
        boolean isInClass = false;
        while (at < code.length() && !isLineEnd(code.charAt(at))) {
            char c = code.charAt(at++);
            if (c == '\\' && at < code.length() && !isLineEnd(code.charAt(at))) {
                at++;
            } else if (c == '[') {
                isInClass = true;
            } else if (c == ']') {
                isInClass = false;
            } else if (c == '/' && !isInClass) {
                while (at < code.length() && isNamePart(code.charAt(at))) {
                    at++;
                }
                add(token(Kind.REGEX, "", start, false));
                return;
            }
        }
        unparsable(start, "a regular expression has no end");
    }

    private boolean isRegex() {
        JavaScriptContext.Slash slash = context.slash(isLineStart);
        if (slash == JavaScriptContext.Slash.AMBIGUOUS) {
            sightings.form("ambiguous-slash", at, "after " + context.last().text());
        }
        return slash == JavaScriptContext.Slash.REGEX;
    }

    // Punctuators

    private void lexPunctuator() {
        String text = "";
        for (String longer : PUNCTUATORS) {
            if (code.startsWith(longer, at) && !(longer.equals("?.") && isDigit(peek(2)))) {
                text = longer;
                break;
            }
        }
        if (text.isEmpty()) {
            if (SINGLE.indexOf(code.charAt(at)) < 0) {
                unparsable(at, "a character that is of no use there");
                return;
            }
            text = code.substring(at, at + 1);
        }
        JavaScriptToken token = token(Kind.PUNCTUATOR, text, at, false);
        at += text.length();
        switch (text) {
            case "(", "[", "{" -> open(token, context.bracket(text)).ifPresent(this::add);
            case ")", "]", "}" ->
                context.close(token)
                        .ifPresentOrElse(this::add, () -> unparsable(token.offset(), "a bracket that was not opened"));
            default -> add(token);
        }
    }

    private Optional<JavaScriptToken> open(JavaScriptToken token, Bracket bracket) {
        Optional<JavaScriptToken> opened = context.open(token, bracket);
        if (opened.isEmpty()) {
            unparsable(token.offset(), "it is nested too deeply");
        }
        return opened;
    }
}
