package io.sallyport.resilience;

import io.sallyport.protocol.Methods;
import io.sallyport.upstream.CallPolicy.Hints;
import io.sallyport.upstream.UpstreamFailure;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Which calls may be made once more. What has certainly not been carried out may be; what perhaps has been, only if it makes no
 * difference how often that is.
 */
final class Repeatable {

    /** They change nothing, or nothing more the second time. */
    private static final Set<String> HARMLESS = Set.of(
            Methods.PROMPTS_GET,
            Methods.RESOURCES_READ,
            Methods.RESOURCES_SUBSCRIBE,
            Methods.RESOURCES_UNSUBSCRIBE,
            Methods.COMPLETE);

    private Repeatable() {}

    static boolean is(CallFacts call, UpstreamFailure failure) {
        return switch (failure.kind()) {
            case UNREACHABLE, INTERRUPTED -> !failure.maybeExecuted() || call.isHarmless();
            // Who has no room and does not say until when is not to be pressed.
            case OVERLOADED -> !failure.maybeExecuted() && failure.retryAfter().isPresent();
            // Another try finds the same: credentials, secrets, addresses and what is spoken there do not change by it.
            case AUTH, SECRET, PROTOCOL, TOO_LARGE, QUARANTINED, INTERNAL, SESSION_LOST -> false;
        };
    }

    /**
     * What decides whether a call may be made again.
     *
     * @param isMarked whether the operator says that the tool may be
     * @param isTrusted whether the upstream is believed about its tools
     */
    record CallFacts(String method, boolean isMarked, boolean isTrusted, Supplier<Hints> hints) {

        private boolean isHarmless() {
            return HARMLESS.contains(method)
                    || isMarked
                    || isTrusted && (hints.get().isReadOnly() || hints.get().isIdempotent());
        }
    }
}
