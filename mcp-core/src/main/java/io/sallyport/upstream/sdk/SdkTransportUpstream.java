package io.sallyport.upstream.sdk;

import static java.util.Objects.requireNonNull;

import io.modelcontextprotocol.json.McpJsonDefaults;
import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.spec.McpClientTransport;
import io.sallyport.upstream.ChannelUpstream;
import io.sallyport.upstream.SessionListener;
import io.sallyport.upstream.SessionSpec;
import io.sallyport.upstream.Upstream;
import io.sallyport.upstream.UpstreamException;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamRuntime;
import io.sallyport.upstream.UpstreamSession;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * An upstream that is reached through a client transport of the official SDK, or one of a host's own. Each client gets a
 * transport of its own. It speaks the legacy era. Thread-safe.
 *
 * <pre>{@code
 * Upstream feed = SdkTransportUpstream.of("feed", () -> new WebSocketTransport("wss://feed.example"));
 * }</pre>
 *
 * <p>For what {@link io.sallyport.upstream.http.HttpUpstream} (HTTP with SSE of revision 2024-11-05 included) and {@code
 * StdioUpstream} reach, these do better. A
 * transport of the SDK:
 *
 * <ul>
 *   <li>connects by itself, past the gateway's egress guard, and with threads of its own. The JDK's HTTP client, which
 *       the SDK's HTTP transports use, ends its threads when it is garbage collected;
 *   <li>reads and writes JSON by itself. Unknown members of {@code params}, {@code result} and {@code error.data} survive;
 *       unknown members of the message itself and of {@code error} do not, nor do the forms of numbers ({@code 1.10}
 *       becomes {@code 1.1}), digits that a {@code double} cannot hold, and white space. Of members of the same name
 *       the last one counts. A message that it cannot read at all ends its stream;
 *   <li>does not tell when its stream has ended. An upstream that is silent is therefore asked for a sign of life, see
 *       {@link #pingAfter}.
 * </ul>
 */
public final class SdkTransportUpstream implements Upstream {

    private static final Duration OPEN_WITHIN = Duration.ofSeconds(20);
    private static final Duration PING_AFTER = Duration.ofSeconds(15);
    private static final Duration CLOSE_WITHIN = Duration.ofSeconds(2);

    private final Function<SessionSpec, ? extends McpClientTransport> transports;
    private final Optional<McpJsonMapper> mapper;
    private final Duration openWithin;
    private final Duration pingAfter;
    private final ChannelUpstream channels;
    private final Set<SdkChannel> live = ConcurrentHashMap.newKeySet();

    private SdkTransportUpstream(
            String name,
            Function<SessionSpec, ? extends McpClientTransport> transports,
            Optional<McpJsonMapper> mapper,
            Duration openWithin,
            Duration pingAfter) {
        this.transports = transports;
        this.mapper = mapper;
        this.openWithin = openWithin;
        this.pingAfter = pingAfter;
        this.channels =
                ChannelUpstream.of(name, this::connect).openWithin(openWithin).pingAfter(pingAfter);
    }

    /**
     * Returns an upstream; see {@link Upstream#name} for its name.
     *
     * @param transports gives a new transport each time
     */
    public static SdkTransportUpstream of(String name, Supplier<? extends McpClientTransport> transports) {
        requireNonNull(transports, "transports");
        return perSession(name, spec -> transports.get());
    }

    /**
     * As {@link #of}, for transports that depend on whom they are for, such as those that carry a credential of their
     * own for each principal.
     */
    public static SdkTransportUpstream perSession(
            String name, Function<SessionSpec, ? extends McpClientTransport> transports) {
        return new SdkTransportUpstream(
                name, requireNonNull(transports, "transports"), Optional.empty(), OPEN_WITHIN, PING_AFTER);
    }

    /**
     * Returns a copy with what writes the transport's messages as JSON. Defaults to {@code McpJsonDefaults.getMapper()}.
     */
    public SdkTransportUpstream jsonMapper(McpJsonMapper jsonMapper) {
        return new SdkTransportUpstream(name(), transports, Optional.of(jsonMapper), openWithin, pingAfter);
    }

    /** Returns a copy with the time allowed for opening a session, {@code initialize} included. Defaults to 20 seconds. */
    public SdkTransportUpstream openWithin(Duration timeout) {
        return new SdkTransportUpstream(name(), transports, mapper, timeout, pingAfter);
    }

    /**
     * Returns a copy with the silence after which an upstream is asked for a sign of life; a session without an answer
     * after the same time again has ended. Defaults to 15 seconds.
     */
    public SdkTransportUpstream pingAfter(Duration silence) {
        return new SdkTransportUpstream(name(), transports, mapper, openWithin, silence);
    }

    private CompletionStage<SdkChannel> connect(
            SessionSpec spec, ChannelUpstream.Inbox inbox, UpstreamRuntime runtime) {
        McpClientTransport transport;
        try {
            transport = transports.apply(spec);
        } catch (RuntimeException e) {
            throw new UpstreamException(
                    UpstreamFailure.notSent(UpstreamFailure.Kind.INTERNAL, "there is no transport: " + e));
        }
        SdkChannel channel =
                new SdkChannel(transport, mapper.orElseGet(McpJsonDefaults::getMapper), inbox, runtime, CLOSE_WITHIN);
        live.add(channel);
        channel.ended().whenComplete((none, never) -> live.remove(channel));
        return channel.connect();
    }

    @Override
    public String name() {
        return channels.name();
    }

    @Override
    public boolean sharesSessions() {
        return false;
    }

    @Override
    public CompletionStage<UpstreamSession> open(SessionSpec spec, SessionListener listener, UpstreamRuntime runtime) {
        return channels.open(spec, listener, runtime);
    }

    /** Ends all sessions; waits up to two seconds for transports that close slowly, then lets go of them. */
    @Override
    public void close() {
        channels.close();
        List<SdkChannel> closing = List.copyOf(live);
        try {
            CompletableFuture.allOf(closing.stream().map(SdkChannel::ended).toArray(CompletableFuture[]::new))
                    .get(CLOSE_WITHIN.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException slow) {
            // Let go of below.
        }
        closing.forEach(SdkChannel::abandon);
    }

    /** Returns the name. */
    @Override
    public String toString() {
        return "SdkTransportUpstream[" + name() + "]";
    }
}
