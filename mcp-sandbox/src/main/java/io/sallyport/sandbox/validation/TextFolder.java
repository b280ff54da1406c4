package io.sallyport.sandbox.validation;

import io.sallyport.sandbox.validation.JavaScriptToken.Bracket;
import io.sallyport.sandbox.validation.JavaScriptToken.Kind;
import java.util.ArrayList;
import java.util.List;

/**
 * Collects tokens, and makes one text of those that only put texts together: sums, parentheses, templates, and the methods that
 * are used to spell a word without writing it. Looks at each token a bounded number of times.
 */
final class TextFolder {

    private final List<JavaScriptToken> tokens = new ArrayList<>();

    List<JavaScriptToken> list() {
        return tokens;
    }

    void add(JavaScriptToken token) {
        switch (token.kind()) {
            case TEXT -> addText(token);
            case TEMPLATE, TEMPLATE_END -> addTemplate(token);
            default -> {
                if (!token.is(")") || !reduce()) {
                    tokens.add(token);
                }
            }
        }
    }

    private JavaScriptToken fromEnd(int i) {
        return tokens.get(tokens.size() - i);
    }

    /** Returns whether there is such a name or punctuator, counted from the end, which is 1. */
    private boolean isFromEnd(int i, String text) {
        if (tokens.size() < i) {
            return false;
        }
        JavaScriptToken token = fromEnd(i);
        return (token.kind() == Kind.NAME || token.kind() == Kind.PUNCTUATOR)
                && token.text().equals(text);
    }

    private boolean isTextFromEnd(int i) {
        return tokens.size() >= i && fromEnd(i).kind() == Kind.TEXT;
    }

    private void remove(int count) {
        tokens.subList(tokens.size() - count, tokens.size()).clear();
    }

    private void addText(JavaScriptToken text) {
        if (isFromEnd(1, "+") && isTextFromEnd(2)) {
            JavaScriptToken first = fromEnd(2);
            remove(2);
            tokens.add(first.withText(first.text() + text.text()));
        } else {
            tokens.add(text);
        }
    }

    private void addTemplate(JavaScriptToken part) {
        if (isTextFromEnd(1) && tokens.size() >= 2 && fromEnd(2).kind() == Kind.TEMPLATE) {
            JavaScriptToken head = fromEnd(2);
            String text = head.text() + fromEnd(1).text() + part.text();
            remove(2);
            if (part.kind() == Kind.TEMPLATE_END) {
                addText(new JavaScriptToken(Kind.TEXT, "", head.offset(), head.scope(), false).withText(text));
            } else {
                tokens.add(head.withText(text));
            }
        } else {
            tokens.add(part);
        }
    }

    /** Makes a text of what ends with the parenthesis that comes next, if it is one. */
    private boolean reduce() {
        if (isTextFromEnd(1) && isFromEnd(2, "(") && fromEnd(2).scope().bracket() != Bracket.CALL) {
            boolean isGroup = fromEnd(2).scope().bracket() == Bracket.GROUP;
            return isGroup && replace(2, fromEnd(2), fromEnd(1).text());
        }
        return joined() || concatenated() || lowered() || spelled();
    }

    private boolean replace(int count, JavaScriptToken first, String text) {
        remove(count);
        addText(new JavaScriptToken(Kind.TEXT, "", first.offset(), first.scope(), false).withText(text));
        return true;
    }

    // 'a'.concat('b'
    private boolean concatenated() {
        boolean is = isTextFromEnd(1)
                && isFromEnd(2, "(")
                && isFromEnd(3, "concat")
                && isFromEnd(4, ".")
                && isTextFromEnd(5);
        return is && replace(5, fromEnd(5), fromEnd(5).text() + fromEnd(1).text());
    }

    // 'A'.toLowerCase(
    private boolean lowered() {
        boolean is = isFromEnd(1, "(") && isFromEnd(2, "toLowerCase") && isFromEnd(3, ".") && isTextFromEnd(4);
        return is && replace(4, fromEnd(4), fromEnd(4).text().toLowerCase(java.util.Locale.ROOT));
    }

    // ['a','b'].join('-' and 'ba'.split('').reverse().join(''
    private boolean joined() {
        if (!isTextFromEnd(1) || !isFromEnd(2, "(") || !isFromEnd(3, "join") || !isFromEnd(4, ".")) {
            return false;
        }
        String separator = fromEnd(1).text();
        if (isFromEnd(5, "]")) {
            int i = 6;
            StringBuilder text = new StringBuilder();
            while (isTextFromEnd(i)) {
                text.insert(0, fromEnd(i).text()).insert(0, isFromEnd(i + 1, ",") ? separator : "");
                if (text.length() > JavaScriptToken.MOST_CHARS || !isFromEnd(i + 1, ",")) {
                    break;
                }
                i += 2;
            }
            return isFromEnd(i + 1, "[") && replace(i + 1, fromEnd(i + 1), text.toString());
        }
        boolean isReversed = separator.isEmpty()
                && isFromEnd(5, ")")
                && isFromEnd(6, "(")
                && isFromEnd(7, "reverse")
                && isFromEnd(8, ".")
                && isFromEnd(9, ")")
                && isTextFromEnd(10)
                && isFromEnd(11, "(")
                && isFromEnd(12, "split")
                && isFromEnd(13, ".")
                && isTextFromEnd(14);
        return isReversed
                && replace(
                        14,
                        fromEnd(14),
                        new StringBuilder(fromEnd(14).text()).reverse().toString());
    }

    // String.fromCharCode(101, 118
    private boolean spelled() {
        int i = 1;
        StringBuilder text = new StringBuilder();
        while (i < 2 * JavaScriptToken.MOST_CHARS
                && tokens.size() > i
                && fromEnd(i).kind() == Kind.NUMBER) {
            try {
                text.insert(0, (char) (int) Integer.decode(fromEnd(i).text()));
            } catch (NumberFormatException e) {
                return false;
            }
            i++;
            if (!isFromEnd(i, ",")) {
                break;
            }
            i++;
        }
        boolean is = isFromEnd(i, "(")
                && (isFromEnd(i + 1, "fromCharCode") || isFromEnd(i + 1, "fromCodePoint"))
                && isFromEnd(i + 2, ".")
                && isFromEnd(i + 3, "String");
        return is && replace(i + 3, fromEnd(i + 3), text.toString());
    }
}
