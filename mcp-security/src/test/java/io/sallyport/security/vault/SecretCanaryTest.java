package io.sallyport.security.vault;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.sallyport.gateway.McpGateway;
import io.sallyport.gateway.servlet.McpServlet;
import io.sallyport.protocol.Json;
import io.sallyport.security.vault.SecretPolicy.Position;
import io.sallyport.spi.AuditEvent;
import io.sallyport.spi.SecretReference;
import io.sallyport.spi.SecretResolver;
import io.sallyport.testing.CapturedLog;
import io.sallyport.testing.McpHttp;
import io.sallyport.upstream.http.FakeHttpServer;
import io.sallyport.upstream.http.HttpUpstream;
import io.sallyport.upstream.http.McpScript;
import java.net.URI;
import java.net.URLEncoder;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.json.JsonMapper;

/** A gateway with a secret in its vault and an upstream that tells all that it is sent to everybody. */
class SecretCanaryTest {

    private static final String CANARY = "canary/7f3a91 +<ok>";
    private static final String ECHO = "{\"name\":\"weather__echo\",\"arguments\":{\"text\":\"hello\"}}";

    private final Deque<AutoCloseable> open = new ArrayDeque<>();
    private final List<AuditEvent> audit = new CopyOnWriteArrayList<>();
    private final VaultRedactor redactor = VaultRedactor.create();

    @AfterEach
    void close() throws Exception {
        while (!open.isEmpty()) {
            open.pop().close();
        }
    }

    /** Everything that we log, and what carries our requests, down to the last detail. */
    private List<CapturedLog> everythingLogged() {
        List<CapturedLog> logs = new ArrayList<>();
        for (String name : List.of("io.sallyport", "org.apache")) {
            Logger logger = (Logger) LoggerFactory.getLogger(name);
            Level usual = logger.getLevel();
            logger.setLevel(Level.TRACE);
            open.push(() -> logger.setLevel(usual));
            CapturedLog log = CapturedLog.of(name);
            open.push(log);
            logs.add(log);
        }
        return logs;
    }

    private FakeHttpServer server(FakeHttpServer.Handler call) throws Exception {
        FakeHttpServer server = new FakeHttpServer(McpScript.modern()
                .on(
                        "tools/list",
                        exchange -> exchange.result(
                                "{\"resultType\":\"complete\",\"tools\":[{\"name\":\"echo\",\"description\":"
                                        + Json.quote("sent " + exchange.header("Authorization"))
                                        + ",\"inputSchema\":{\"type\":\"object\"}}]}"))
                .on("tools/call", call));
        open.push(server);
        return server;
    }

    private McpHttp gateway(URI upstream, String allowedHost) throws Exception {
        SecretPolicy policy = SecretPolicy.builder()
                .upstreams("weather")
                .hosts(allowedHost)
                .positions(Position.HEADER)
                .build();
        SecretSource source =
                (tenant, name) -> Optional.of(new SecretSource.Secret(policy, SecretValue.of(CANARY.toCharArray())));
        McpGateway gateway = McpGateway.builder()
                .allowAnonymous()
                .auditSink(audit::add)
                .secretResolver(new VaultSecretResolver(
                        source,
                        redactor,
                        new VaultAudit("gateway", audit::add, InstantSource.system()),
                        use -> {},
                        InstantSource.system()))
                .redactor(redactor)
                .upstream(HttpUpstream.at("weather", upstream)
                        .header("Authorization", "Bearer secret://acme/weather")
                        .build())
                .build();
        open.push(gateway);
        gateway.start().get(10, TimeUnit.SECONDS);
        Server jetty = new Server();
        ServerConnector connector = new ServerConnector(jetty);
        connector.setHost("127.0.0.1");
        jetty.addConnector(connector);
        ServletContextHandler context = new ServletContextHandler("/");
        ServletHolder holder = new ServletHolder(new McpServlet(gateway));
        holder.setAsyncSupported(true);
        context.addServlet(holder, "/mcp");
        jetty.setHandler(context);
        jetty.start();
        open.push(jetty::stop);
        return new McpHttp(URI.create("http://127.0.0.1:" + connector.getLocalPort() + "/mcp"));
    }

    private static String told(FakeHttpServer.Exchange exchange) {
        String sent = exchange.header("Authorization");
        byte[] bytes = sent.getBytes(UTF_8);
        return String.join(
                " | ",
                sent,
                Base64.getEncoder().encodeToString(bytes),
                HexFormat.of().formatHex(bytes),
                URLEncoder.encode(sent, UTF_8),
                Json.quote(sent));
    }

    private static void assertHoldsNoCanary(String text) {
        byte[] canary = CANARY.getBytes(UTF_8);
        String inner = Base64.getEncoder().encodeToString(("Bearer " + CANARY).getBytes(UTF_8));
        assertThat(text)
                .doesNotContain("7f3a91")
                .doesNotContain(HexFormat.of().formatHex(canary))
                .doesNotContain(inner.substring(inner.length() / 2, inner.length() - 4));
    }

    @Test
    void theUpstreamGetsTheValueAndTheClientSeesItInNoAnswer() throws Exception {
        FakeHttpServer server = server(
                exchange -> exchange.result("{\"resultType\":\"complete\",\"content\":[{\"type\":\"text\",\"text\":"
                        + Json.quote(told(exchange)) + "}]}"));
        McpHttp client = gateway(server.uri(), "127.0.0.1:" + server.port());

        McpHttp.Answer answer = client.modern("tools/call", ECHO);

        assertThat(server.received("tools/call").get(0).header("Authorization")).isEqualTo("Bearer " + CANARY);
        assertThat(answer.result().toJson()).contains("Bearer ***");
        assertHoldsNoCanary(answer.body());
    }

    @Test
    void theClientSeesItInNoList() throws Exception {
        FakeHttpServer server = server(exchange -> exchange.result("{}"));
        McpHttp client = gateway(server.uri(), "127.0.0.1:" + server.port());

        McpHttp.Answer list = client.modern("tools/list", "{}");

        assertThat(list.body()).contains("sent Bearer ***");
        assertHoldsNoCanary(list.body());
    }

    @Test
    void theClientSeesItInNoErrorAndNoNotification() throws Exception {
        FakeHttpServer server = server(exchange -> {
            exchange.events();
            exchange.event(
                    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{\"level\":\"error\",\"data\":"
                            + Json.quote(told(exchange)) + "}}");
            exchange.event(
                    "{\"jsonrpc\":\"2.0\",\"id\":" + exchange.request().id() + ",\"error\":{\"code\":-1,\"message\":"
                            + Json.quote(told(exchange)) + ",\"data\":[" + Json.quote(told(exchange)) + "]}}");
        });
        McpHttp client = gateway(server.uri(), "127.0.0.1:" + server.port());

        McpHttp.Answer answer = client.modern("tools/call", ECHO);

        assertThat(answer.messages()).hasSize(2);
        assertThat(answer.body()).contains("Bearer ***");
        assertHoldsNoCanary(answer.body());
    }

    @Test
    void itIsInNoLogLineAndNoAuditEvent() throws Exception {
        List<CapturedLog> logs = everythingLogged();
        FakeHttpServer server = server(exchange -> exchange.answer(500, "text/plain", told(exchange), "X: " + CANARY));
        McpHttp client = gateway(server.uri(), "127.0.0.1:" + server.port());

        McpHttp.Answer answer = client.modern("tools/call", ECHO);

        assertThat(answer.body()).contains("\"error\"");
        List<String> lines = logs.stream().flatMap(log -> log.lines().stream()).toList();
        assertThat(lines).anyMatch(line -> line.contains("a call failed"));
        assertHoldsNoCanary(String.join("\n", lines));
        assertThat(audit).extracting(AuditEvent::action).contains("secret/use", "tools/call");
        for (AuditEvent event : audit) {
            assertHoldsNoCanary(event + " " + event.target() + event.reason() + event.details());
        }
    }

    @Test
    void aSecretThatIsBoundToOneHostNeverReachesAnother() throws Exception {
        FakeHttpServer server = server(exchange -> exchange.result("{}"));
        McpHttp client = gateway(server.uri(), "weather.example");

        McpHttp.Answer answer = client.modern("tools/call", ECHO);

        assertThat(answer.body()).contains("Unknown tool");
        assertThat(server.connectionsAccepted()).isZero();
        assertThat(audit)
                .filteredOn(event -> event.action().equals("secret/use"))
                .isNotEmpty()
                .allMatch(event -> event.reason().equals("host_not_allowed"));
    }

    @Test
    void aSecretDoesNotFollowARedirectToAnotherHost() throws Exception {
        FakeHttpServer other = server(exchange -> exchange.result("{}"));
        FakeHttpServer server =
                new FakeHttpServer(exchange -> exchange.answer(307, null, "", "Location: " + other.uri("localhost")));
        open.push(server);

        gateway(server.uri(), "127.0.0.1:" + server.port());

        assertThat(server.received().get(0).header("Authorization")).isEqualTo("Bearer " + CANARY);
        assertThat(other.connectionsAccepted()).isZero();
    }

    @Test
    void aReferenceOfAClientStaysText() throws Exception {
        FakeHttpServer server = server(exchange -> exchange.result("{\"resultType\":\"complete\",\"content\":[]}"));
        McpHttp client = gateway(server.uri(), "127.0.0.1:" + server.port());

        client.modern("tools/call", ECHO.replace("hello", "secret://acme/other"), "X-Any", "secret://acme/other");

        assertThat(server.received("tools/call").get(0).text()).contains("\"text\":\"secret://acme/other\"");
        // The one of the operator's header.
        assertThat(audit)
                .filteredOn(event -> event.action().equals("secret/use"))
                .extracting(AuditEvent::target)
                .containsOnly(Optional.of("acme/weather"));
    }

    @Test
    void noTypeOfOursShowsIt() {
        SecretValue value = SecretValue.of(CANARY.toCharArray());
        SecretSource.Secret secret = new SecretSource.Secret(SecretPolicy.nowhere(), value);
        redactor.register(SecretReference.parse("secret://acme/weather"), CANARY.toCharArray());
        SecretResolver resolver = new VaultSecretResolver(
                (tenant, name) -> Optional.of(secret),
                redactor,
                new VaultAudit("gateway", audit::add, InstantSource.system()),
                use -> {},
                InstantSource.system());

        for (Object it : List.of(value, secret, redactor, redactor.stream(), resolver, SecretPolicy.nowhere())) {
            assertHoldsNoCanary(it.toString());
            assertHoldsNoCanary(String.format("%s", it));
            assertHoldsNoCanary(jacksonsView(it));
        }
    }

    private static String jacksonsView(Object it) {
        try {
            return JsonMapper.builder().build().writeValueAsString(it);
        } catch (RuntimeException e) {
            return e.toString();
        }
    }

    @Test
    void noExceptionShowsIt() {
        SecretValue closed = SecretValue.of(CANARY.toCharArray());
        closed.close();

        assertHoldsNoCanary(String.valueOf(catchThrowable(closed::characters)));
        assertHoldsNoCanary(String.valueOf(catchThrowable(
                () -> SecretValue.of(new byte[] {'c', 'a', 'n', 'a', 'r', 'y', (byte) 0xFF})
                        .characters())));
    }
}
