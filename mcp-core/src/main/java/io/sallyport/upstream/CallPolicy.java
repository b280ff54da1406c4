package io.sallyport.upstream;

import io.sallyport.filter.CallContext;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/**
 * Decides when calls to upstreams are made: keeps them away from an upstream that fails or has no room, and has them made
 * again where that does no harm. Of each call it is asked in this order:
 *
 * <pre>
 *   begin ──▶ enter ──▶ attempt ──▶ the upstream ──▶ failed ──▶ ended
 *                          ▲                           │
 *                          └───────── a pause ◀────────┘
 * </pre>
 *
 * <p>Thread-safe; no method blocks. What throws refuses the call.
 *
 * @since 0.1
 */
@FunctionalInterface
public interface CallPolicy {

    /**
     * What an upstream says of one of its tools; whether it is believed is for the operator to say.
     *
     * @param isReadOnly whether it changes nothing
     * @param isIdempotent whether it makes no difference how often it is called with the same arguments
     * @see <a href="https://modelcontextprotocol.io/specification/2025-11-25/schema#toolannotations">ToolAnnotations</a>
     */
    record Hints(boolean isReadOnly, boolean isIdempotent) {

        /** What is true of a tool that says nothing, and of all that is no tool. */
        public static final Hints NONE = new Hints(false, false);
    }

    /** How a call has ended. */
    enum End {
        /** The upstream has answered; that a tool has failed is an answer, and so is an error that says what is wrong with the call. */
        ANSWERED,
        /** The upstream has answered that it has failed itself: JSON-RPC error -32603. */
        INTERNAL_ERROR,
        /** The last attempt has failed, or none was made. */
        FAILED,
        /** Nothing came within the deadline. */
        LATE,
        /** The client does not want it any more. */
        CANCELLED
    }

    /**
     * One call. Its methods are called one after the other, but for {@link #ended}: that may come at any time, even before the
     * end of another one, whose result then is of no account.
     */
    interface Course {

        /**
         * Waits until there is room for the call; asked once.
         *
         * @param left how much time the call has
         * @return completes when attempts may be made, or with an {@link UpstreamException}
         */
        CompletionStage<Void> enter(Duration left);

        /**
         * Asks for leave to make an attempt.
         *
         * @param left how much time the call has
         * @return why it must not be made; empty if it may
         */
        Optional<UpstreamFailure> attempt(Duration left);

        /**
         * An attempt has failed.
         *
         * @param isRepeatable false if the client has heard something of the attempt, so that there must not be another one
         * @param left how much time the call has
         * @return after how long another attempt is made; empty if none is
         */
        Optional<Duration> failed(UpstreamFailure failure, boolean isRepeatable, Duration left);

        /** The call is over; called exactly once, and last. */
        void ended(End how);
    }

    /**
     * A call begins.
     *
     * @param call what is known of it; it always has an upstream
     * @param hints what the upstream says of the tool that is called; looked up when asked for
     */
    Course begin(CallContext call, Supplier<Hints> hints);

    /**
     * The upstream has been connected, the first time or anew, and has said what it offers. Defaults to doing nothing.
     *
     * @param upstream its name
     */
    default void connected(String upstream) {}

    /** Makes each call at once, and once. */
    static CallPolicy none() {
        return (call, hints) -> new Course() {
            @Override
            public CompletionStage<Void> enter(Duration left) {
                return CompletableFuture.completedFuture(null);
            }

            @Override
            public Optional<UpstreamFailure> attempt(Duration left) {
                return Optional.empty();
            }

            @Override
            public Optional<Duration> failed(UpstreamFailure failure, boolean isRepeatable, Duration left) {
                return Optional.empty();
            }

            @Override
            public void ended(End how) {}
        };
    }
}
