package io.sallyport.upstream.http;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;

/**
 * The addresses of one host: looked up and judged once, used for a while. Connections go to exactly these, so that an
 * answer cannot change between check and use. Thread-safe.
 */
final class PinnedAddresses {

    static final Duration FRESH = Duration.ofSeconds(30);

    private record Lookup(CompletableFuture<List<InetAddress>> addresses, long begun) {}

    private final String host;
    private final int port;
    private final HttpEgress egress;
    private final LongSupplier ticker;
    private final boolean isLiteral;
    private final AtomicReference<Lookup> last = new AtomicReference<>();

    PinnedAddresses(String host, int port, HttpEgress egress, LongSupplier ticker) {
        this.host = host;
        this.port = port;
        this.egress = egress;
        this.ticker = ticker;
        // A spelling such as 127.1 counts as a name here: it goes the slower way and is judged all the same.
        this.isLiteral = host.indexOf(':') >= 0 || host.matches("\\d{1,3}(\\.\\d{1,3}){3}");
    }

    /**
     * Returns the addresses, at once if they are fresh or the host is an address; else they are looked up on the
     * executor, once for all who ask.
     */
    CompletableFuture<List<InetAddress>> get(Executor executor) {
        while (true) {
            Lookup known = last.get();
            if (known != null && ticker.getAsLong() - known.begun < FRESH.toNanos()) {
                return known.addresses;
            }
            Lookup mine = new Lookup(new CompletableFuture<>(), ticker.getAsLong());
            if (last.compareAndSet(known, mine)) {
                begin(mine, isLiteral ? Runnable::run : executor);
                return mine.addresses;
            }
        }
    }

    private void begin(Lookup lookup, Executor executor) {
        try {
            executor.execute(() -> lookUp(lookup));
        } catch (RejectedExecutionException full) {
            fail(lookup, full);
        }
    }

    private void lookUp(Lookup lookup) {
        try {
            lookup.addresses.complete(List.of(egress.resolve(host, port)));
        } catch (UnknownHostException | RuntimeException e) {
            fail(lookup, e);
        }
    }

    /** A failure is told to those who wait for it and to nobody else. */
    private void fail(Lookup lookup, Exception why) {
        last.compareAndSet(lookup, null);
        lookup.addresses.completeExceptionally(why);
    }

    /** Forgets the addresses: none of them could be connected to. */
    void forget() {
        Lookup known = last.get();
        if (known != null && known.addresses.isDone()) {
            last.compareAndSet(known, null);
        }
    }

    /** Returns what a stage of {@link #get} failed with. */
    static Throwable cause(Throwable thrown) {
        return thrown instanceof CompletionException && thrown.getCause() != null ? thrown.getCause() : thrown;
    }
}
