package io.sallyport.upstream.http;

import io.sallyport.upstream.ChannelUpstream;
import io.sallyport.upstream.SessionListener;
import io.sallyport.upstream.SessionSpec;
import io.sallyport.upstream.Upstream;
import io.sallyport.upstream.UpstreamException;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamFailure.Kind;
import io.sallyport.upstream.UpstreamRuntime;
import io.sallyport.upstream.UpstreamSession;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * An MCP server of the transport that came before Streamable HTTP (revision 2024-11-05, "HTTP with SSE"): one stream on
 * which everything comes, and a place that it names, where messages are posted. Thread-safe.
 */
final class SseUpstream implements Upstream {

    private final HttpSettings settings;
    private final ChannelUpstream channels;
    private final ReentrantLock lock = new ReentrantLock();

    /** Guarded by the lock, as is whether it is closed. */
    private @Nullable HttpEngine engine;

    private boolean closed;

    SseUpstream(HttpSettings settings) {
        this.settings = settings;
        this.channels = ChannelUpstream.of(settings.name(), this::connect);
    }

    private CompletionStage<SseChannel> connect(
            SessionSpec spec, ChannelUpstream.Inbox inbox, UpstreamRuntime runtime) {
        HttpEngine current;
        lock.lock();
        try {
            if (closed) {
                return CompletableFuture.failedFuture(new UpstreamException(
                        UpstreamFailure.notSent(Kind.UNREACHABLE, "the upstream has been closed")));
            }
            if (engine == null) {
                engine = new HttpEngine(settings, runtime);
            }
            current = engine;
        } finally {
            lock.unlock();
        }
        return new SseChannel(new HttpWire(current, runtime.limits()), inbox, runtime.timer()).connect();
    }

    @Override
    public String name() {
        return settings.name();
    }

    @Override
    public Optional<String> secretHost() {
        return Optional.of(settings.secretHost());
    }

    @Override
    public boolean sharesSessions() {
        return false;
    }

    @Override
    public CompletionStage<UpstreamSession> open(SessionSpec spec, SessionListener listener, UpstreamRuntime runtime) {
        return channels.open(spec, listener, runtime);
    }

    @Override
    public void close() {
        channels.close();
        HttpEngine last;
        lock.lock();
        try {
            closed = true;
            last = engine;
            engine = null;
        } finally {
            lock.unlock();
        }
        if (last != null) {
            last.close();
        }
    }

    /** Returns the name and where it is; never a header. */
    @Override
    public String toString() {
        return "SseUpstream[" + settings.name() + ", " + settings.uri().getScheme() + "://"
                + settings.uri().getRawAuthority() + "]";
    }
}
