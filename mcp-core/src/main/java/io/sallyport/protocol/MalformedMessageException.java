package io.sallyport.protocol;

import static java.util.Objects.requireNonNull;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Bytes that are no message: not JSON, not JSON-RPC, or beyond a limit. Carries what is wrong and where, in words that
 * may be shown to whoever sent the bytes; it never quotes them.
 */
public final class MalformedMessageException extends Exception {

    private static final long serialVersionUID = 1L;

    /** What kind of fault it is; each kind has its JSON-RPC error code. */
    public enum Kind {
        /** Not JSON text as of RFC 8259 in UTF-8, or with a member name twice in one object. */
        NOT_JSON(ErrorCodes.PARSE_ERROR),
        /** JSON, but not a JSON-RPC 2.0 message as MCP has them. */
        NOT_A_MESSAGE(ErrorCodes.INVALID_REQUEST),
        /** A JSON array: a batch, which MCP dropped in revision 2025-06-18. */
        BATCH(ErrorCodes.INVALID_REQUEST),
        /** More bytes than allowed. */
        TOO_LARGE(ErrorCodes.INVALID_REQUEST),
        /** Nested more deeply, or with a longer string, name or number than allowed. */
        BEYOND_LIMIT(ErrorCodes.INVALID_REQUEST);

        private final int code;

        Kind(int code) {
            this.code = code;
        }

        /** Returns the JSON-RPC error code for this kind. */
        public int code() {
            return code;
        }
    }

    private final Kind kind;
    private final int offset;
    private final transient @Nullable RequestId id;

    /** Creates the exception with the byte offset of the fault, counted from 0. */
    MalformedMessageException(Kind kind, String reason, int offset) {
        this(kind, reason, offset, null);
    }

    /** Creates the exception for a message whose id could still be read. */
    MalformedMessageException(Kind kind, String reason, int offset, @Nullable RequestId id) {
        super(reason + " (at byte " + offset + ")");
        this.kind = requireNonNull(kind, "kind");
        this.offset = offset;
        this.id = id;
    }

    /** Returns the id that the message has, if so much of it could be read; an error about it echoes it. */
    public Optional<RequestId> id() {
        return Optional.ofNullable(id);
    }

    /** Returns what kind of fault it is. */
    public Kind kind() {
        return kind;
    }

    /** Returns the offset of the byte at which the fault was noticed, counted from 0. */
    public int offset() {
        return offset;
    }

    /** Not filled in: the fault is the sender's, and the trace would only tell of our scanner. */
    @Override
    public synchronized Throwable fillInStackTrace() {
        return this;
    }
}
