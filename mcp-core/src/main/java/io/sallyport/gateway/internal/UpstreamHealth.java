package io.sallyport.gateway.internal;

import io.sallyport.upstream.UpstreamFailure;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * How an upstream is.
 *
 * @param since when it came into this state
 * @param failures how many tries in a row have failed
 * @param lastFailure why the last of them has
 * @param retryIn how long it is until the next try, while it is down
 */
public record UpstreamHealth(
        UpstreamManager.State state,
        Instant since,
        int failures,
        Optional<UpstreamFailure> lastFailure,
        Optional<Duration> retryIn) {}
