package io.sallyport.sandbox.remote;

/** A server was asked for something, and there is no use in its answer. The message is for operators. */
final class RemoteFault extends Exception {

    private static final long serialVersionUID = 1;

    /** What went wrong. */
    enum Kind {
        /** It was not reached; it has seen nothing of the request. */
        NOT_SENT,
        /** It did not answer in time. */
        LATE,
        /** The connection broke, or whoever is between here and there has answered. */
        BROKEN,
        /** It answered more than is read. */
        TOO_LARGE,
        /** It answered what is no answer. */
        NONSENSE,
        /** It does not take our key. */
        KEY_REFUSED,
        /** It says that it failed. */
        FAILED,
        /** Somebody wished that it should end. */
        CANCELLED,
        /** We are closed. */
        CLOSED
    }

    private final Kind kind;
    private final int code;

    RemoteFault(Kind kind, String message) {
        this(kind, message, 0);
    }

    /** @param code that of the server; 0 for none */
    RemoteFault(Kind kind, String message, int code) {
        super(message, null, false, false);
        this.kind = kind;
        this.code = code;
    }

    Kind kind() {
        return kind;
    }

    int code() {
        return code;
    }
}
