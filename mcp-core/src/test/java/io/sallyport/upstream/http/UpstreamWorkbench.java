package io.sallyport.upstream.http;

import io.sallyport.protocol.Era;
import io.sallyport.protocol.Json;
import io.sallyport.protocol.MessageLimits;
import io.sallyport.protocol.MetaKeys;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.ProtocolVersion;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.RequestId;
import io.sallyport.protocol.Response;
import io.sallyport.spi.Principal;
import io.sallyport.spi.Redactor;
import io.sallyport.spi.Sealer;
import io.sallyport.spi.SecretResolver;
import io.sallyport.upstream.CallSpec;
import io.sallyport.upstream.SessionListener;
import io.sallyport.upstream.SessionSpec;
import io.sallyport.upstream.Upstream;
import io.sallyport.upstream.UpstreamException;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamRuntime;
import io.sallyport.upstream.UpstreamSession;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/** What a gateway lends to an upstream, and short ways to use one. */
final class UpstreamWorkbench implements AutoCloseable {

    /** Remembers what a session says outside calls. */
    static final class Outside implements SessionListener {

        final List<String> notifications = new CopyOnWriteArrayList<>();
        final List<UpstreamFailure> ends = new CopyOnWriteArrayList<>();
        volatile int renewals;
        volatile Consumer<Consumer<Response>> onRequest = answer -> {};

        @Override
        public void onNotification(Notification notification) {
            notifications.add(notification.toJson());
        }

        @Override
        public void onRequest(Request request, Consumer<Response> answer) {
            notifications.add(request.toJson());
            onRequest.accept(answer);
        }

        @Override
        @SuppressWarnings("NonAtomicOperationOnVolatileField")
        public void onRenewed() {
            renewals++;
        }

        @Override
        public void onEnd(UpstreamFailure why) {
            ends.add(why);
        }
    }

    final ExecutorService executor = Executors.newCachedThreadPool();
    final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    final Outside outside = new Outside();
    private final List<Upstream> upstreams = new CopyOnWriteArrayList<>();
    private MessageLimits limits = MessageLimits.forUpstreams();
    private SecretResolver secrets = SecretResolver.none();

    UpstreamWorkbench withLimits(MessageLimits other) {
        limits = other;
        return this;
    }

    UpstreamWorkbench withSecrets(SecretResolver resolver) {
        secrets = resolver;
        return this;
    }

    UpstreamRuntime runtime() {
        return new UpstreamRuntime(executor, timer, limits, Sealer.ephemeral(), secrets, Redactor.none());
    }

    static SessionSpec spec(Era preferred) {
        return new SessionSpec(
                Principal.anonymous(), preferred, "{\"roots\":{}}", "{\"name\":\"a client\",\"version\":\"1\"}");
    }

    static CallSpec callSpec() {
        return new CallSpec(Principal.anonymous(), "correlation", CallSpec.NO_HEADERS);
    }

    HttpUpstream upstream(FakeHttpServer server) {
        return upstream(server, builder -> builder);
    }

    HttpUpstream upstream(FakeHttpServer server, UnaryOperator<HttpUpstream.Builder> settings) {
        return keep(settings.apply(HttpUpstream.at("fake", server.uri())).build());
    }

    <T extends Upstream> T keep(T upstream) {
        upstreams.add(upstream);
        return upstream;
    }

    UpstreamSession open(Upstream upstream, Era preferred) throws Exception {
        try {
            return upstream.open(spec(preferred), outside, runtime())
                    .toCompletableFuture()
                    .get(10, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw (Exception) e.getCause();
        }
    }

    UpstreamSession modern(FakeHttpServer server) throws Exception {
        return open(upstream(server), Era.MODERN);
    }

    UpstreamSession legacy(FakeHttpServer server) throws Exception {
        return open(upstream(server), Era.LEGACY);
    }

    /** Returns why no session could be opened. */
    UpstreamFailure failureToOpen(Upstream upstream, Era preferred) throws Exception {
        try {
            open(upstream, preferred);
        } catch (UpstreamException e) {
            return e.failure();
        }
        throw new AssertionError("a session was opened");
    }

    static RecordingCall call(UpstreamSession session, Request request) {
        RecordingCall call = new RecordingCall();
        session.call(request, callSpec(), call);
        return call;
    }

    /** A call of the tool {@code echo} as a client of the session's era makes it. */
    static Request toolCall(UpstreamSession session, String idToken) {
        return toolCall(session.era(), idToken, "");
    }

    static Request toolCall(Era era, String idToken, String moreMeta) {
        String meta = era == Era.LEGACY
                ? (moreMeta.isEmpty() ? "" : ",\"_meta\":{" + moreMeta + "}")
                : ",\"_meta\":{" + modernMeta() + (moreMeta.isEmpty() ? "" : "," + moreMeta) + "}";
        return (Request) io.sallyport.protocol.Message.of("{\"jsonrpc\":\"2.0\",\"id\":" + idToken
                + ",\"method\":\"tools/call\",\"params\":{\"name\":\"echo\",\"arguments\":{\"text\":\"hello\"}" + meta
                + "}}");
    }

    static Request list(UpstreamSession session, String idToken) {
        Map<String, Object> params = new LinkedHashMap<>();
        if (session.era() == Era.MODERN) {
            params.put("_meta", io.sallyport.protocol.JsonValue.trusted("{" + modernMeta() + "}"));
        }
        return Request.of(new RequestId(idToken), "tools/list", params);
    }

    private static String modernMeta() {
        return Json.quote(MetaKeys.PROTOCOL_VERSION) + ":" + Json.quote(ProtocolVersion.V2026_07_28) + ","
                + Json.quote(MetaKeys.CLIENT_CAPABILITIES) + ":{}";
    }

    /** Waits for something that happens on another thread and that nothing tells of. */
    static void await(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("waited in vain for: " + what);
            }
            LockSupport.parkNanos(Duration.ofMillis(2).toNanos());
        }
    }

    @Override
    public void close() {
        upstreams.forEach(Upstream::close);
        executor.shutdownNow();
        timer.shutdownNow();
    }
}
