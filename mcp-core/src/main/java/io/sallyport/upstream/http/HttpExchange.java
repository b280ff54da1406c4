package io.sallyport.upstream.http;

import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamFailure.Kind;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.net.ssl.SSLException;
import org.apache.hc.core5.concurrent.FutureCallback;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpResponse;
import org.apache.hc.core5.http.nio.AsyncClientEndpoint;
import org.apache.hc.core5.http.protocol.HttpCoreContext;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One request and its answer, over as many connections as it takes: usually one.
 *
 * <pre>
 * a place among the connections ─▶ secrets, addresses ─▶ connect, one address after the other ─▶ {@link HttpAttempt}
 *                                                  ▲                                        │
 *                                                  └──── once more, where that is safe ◀────┘
 * </pre>
 */
final class HttpExchange {

    private static final Logger LOGGER = LoggerFactory.getLogger(HttpUpstream.class);

    /** Which places a request takes. */
    enum Lane {
        /** For calls. */
        CALL,
        /** For streams that stay open to listen; they must not take the calls' places. */
        LISTEN,
        /** For answers, cancellations and the like, which must never wait for calls. */
        URGENT
    }

    /**
     * A request to be sent.
     *
     * @param path the path and query that it is for; empty for the upstream's own
     * @param repeatable whether it may be sent again although the upstream may have seen it
     */
    record Spec(
            String method,
            String path,
            List<Header> headers,
            @Nullable ByteBuffer body,
            boolean repeatable,
            Lane lane) {}

    /** Told of what comes back, by one thread at a time; ends with {@link #onEnd} or {@link #onFailure}. */
    interface Listener {

        /** The exchange begins; nothing has been sent. */
        void onStart(HttpExchange exchange);

        /** The answer begins. */
        void onHead(HttpResponse head) throws UnusableAnswerException;

        /** A piece of the answer's body, to be read within the call. */
        void onData(ByteBuffer data) throws UnusableAnswerException;

        /** The answer is complete, and the connection given back. */
        void onEnd();

        /** There is no answer, or no whole one. */
        void onFailure(UpstreamFailure failure);
    }

    private final HttpEngine engine;
    private final Spec spec;
    private final Listener listener;
    private final AtomicBoolean over = new AtomicBoolean();
    private final AtomicBoolean hasPermit = new AtomicBoolean();
    private final List<String> connectFailures = new ArrayList<>(0);

    private volatile @Nullable HttpAttempt attempt;
    private volatile boolean sent;
    private volatile long lingeringSince;
    private volatile boolean lingering;
    private volatile boolean repeated;

    HttpExchange(HttpEngine engine, Spec spec, Listener listener) {
        this.engine = engine;
        this.spec = spec;
        this.listener = listener;
    }

    Spec spec() {
        return spec;
    }

    HttpEngine engine() {
        return engine;
    }

    void begin() {
        listener.onStart(this);
        if (over.get()) {
            return;
        }
        engine.permits(spec.lane()).acquire(new Permits.Waiter() {
            @Override
            public void granted() {
                hasPermit.set(true);
                if (over.get()) {
                    givePermitBack();
                } else {
                    prepare();
                }
            }

            @Override
            public void refused() {
                fail(UpstreamFailure.notSent(Kind.OVERLOADED, engine.describeOverload(spec.lane())));
            }
        });
    }

    private void givePermitBack() {
        if (hasPermit.compareAndSet(true, false)) {
            engine.permits(spec.lane()).release();
        }
    }

    private void prepare() {
        engine.operatorHeaders().whenComplete((headers, thrown) -> {
            if (headers == null) {
                fail(UpstreamFailure.of(thrown));
            } else {
                lookUp(headers);
            }
        });
    }

    private void lookUp(List<Header> operatorHeaders) {
        engine.addresses().whenComplete((addresses, thrown) -> {
            if (addresses == null) {
                fail(HttpFaults.lookUp(engine.host(), PinnedAddresses.cause(thrown)));
            } else {
                connect(addresses, 0, operatorHeaders);
            }
        });
    }

    private void connect(List<InetAddress> addresses, int index, List<Header> operatorHeaders) {
        if (over.get()) {
            return;
        }
        InetAddress address = addresses.get(index);
        engine.connect(address, new FutureCallback<>() {
            @Override
            public void completed(AsyncClientEndpoint endpoint) {
                run(endpoint, address, operatorHeaders);
            }

            @Override
            public void failed(Exception cause) {
                connectFailed(cause);
            }

            @Override
            public void cancelled() {
                connectFailed(new java.io.IOException("cancelled"));
            }

            private void connectFailed(Exception cause) {
                connectFailures.add(HttpFaults.connect(
                        engine.describe(address), cause, engine.settings().connectTimeout()));
                if (index + 1 < addresses.size()) {
                    connect(addresses, index + 1, operatorHeaders);
                } else {
                    engine.forgetAddresses();
                    fail(UpstreamFailure.notSent(Kind.UNREACHABLE, String.join("; ", connectFailures)));
                }
            }
        });
    }

    private void run(AsyncClientEndpoint endpoint, InetAddress address, List<Header> operatorHeaders) {
        HttpAttempt next = new HttpAttempt(this, endpoint, address, operatorHeaders);
        attempt = next;
        if (over.get()) {
            next.giveConnectionBack();
        } else {
            endpoint.execute(next, null, HttpCoreContext.create());
        }
    }

    /** Notes that the request has begun to leave. */
    void markSent() {
        sent = true;
    }

    /** Returns whether the upstream may have seen the request. */
    boolean wasSent() {
        return sent;
    }

    boolean isOver() {
        return over.get();
    }

    void onHead(HttpResponse head) {
        read(() -> listener.onHead(head));
    }

    void onData(ByteBuffer data) {
        read(() -> listener.onData(data));
    }

    /** A step of reading the answer. */
    private interface Step {
        void run() throws UnusableAnswerException;
    }

    private void read(Step step) {
        if (over.get()) {
            return;
        }
        try {
            step.run();
        } catch (UnusableAnswerException e) {
            breakOff(e.failure());
        } catch (RuntimeException | Error e) {
            breakOff(fault(e));
        }
    }

    /** Whatever it is: it must not end the thread, for the connections of other calls depend on it. */
    private static UpstreamFailure fault(Throwable thrown) {
        LOGGER.atError().setCause(thrown).log("reading an answer failed");
        return UpstreamFailure.maybeExecuted(Kind.INTERNAL, thrown.toString());
    }

    /** The answer is complete. */
    void onEnd(HttpAttempt ended) {
        if (finish()) {
            // Before the answer is handed on: whoever gets it may at once send the next request.
            ended.giveConnectionBack();
            try {
                listener.onEnd();
            } catch (RuntimeException | Error e) {
                listener.onFailure(fault(e));
            }
        }
    }

    /** The connection failed. */
    void onFailure(HttpAttempt failed, Exception cause) {
        failed.dropConnection();
        if (over.get()) {
            return;
        }
        Optional<String> refusal = engine.refusal(failed.address());
        if (refusal.isPresent()) {
            fail(UpstreamFailure.notSent(Kind.UNREACHABLE, refusal.get()));
            return;
        }
        boolean mayRepeat = !(cause instanceof SSLException)
                && !failed.hasBegunAnswer()
                && (!failed.hasBegunRequest() || spec.repeatable());
        if (mayRepeat && !repeated) {
            repeated = true;
            // What broke one idle connection has most likely broken its neighbours.
            engine.dropIdleConnections();
            prepare();
            return;
        }
        fail(HttpFaults.exchange(engine.settings(), cause, failed));
    }

    /** Gives the exchange up: the connection is closed and the listener hears no more. */
    void abort() {
        if (finish()) {
            dropConnection();
        }
    }

    /** As {@link #abort}, but the listener is told why. */
    void breakOff(UpstreamFailure failure) {
        if (finish()) {
            dropConnection();
            listener.onFailure(failure);
        }
    }

    private void fail(UpstreamFailure failure) {
        breakOff(failure);
    }

    private void dropConnection() {
        HttpAttempt current = attempt;
        if (current != null) {
            current.dropConnection();
        }
    }

    private boolean finish() {
        if (!over.compareAndSet(false, true)) {
            return false;
        }
        engine.forget(this);
        givePermitBack();
        return true;
    }

    /**
     * Nothing more is wanted of the answer, which should end by itself at once; then the connection can be used again.
     * If it does not, it is closed.
     */
    void linger() {
        lingeringSince = engine.now();
        lingering = true;
    }

    /** Gives the exchange up if its answer has not ended although it should have. */
    void stopLingering(long now, long patience) {
        if (lingering && now - lingeringSince > patience) {
            abort();
        }
    }
}
