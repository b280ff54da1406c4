package io.sallyport.gateway.internal;

import io.sallyport.spi.Principal;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Bounds how many streams a principal has open. Thread-safe. */
final class StreamQuota {

    private final int perPrincipal;
    private final Map<Principal, Integer> open = new ConcurrentHashMap<>();

    StreamQuota(int perPrincipal) {
        this.perPrincipal = perPrincipal;
    }

    /** Takes a place for a stream and returns whether there was one. */
    boolean take(Principal principal) {
        boolean[] taken = new boolean[1];
        open.compute(principal, (key, count) -> {
            int now = count == null ? 0 : count;
            taken[0] = now < perPrincipal;
            return taken[0] ? Integer.valueOf(now + 1) : count;
        });
        return taken[0];
    }

    /** Gives a place back. */
    void giveBack(Principal principal) {
        open.computeIfPresent(principal, (key, count) -> count == 1 ? null : count - 1);
    }
}
