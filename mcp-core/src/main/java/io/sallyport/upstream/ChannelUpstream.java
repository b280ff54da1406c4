package io.sallyport.upstream;

import static java.util.Objects.requireNonNull;

import io.sallyport.protocol.Message;
import io.sallyport.protocol.RequestId;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;

/**
 * An upstream behind a transport of the host's own, such as a web socket: the host brings messages there and back, and
 * all that is protocol is done here. It speaks the legacy era; each client has a session, and with it a channel, of its
 * own. Thread-safe.
 *
 * <pre>{@code
 * Upstream feed = ChannelUpstream.of("feed", (spec, inbox, runtime) -> openWebSocket(inbox));
 * }</pre>
 *
 * <p>What such a transport connects to does not pass through the gateway's egress guard.
 */
public final class ChannelUpstream implements Upstream {

    private static final Duration OPEN_WITHIN = Duration.ofSeconds(20);
    private static final Duration PING_AFTER = Duration.ofSeconds(15);

    /** Opens channels. */
    @FunctionalInterface
    public interface Connector {
        /**
         * Opens a channel. Called on the gateway's executor, where it may block.
         *
         * @param spec whom the session is for that the channel will carry
         * @param inbox takes what the upstream sends, from now on
         * @param runtime the gateway's threads, timers and limits
         * @return the open channel, or an {@link UpstreamException}; what else it fails with counts as {@link
         *     UpstreamFailure.Kind#UNREACHABLE}. Cancelled if it takes too long; a channel that comes nevertheless is
         *     closed
         */
        CompletionStage<? extends MessageChannel> connect(SessionSpec spec, Inbox inbox, UpstreamRuntime runtime)
                throws Exception;
    }

    /**
     * Takes what comes out of a channel. Thread-safe; does not block. Messages are handled in the order in which they
     * are handed in.
     */
    public interface Inbox {

        /** The upstream sent a message. */
        void received(Message message);

        /**
         * A request that was taken to be sent was not, or its answer is unusable. A {@link
         * UpstreamFailure.Kind#SESSION_LOST} ends the session; after anything else it looks for a sign of life.
         */
        void failed(RequestId id, UpstreamFailure why);

        /** Something went wrong that may have ended the channel: looks for a sign of life. */
        void doubt();

        /** The channel has ended by itself. */
        void lost(UpstreamFailure why);
    }

    private final String name;
    private final Connector connector;
    private final Duration openWithin;
    private final Duration pingAfter;
    private final Set<ChannelSession> open = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    private ChannelUpstream(String name, Connector connector, Duration openWithin, Duration pingAfter) {
        this.name = name;
        this.connector = connector;
        this.openWithin = openWithin;
        this.pingAfter = pingAfter;
    }

    /** Returns an upstream; see {@link Upstream#name} for its name. */
    public static ChannelUpstream of(String name, Connector connector) {
        return new ChannelUpstream(
                Upstream.requireValidName(name), requireNonNull(connector, "connector"), OPEN_WITHIN, PING_AFTER);
    }

    /** Returns a copy with the time allowed for opening a session, {@code initialize} included. Defaults to 20 seconds. */
    public ChannelUpstream openWithin(Duration timeout) {
        return new ChannelUpstream(name, connector, requirePositive("openWithin", timeout), pingAfter);
    }

    /**
     * Returns a copy with the silence after which an upstream is asked for a sign of life, because some transports do
     * not notice that the other side has gone. A session without an answer after the same time again has ended.
     * Defaults to 15 seconds.
     */
    public ChannelUpstream pingAfter(Duration silence) {
        return new ChannelUpstream(name, connector, openWithin, requirePositive("pingAfter", silence));
    }

    private static Duration requirePositive(String setting, Duration value) {
        if (value.isNegative() || value.isZero()) {
            throw new IllegalArgumentException(setting + " must be positive, but was " + value);
        }
        return value;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public boolean sharesSessions() {
        return false;
    }

    @Override
    public CompletionStage<UpstreamSession> open(SessionSpec spec, SessionListener listener, UpstreamRuntime runtime) {
        ChannelSession session = new ChannelSession(name, listener, runtime, pingAfter, open::remove);
        open.add(session);
        CompletionStage<UpstreamSession> opening = session.open(connector, spec, openWithin);
        if (closed) {
            session.end();
        }
        return opening;
    }

    @Override
    public void close() {
        closed = true;
        open.forEach(ChannelSession::end);
    }

    /** Returns the name. */
    @Override
    public String toString() {
        return "ChannelUpstream[" + name + "]";
    }
}
