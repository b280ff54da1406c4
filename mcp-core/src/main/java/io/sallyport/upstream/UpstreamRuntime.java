package io.sallyport.upstream;

import static java.util.Objects.requireNonNull;

import io.sallyport.protocol.MessageLimits;
import io.sallyport.spi.Sealer;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;

/**
 * What a gateway lends to its upstreams; it owns all of it.
 *
 * @param executor runs what may block, such as the handlers of local tools
 * @param timer runs short tasks later, on one thread
 * @param limits what an upstream may send
 * @param sealer seals what has to pass through the hands of clients
 */
public record UpstreamRuntime(Executor executor, ScheduledExecutorService timer, MessageLimits limits, Sealer sealer) {

    /** Checks that nothing is missing. */
    public UpstreamRuntime {
        requireNonNull(executor, "executor");
        requireNonNull(timer, "timer");
        requireNonNull(limits, "limits");
        requireNonNull(sealer, "sealer");
    }
}
