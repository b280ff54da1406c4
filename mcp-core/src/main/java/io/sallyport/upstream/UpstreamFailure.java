package io.sallyport.upstream;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * Why a call, or a session, came to nothing.
 *
 * @param kind what went wrong
 * @param detail for operators: what was seen, with host names and addresses; never sent to clients
 * @param maybeExecuted whether the upstream may have begun to carry the call out
 * @param retryAfter after how long another try makes sense, if that is known
 */
public record UpstreamFailure(Kind kind, String detail, boolean maybeExecuted, Optional<Duration> retryAfter) {

    /** What can go wrong with an upstream. */
    public enum Kind {
        /** No connection: name not found, refused, timed out, TLS, egress guard. */
        UNREACHABLE,
        /** The upstream refuses our credentials. */
        AUTH,
        /** A secret that it is to be sent has no value, or may not be used there. */
        SECRET,
        /** What it sent is no MCP. */
        PROTOCOL,
        /** What it sent is larger than allowed. */
        TOO_LARGE,
        /** It has forgotten the session, and with it what the call may have relied on. */
        SESSION_LOST,
        /** It went away while the call was under way. */
        INTERRUPTED,
        /** It has no room, or we have none for it. */
        OVERLOADED,
        /** Its processes have ended so often that none is started for a while. */
        QUARANTINED,
        /** A fault on our side. */
        INTERNAL
    }

    /** Checks that nothing is missing. */
    public UpstreamFailure {
        requireNonNull(kind, "kind");
        requireNonNull(detail, "detail");
        requireNonNull(retryAfter, "retryAfter");
    }

    /** Creates a failure that says nothing of another try. */
    public UpstreamFailure(Kind kind, String detail, boolean maybeExecuted) {
        this(kind, detail, maybeExecuted, Optional.empty());
    }

    /**
     * Returns what a stage of an upstream failed with: the failure of its {@link UpstreamException}; anything else is a
     * fault on our side, of a call that was not carried out.
     */
    public static UpstreamFailure of(@Nullable Throwable thrown) {
        Throwable cause = thrown;
        while (cause instanceof CompletionException && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause instanceof UpstreamException known
                ? known.failure()
                : notSent(Kind.INTERNAL, String.valueOf(cause));
    }

    /** Returns a failure of a call that was certainly not carried out. */
    public static UpstreamFailure notSent(Kind kind, String detail) {
        return new UpstreamFailure(kind, detail, false);
    }

    /** Returns a failure of a call that may have been carried out. */
    public static UpstreamFailure maybeExecuted(Kind kind, String detail) {
        return new UpstreamFailure(kind, detail, true);
    }

    /** Returns this failure as that of a call that was not even sent because of it. */
    public UpstreamFailure beforeSending() {
        return new UpstreamFailure(kind, detail, false, retryAfter);
    }

    /** Returns this failure with the time after which another try makes sense. */
    public UpstreamFailure retryAfter(Duration delay) {
        return new UpstreamFailure(kind, detail, maybeExecuted, Optional.of(delay));
    }
}
