package io.sallyport.sandbox.remote;

import io.sallyport.egress.EgressGuard;
import io.sallyport.egress.EgressRefusedException;
import io.sallyport.sandbox.Cancellation;
import io.sallyport.sandbox.remote.RemoteFault.Kind;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.core5.io.CloseMode;
import org.jspecify.annotations.Nullable;

/**
 * Requests to one server, each on a connection of its own. Whoever asks waits no longer than he says, the slowest answer
 * included, and gets no more than he says. Nothing is sent twice, no redirect followed, no proxy used, and each address
 * judged by the {@link EgressGuard}. Thread-safe.
 */
final class RemoteHttp implements AutoCloseable {

    /**
     * An answer.
     *
     * @param status the HTTP status
     * @param body its whole body
     */
    record Reply(int status, byte[] body) {}

    private final URI base;
    private final EgressGuard guard;
    private final CloseableHttpClient client;
    private final ThreadPoolExecutor workers;
    private final Set<RemoteExchange> exchanges = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    /** @param most how many requests there may be at once */
    RemoteHttp(URI base, EgressGuard guard, Duration connectTimeout, int most) {
        this.base = base;
        this.guard = guard;
        this.client = RemoteClient.of(guard, base.getHost(), connectTimeout, most);
        AtomicInteger number = new AtomicInteger();
        this.workers = new ThreadPoolExecutor(0, most, 5, TimeUnit.SECONDS, new SynchronousQueue<>(), action -> {
            Thread thread = new Thread(action, "sallyport-sandbox-remote-" + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        });
    }

    /**
     * Asks, and waits for the answer.
     *
     * @param path follows the path of the server
     * @param json the body; null for none
     * @param mostBytes how much of an answer there may be
     * @param atMost how long all of it may take
     */
    Reply send(
            String method,
            String path,
            Map<String, String> headers,
            @Nullable String json,
            int mostBytes,
            Duration atMost,
            Cancellation cancellation)
            throws RemoteFault, InterruptedException {
        URI uri = URI.create(base + path);
        try {
            guard.check(uri);
        } catch (EgressRefusedException e) {
            throw new RemoteFault(Kind.NOT_SENT, String.valueOf(e.getMessage()));
        }
        HttpUriRequestBase request = new HttpUriRequestBase(method, uri);
        headers.forEach(request::setHeader);
        RemoteExchange exchange = new RemoteExchange(client, request, json, mostBytes);
        exchanges.add(exchange);
        Runnable forget = cancellation.onCancel(() -> exchange.giveUp(Kind.CANCELLED, "nobody wants the answer"));
        try {
            if (closed) {
                throw new RemoteFault(Kind.CLOSED, "closed");
            }
            workers.execute(exchange);
            return exchange.reply().get(Math.max(1, atMost.toNanos()), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            exchange.giveUp(Kind.LATE, "no whole answer within " + atMost.toMillis() + " ms");
            return settled(exchange);
        } catch (InterruptedException e) {
            exchange.giveUp(Kind.CANCELLED, "interrupted");
            throw e;
        } catch (RejectedExecutionException e) {
            throw new RemoteFault(Kind.NOT_SENT, "there are too many requests under way");
        } catch (ExecutionException e) {
            throw fault(e);
        } finally {
            forget.run();
            exchanges.remove(exchange);
        }
    }

    /** It may have been answered at the very moment. */
    private static Reply settled(RemoteExchange exchange) throws RemoteFault, InterruptedException {
        try {
            return exchange.reply().get();
        } catch (ExecutionException e) {
            throw fault(e);
        }
    }

    private static RemoteFault fault(ExecutionException e) {
        return e.getCause() instanceof RemoteFault fault
                ? fault
                : new RemoteFault(Kind.BROKEN, String.valueOf(e.getCause()));
    }

    /** Ends all requests that are under way; there are no new ones. */
    @Override
    public void close() {
        closed = true;
        exchanges.forEach(exchange -> exchange.giveUp(Kind.CLOSED, "closed"));
        workers.shutdownNow();
        client.close(CloseMode.IMMEDIATE);
    }
}
