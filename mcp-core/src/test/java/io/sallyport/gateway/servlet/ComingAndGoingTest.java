package io.sallyport.gateway.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.gateway.Endpoint;
import io.sallyport.gateway.McpGateway;
import io.sallyport.gateway.internal.Inside;
import io.sallyport.protocol.Era;
import io.sallyport.spi.Authentication;
import io.sallyport.spi.Principal;
import io.sallyport.spi.SessionStore;
import io.sallyport.testing.Incident;
import io.sallyport.testing.JettyContainer;
import io.sallyport.testing.LiveObjects;
import io.sallyport.testing.McpHttp;
import io.sallyport.upstream.http.HttpUpstream;
import io.sallyport.upstream.local.LocalServer;
import io.sallyport.upstream.local.Resource;
import io.sallyport.upstream.local.ResourceContents;
import io.sallyport.upstream.local.Tool;
import io.sallyport.upstream.local.ToolResult;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** What clients leave behind that come and go, in whatever way they go: nothing. */
@EnabledOnOs(OS.LINUX)
class ComingAndGoingTest {

    private static final boolean FULL = "full".equals(System.getProperty("sallyport.proof"));
    private static final int CYCLES = FULL ? 10_000 : 100;

    private static final List<String> USERS = List.of("ann", "ben", "cyd", "dan", "eve", "flo", "gus");
    private static final List<String> UPSTREAMS = List.of("near", "modern", "legacy");
    private static final int SESSIONS_PER_USER = 4;
    private static final Duration IDLE = Duration.ofMinutes(30);
    private static final String LARGE = "x".repeat(1024 * 1024);

    /** A way to come and go. */
    private interface Way {
        void go(String user, String upstream) throws IOException;
    }

    private final List<Way> ways = List.of(
            this::answersAndDeletesItsSession,
            this::leavesItsSessionAndStream,
            this::deletesItsSessionInTheMiddleOfACall,
            this::losesItsConnectionInTheMiddleOfACall,
            this::comesBackForTheRestOfACall,
            this::losesItsConnectionInTheMiddleOfABody,
            this::leavesALargeAnswerUnread,
            this::asksWithoutASession,
            this::losesItsConnectionInTheMiddleOfAModernCall,
            this::listensAndVanishes,
            this::losesItsConnectionInTheMiddleOfAHead);

    private final CountDownLatch never = new CountDownLatch(1);
    private final AtomicReference<Instant> now = new AtomicReference<>(Instant.EPOCH);
    private final ExecutorService threads = Executors.newCachedThreadPool(task -> new Thread(task, "host"));
    private final JettyContainer container = new JettyContainer();
    private final JettyContainer farContainer = new JettyContainer();
    private McpGateway gateway;
    private McpGateway far;
    private int port;

    @BeforeEach
    void start() throws Exception {
        far = McpGateway.builder()
                .upstream(server("far").build())
                .endpoint(Endpoint.at("/mcp").transparent())
                .allowAnonymous()
                .sessionBounds(new SessionStore.Bounds(IDLE, IDLE, 1_000, 1_000))
                .maxStreamsPerPrincipal(1_000)
                .idleHeartbeat(Duration.ofMillis(50))
                .callDeadline(Duration.ofSeconds(4))
                .executor(threads)
                .build();
        far.start().get(10, TimeUnit.SECONDS);
        URI farUri = URI.create("http://127.0.0.1:" + farContainer.start(new McpServlet(far), "/mcp") + "/mcp");
        gateway = McpGateway.builder()
                .upstream(server("near")
                        .resource(Resource.at("test://near")
                                .reader((uri, call) -> ResourceContents.text(uri, "text/plain", "near")))
                        .build())
                .upstream(http("modern", farUri, Era.MODERN))
                .upstream(http("legacy", farUri, Era.LEGACY))
                .authenticator(head -> head.single("X-User")
                        .map(user -> Authentication.accepted(new Principal("test", "client", user, "default")))
                        .orElseThrow())
                // What has ended is remembered too, as many as there may be in all; the first cycles fill that up.
                .sessionStore(SessionStore.inMemory(
                        new SessionStore.Bounds(IDLE, IDLE.multipliedBy(16), SESSIONS_PER_USER, 50), now::get))
                .idleHeartbeat(Duration.ofMillis(50))
                .callDeadline(Duration.ofSeconds(4))
                .upstreamSessionIdle(Duration.ofMillis(500))
                .executor(threads)
                .build();
        gateway.start().get(10, TimeUnit.SECONDS);
        port = container.start(new McpServlet(gateway), "/mcp");
    }

    private LocalServer.Builder server(String name) {
        return LocalServer.named(name)
                .tool(Tool.named("echo").handler(call -> ToolResult.text("echoed")))
                .tool(Tool.named("large").handler(call -> ToolResult.text(LARGE)))
                .tool(Tool.named("slow").handler(call -> {
                    call.progress(1, 2, "begun");
                    never.await();
                    return ToolResult.text("never");
                }));
    }

    private static HttpUpstream http(String name, URI uri, Era era) {
        return HttpUpstream.at(name, uri)
                .era(era)
                .idleConnectionTimeout(Duration.ofSeconds(1))
                .maxConnections(200)
                .build();
    }

    @AfterEach
    void stop() throws Exception {
        gateway.close();
        container.stop();
        far.close();
        farContainer.stop();
        threads.shutdownNow();
    }

    @Test
    @Incident("S93")
    @Incident("S177")
    @Incident("S201")
    void clientsThatComeAndGoLeaveNothing() throws Exception {
        // Each way with each user and each upstream once, so that all that is kept, up to its bound, is kept by then.
        cycles(ways.size() * USERS.size() * UPSTREAMS.size());
        LiveObjects before = LiveObjects.settled(this::nothingIsUnderWay);
        long begun = System.nanoTime();

        // When
        cycles(CYCLES);

        LiveObjects after = before.awaitReturn(this::nothingIsUnderWay);
        System.out.printf(
                "%d clients came and went in %d ms: %s%n",
                CYCLES, Duration.ofNanos(System.nanoTime() - begun).toMillis(), after.comparedWith(before));
    }

    private boolean nothingIsUnderWay() {
        // One session is the gateway's own; those that it opened for users are closed when they are idle.
        return far.sessions().statistics().live() == 1
                && List.of(gateway, far).stream()
                        .allMatch(each -> each.unwrap(Inside.class).engine().callsInFlight() == 0);
    }

    private void cycles(int count) throws IOException {
        for (int i = 0; i < count; i++) {
            String user = USERS.get(i % USERS.size());
            String upstream = UPSTREAMS.get(i % UPSTREAMS.size());
            ways.get(i % ways.size()).go(user, upstream);
            // Some sessions expire, others have to make room before.
            now.set(now.get().plus(IDLE.dividedBy(50)));
        }
        now.set(now.get().plus(IDLE));
        for (String user : USERS) {
            for (int i = 0; i < SESSIONS_PER_USER; i++) {
                request(user, initialize(user), 1, "tools/list", "{}").readAll();
            }
        }
    }

    private void answersAndDeletesItsSession(String user, String upstream) throws IOException {
        String session = initialize(user);
        RawClient stream = listen(user, session);
        assertThat(call(user, session, upstream, "echo").readAll()).contains("echoed");
        delete(user, session);
        stream.readAll();
        stream.close();
    }

    private void leavesItsSessionAndStream(String user, String upstream) throws IOException {
        String session = initialize(user);
        RawClient stream = listen(user, session);
        assertThat(call(user, session, upstream, "echo").readAll()).contains("echoed");
        request(user, session, 3, "resources/subscribe", "{\"uri\":\"test://near\"}")
                .readAll();
        stream.reset();
    }

    private void deletesItsSessionInTheMiddleOfACall(String user, String upstream) throws IOException {
        String session = initialize(user);
        RawClient call = call(user, session, upstream, "slow");
        call.readUntil("begun");
        delete(user, session);
        call.readAll();
    }

    private void losesItsConnectionInTheMiddleOfACall(String user, String upstream) throws IOException {
        String session = initialize(user);
        RawClient call = call(user, session, upstream, "slow");
        call.readUntil("begun");
        call.reset();
    }

    private void comesBackForTheRestOfACall(String user, String upstream) throws IOException {
        String session = initialize(user);
        RawClient call = call(user, session, upstream, "slow");
        call.readUntil("begun");
        call.close();
        RawClient again = send(
                user,
                "GET",
                "",
                McpHttp.legacyHeaders(session, "Last-Event-ID", call.lastEvent().replaceAll("_\\d+$", "_0")));
        again.readUntil("begun");
        again.close();
        delete(user, session);
    }

    private void losesItsConnectionInTheMiddleOfABody(String user, String upstream) throws IOException {
        String session = initialize(user);
        RawClient client = new RawClient(port);
        client.write(RawClient.head("POST", 1_000, as(user, McpHttp.legacyHeaders(session)))
                + "{\"jsonrpc\":\"2.0\",\"id\":1,");
        client.close();
    }

    private void leavesALargeAnswerUnread(String user, String upstream) throws IOException {
        String session = initialize(user);
        RawClient call = call(user, session, upstream, "large");
        call.readUntil("xxxx");
        call.reset();
        delete(user, session);
    }

    private void asksWithoutASession(String user, String upstream) throws IOException {
        assertThat(modern(user, "tools/call", tool(upstream, "echo")).readAll()).contains("echoed");
    }

    private void losesItsConnectionInTheMiddleOfAModernCall(String user, String upstream) throws IOException {
        RawClient call = modern(user, "tools/call", tool(upstream, "slow"));
        call.readUntil("begun");
        call.close();
    }

    private void listensAndVanishes(String user, String upstream) throws IOException {
        RawClient stream = modern(
                user,
                "subscriptions/listen",
                "{\"notifications\":{\"toolsListChanged\":true,\"resourceSubscriptions\":[\"test://near\"]}}");
        stream.readUntil("acknowledged");
        stream.close();
    }

    private void losesItsConnectionInTheMiddleOfAHead(String user, String upstream) throws IOException {
        RawClient client = new RawClient(port);
        client.write("POST /mcp HTTP/1.1\r\nHost: local");
        client.close();
    }

    private String initialize(String user) throws IOException {
        return RawClient.initialize(port, "{}", "X-User", user);
    }

    private RawClient listen(String user, String session) throws IOException {
        RawClient stream = send(user, "GET", "", McpHttp.legacyHeaders(session));
        stream.readUntil("retry: ");
        return stream;
    }

    private void delete(String user, String session) throws IOException {
        assertThat(send(user, "DELETE", "", McpHttp.legacyHeaders(session)).readAll())
                .startsWith("HTTP/1.1 200");
    }

    private RawClient call(String user, String session, String upstream, String tool) throws IOException {
        return request(user, session, 2, "tools/call", tool(upstream, tool));
    }

    private static String tool(String upstream, String tool) {
        return "{\"name\":\"" + upstream + "__" + tool + "\",\"arguments\":{},\"_meta\":{\"progressToken\":\"p\"}}";
    }

    private RawClient request(String user, String session, int id, String method, String params) throws IOException {
        return send(user, "POST", McpHttp.legacyBody(id, method, params), McpHttp.legacyHeaders(session));
    }

    private RawClient modern(String user, String method, String params) throws IOException {
        String plain = params.replace(",\"_meta\":{\"progressToken\":\"p\"}", "");
        return send(user, "POST", McpHttp.modernBody(method, plain, "{}"), McpHttp.modernHeaders(method, plain));
    }

    private RawClient send(String user, String method, String body, String... headers) throws IOException {
        return RawClient.send(port, method, body, as(user, headers));
    }

    private static String[] as(String user, String... headers) {
        return Stream.concat(Stream.of("X-User", user), Stream.of(headers)).toArray(String[]::new);
    }
}
