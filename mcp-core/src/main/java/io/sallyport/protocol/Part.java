package io.sallyport.protocol;

/**
 * An object of a message whose members are remembered when the message is scanned: the envelope, and what stands in
 * it at fixed places.
 */
public enum Part {
    /** The message itself: {@code jsonrpc}, {@code id}, {@code method} and so on. */
    MESSAGE,
    /** {@code params}. */
    PARAMS,
    /** {@code params._meta}. */
    PARAMS_META,
    /** {@code result}. */
    RESULT,
    /** {@code result._meta}. */
    RESULT_META,
    /** {@code error}. */
    ERROR;

    static final String META = "_meta";

    /** Returns the part in which this one is a member, and is its own parent for the message. */
    Part parent() {
        return switch (this) {
            case PARAMS_META -> PARAMS;
            case RESULT_META -> RESULT;
            default -> MESSAGE;
        };
    }

    /** Returns the name that this part has in its parent. */
    String memberName() {
        return switch (this) {
            case MESSAGE -> "";
            case PARAMS -> "params";
            case RESULT -> "result";
            case ERROR -> "error";
            case PARAMS_META, RESULT_META -> META;
        };
    }
}
