package io.sallyport.sandbox.validation;

/**
 * A token of JavaScript.
 *
 * @param text of names and texts as they are read, with escapes decoded; of others as they are written
 * @param offset where it begins in the code
 * @param scope the innermost brackets around it; of a bracket, those that it begins or ends
 * @param isEscaped whether a name has escapes in it
 */
record JavaScriptToken(Kind kind, String text, int offset, Scope scope, boolean isEscaped) {

    /** Longer texts are kept as one that is equal to no word. */
    static final int MOST_CHARS = Rule.MOST_CHARS + 1;

    enum Kind {
        NAME,
        PRIVATE_NAME,
        NUMBER,
        /** A string, or a template that has nothing to be put in. */
        TEXT,
        /** What is before something that is put into a template. */
        TEMPLATE,
        /** What is at the end of a template that something was put into. */
        TEMPLATE_END,
        REGEX,
        PUNCTUATOR
    }

    /** What brackets are for. */
    enum Bracket {
        /** All code. */
        NONE,
        /** Parentheses after {@code if} and the like: what follows is a statement. */
        CONTROL,
        /** Parentheses after {@code function} and its name. */
        PARAMETERS,
        /** Parentheses after something that can be called. */
        CALL,
        GROUP,
        /** Brackets after something that has properties. */
        INDEX,
        ARRAY,
        BLOCK,
        OBJECT,
        CLASS,
        /** The body of a function that has a {@code this} of its own, which is the global object if nobody gives it one. */
        FUNCTION,
        METHOD,
        /** What is put into a template. */
        SUBSTITUTION
    }

    /**
     * Brackets, and what is known of all that is in them.
     *
     * @param isPlain whether {@code this} may be the global object
     * @param isOutside whether it is in no function of the code's own
     * @param isKey whether it is in brackets that name a property
     */
    record Scope(Bracket bracket, boolean isPlain, boolean isOutside, boolean isKey) {

        static final Scope NONE = new Scope(Bracket.NONE, true, true, false);

        Scope within(Bracket inner) {
            return switch (inner) {
                case FUNCTION -> new Scope(inner, true, false, false);
                case METHOD -> new Scope(inner, false, false, false);
                case CLASS -> new Scope(inner, false, isOutside, false);
                case BLOCK, OBJECT -> new Scope(inner, isPlain, isOutside, false);
                case INDEX -> new Scope(inner, isPlain, isOutside, true);
                default -> new Scope(inner, isPlain, isOutside, isKey);
            };
        }

        boolean isBrace() {
            return switch (bracket) {
                case BLOCK, OBJECT, CLASS, FUNCTION, METHOD -> true;
                default -> false;
            };
        }
    }

    boolean is(String punctuator) {
        return kind == Kind.PUNCTUATOR && text.equals(punctuator);
    }

    boolean isName(String name) {
        return kind == Kind.NAME && text.equals(name);
    }

    JavaScriptToken in(Scope other) {
        return new JavaScriptToken(kind, text, offset, other, isEscaped);
    }

    JavaScriptToken withText(String other) {
        String kept = other.length() > MOST_CHARS ? other.substring(0, MOST_CHARS) : other;
        return new JavaScriptToken(kind == Kind.TEMPLATE_END ? Kind.TEXT : kind, kept, offset, scope, isEscaped);
    }
}
