package io.sallyport.gateway.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.architecture.Pages;
import io.sallyport.gateway.McpGateway;
import io.sallyport.health.HealthPart;
import io.sallyport.protocol.JsonValue;
import io.sallyport.spi.AuditEvent;
import io.sallyport.spi.Authentication;
import io.sallyport.spi.Principal;
import io.sallyport.testing.Incident;
import io.sallyport.testing.JettyContainer;
import io.sallyport.testing.McpHttp;
import io.sallyport.testing.Waiting;
import io.sallyport.upstream.http.HttpUpstream;
import io.sallyport.upstream.local.LocalServer;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Incident("S47")
@Incident("S207")
class HealthServletTest {

    private static final String OLGA = "olga";

    private final List<String> resets = new CopyOnWriteArrayList<>();
    private final List<AuditEvent> events = new CopyOnWriteArrayList<>();
    private volatile boolean areValvesWell = true;
    private volatile boolean areValvesMute;
    private McpGateway gateway;
    private final JettyContainer container = new JettyContainer();
    private int port;

    private final class Valves implements HealthPart {

        @Override
        public String name() {
            return "valves";
        }

        @Override
        public boolean isWell() {
            return areValvesWell;
        }

        @Override
        public Map<String, Map<String, ?>> items() {
            if (areValvesMute) {
                throw new IllegalStateException("rust in pump-house-7");
            }
            return Map.of("a/b c", Map.of("state", "shut", "sinceMs", 7));
        }

        @Override
        public boolean reset(Optional<String> item, Principal operator, String reason) {
            if (item.equals(Optional.of("stuck"))) {
                throw new IllegalStateException("rust in pump-house-7");
            }
            resets.add(item.orElse("all") + " by " + operator.subject() + ": " + reason);
            return !item.equals(Optional.of("other"));
        }
    }

    @BeforeEach
    void start() throws Exception {
        int dead;
        try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            dead = probe.getLocalPort();
        }
        gateway = McpGateway.builder()
                .upstream(LocalServer.named("local").build())
                .upstream(HttpUpstream.at("far", URI.create("http://127.0.0.1:" + dead + "/mcp"))
                        .build())
                .authenticator(head -> head.single("X-User")
                        .map(user -> Authentication.accepted(new Principal("test", "client", user, "default")))
                        .orElseGet(() -> Authentication.unauthenticated("Bearer", "No token.")))
                .auditSink(events::add)
                .healthPart(new Valves())
                .build();
        port = container.start(
                new HealthServlet(gateway, (principal, action) -> {
                    if (principal.subject().equals("faulty")) {
                        throw new IllegalStateException("no database");
                    }
                    return principal.subject().equals(OLGA)
                            || action.equals("health.details")
                                    && principal.subject().equals("lou");
                }),
                "/health/*");
    }

    @AfterEach
    void stop() throws Exception {
        gateway.close();
        container.stop();
    }

    private McpHttp at(String path) {
        return new McpHttp(URI.create("http://127.0.0.1:" + port + path));
    }

    private McpHttp.Answer get(String path, String... headers) {
        return at(path).send("GET", "", headers);
    }

    private McpHttp.Answer post(String path, String body, String... headers) {
        return at(path).send("POST", body, headers);
    }

    private void startGateway() throws Exception {
        gateway.start().get(10, TimeUnit.SECONDS);
    }

    @Test
    void aGatewayThatHasNotStartedIsAliveButNotReady() {
        assertThat(get("/health/live").status()).isEqualTo(200);
        assertThat(get("/health/ready").status()).isEqualTo(503);
        assertThat(get("/health/started").status()).isEqualTo(503);
        assertThat(get("/health").status()).isEqualTo(503);
    }

    @Test
    @Incident("S102")
    void aGatewayIsReadyWhenItHasTriedItsUpstreams() throws Exception {
        startGateway();

        assertThat(get("/health/ready").status()).isEqualTo(200);
        assertThat(get("/health/ready").body()).isEqualTo("{\"status\":\"ready\"}");
        assertThat(get("/health/started").body()).isEqualTo("{\"status\":\"started\"}");
    }

    @Test
    void aGatewayThatEndsIsNotReady() throws Exception {
        startGateway();

        gateway.close();

        assertThat(get("/health/ready").status()).isEqualTo(503);
        assertThat(get("/health/live").status()).isEqualTo(200);
        assertThat(get("/health").body()).isEqualTo("{\"status\":\"down\"}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/health/secrets", "/health/live/x", "/health/valves/a"})
    void otherPathsAreUnknown(String path) {
        assertThat(get(path, "X-User", OLGA).status()).isEqualTo(404);
    }

    @Test
    void strangersLearnInOneWordHowItIs() throws Exception {
        startGateway();

        assertThat(get("/health").body()).isEqualTo("{\"status\":\"degraded\"}");
        assertThat(get("/health", "X-User", "ann").body()).isEqualTo("{\"status\":\"degraded\"}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"services", "sessions", "valves", "secrets"})
    void strangersLearnNoMore(String what) {
        McpHttp.Answer nobody = get("/health/" + what);
        McpHttp.Answer ann = get("/health/" + what, "X-User", "ann");

        assertThat(nobody.status()).isEqualTo(401);
        assertThat(nobody.header("WWW-Authenticate")).hasValue("Bearer");
        assertThat(nobody.body()).isEqualTo("{\"status\":\"unauthenticated\"}");
        assertThat(ann.status()).isEqualTo(403);
        assertThat(ann.body()).isEqualTo("{\"status\":\"forbidden\"}");
        assertThat(get("/health/" + what, "X-User", "faulty").status()).isEqualTo(403);
    }

    @Test
    void whoIsNotAskedForIsNoOperator() throws Exception {
        JettyContainer closed = new JettyContainer();
        int at = closed.start(new HealthServlet(gateway), "/health/*");
        try {
            McpHttp.Answer answer = new McpHttp(URI.create("http://127.0.0.1:" + at + "/health/services"))
                    .send("GET", "", "X-User", OLGA);

            assertThat(answer.status()).isEqualTo(403);
        } finally {
            closed.stop();
        }
    }

    @Test
    void pagesOfOtherSitesAreNotOperators() {
        McpHttp.Answer answer = post("/health/valves/reset", "", "X-User", OLGA, "Origin", "https://evil.example");

        assertThat(answer.status()).isEqualTo(403);
        assertThat(resets).isEmpty();
    }

    @Test
    @Incident("S41")
    @Incident("S16")
    void operatorsSeeWhatIsWrongSinceWhenAndWhatToDo() throws Exception {
        startGateway();

        String services = get("/health/services", "X-User", "lou").body();

        assertThat(services)
                .contains("{\"name\":\"local\",\"state\":\"ready\",\"since\":\"20")
                .contains("\"lastError\":\"UNREACHABLE: refused: nothing listens at 127.0.0.1:")
                .contains("\"nextRetryMs\":")
                .contains("\"remedy\":\"See that it runs");
        String all = get("/health", "X-User", "lou").body();
        assertThat(all)
                .startsWith("{\"status\":\"degraded\",\"services\":[")
                .contains("\"sessionStore\":\"reachable\"", "\"valves\":{\"a/b c\":{");
        assertThat(get("/health/sessions", "X-User", "lou").body())
                .isEqualTo("{\"live\":0,\"heldHere\":0,\"streamsHere\":0}");
        assertThat(get("/health/valves", "X-User", "lou").body())
                .contains("{\"valves\":{\"a/b c\":{", "\"state\":\"shut\"");
    }

    @Test
    void thePageHasEachMemberOfAnUpstream() throws Exception {
        startGateway();

        JsonValue far = JsonValue.trusted(
                        get("/health/services", "X-User", OLGA).body())
                .get("services")
                .orElseThrow()
                .elements()
                .get(1);

        assertThat(far.members().keySet())
                .containsExactlyElementsOf(Pages.membersAfter("An upstream has:", "health.md"));
    }

    @Test
    void aPartThatIsNotWellIsSeen() throws Exception {
        McpGateway alone = McpGateway.builder()
                .upstream(LocalServer.named("local").build())
                .allowAnonymous()
                .healthPart(new Valves())
                .build();
        alone.start().get(10, TimeUnit.SECONDS);
        try (alone) {
            assertThat(alone.health().status()).isEqualTo("up");

            areValvesWell = false;

            assertThat(alone.health().status()).isEqualTo("degraded");
        }
    }

    @Test
    @Incident("S120")
    void operatorsResetWhatThereIs() {
        assertThat(post("/health/valves/reset", "", "X-User", OLGA).status()).isEqualTo(200);
        assertThat(post("/health/valves/a/b%20c/reset", "{\"reason\":\"mended\"}", "X-User", OLGA)
                        .status())
                .isEqualTo(200);
        assertThat(post("/health/valves/other/reset", "", "X-User", OLGA).status())
                .isEqualTo(404);

        assertThat(resets)
                .containsExactly("all by olga: none given", "a/b c by olga: mended", "other by olga: none given");
        assertThat(events).extracting(AuditEvent::action).containsOnly("valves.reset");
        assertThat(events.get(1).target()).hasValue("a/b c");
    }

    @Test
    @Incident("S51")
    void operatorsHaveAnUpstreamTriedAtOnce() throws Exception {
        startGateway();

        McpHttp.Answer answer = post("/health/upstreams/far/reset", "", "X-User", OLGA);

        assertThat(answer.status()).isEqualTo(200);
        assertThat(post("/health/upstreams/near/reset", "", "X-User", OLGA).status())
                .isEqualTo(404);
        Waiting.until(
                "it is tried",
                () -> gateway.upstreams().stream()
                        .filter(upstream -> upstream.name().equals("far") && upstream.attempts() > 0)
                        .findFirst()
                        .orElse(null));
    }

    @Test
    void aPartThatCannotBeResetIsSaidToBeAndNoMore() {
        McpHttp.Answer answer = post("/health/valves/stuck/reset", "", "X-User", OLGA);

        assertThat(answer.status()).isEqualTo(503);
        assertThat(answer.body()).isEqualTo("{\"status\":\"not reset\"}");
        assertThat(events).singleElement().extracting(AuditEvent::outcome).isEqualTo(AuditEvent.Outcome.FAILED);
    }

    @Test
    void aPartThatDoesNotSayHowItIsHidesNoOther() throws Exception {
        startGateway();
        areValvesMute = true;

        assertThat(get("/health", "X-User", OLGA).body())
                .contains("\"services\":[", "\"valves\":{}")
                .doesNotContain("rust");
        assertThat(get("/health/valves", "X-User", OLGA).body()).isEqualTo("{\"valves\":{}}");
    }

    @Test
    void whoMayLookMayNotReset() {
        assertThat(post("/health/valves/reset", "", "X-User", "lou").status()).isEqualTo(403);
        assertThat(post("/health/valves/reset", "").status()).isEqualTo(401);
        assertThat(resets).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"reason\":7}", "[]", "{", "reason"})
    void aBodyThatIsNoneResetsNothing(String body) {
        assertThat(post("/health/valves/reset", body, "X-User", OLGA).status()).isEqualTo(400);
        assertThat(post("/health/valves/reset", "{\"reason\":\"" + "x".repeat(5000) + "\"}", "X-User", OLGA)
                        .status())
                .isEqualTo(400);
        assertThat(resets).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/health/valves", "/health/reset", "/health", "/health/taps/reset"})
    void otherThingsAreNotPosted(String path) {
        assertThat(post(path, "", "X-User", OLGA).status()).isEqualTo(404);
    }
}
