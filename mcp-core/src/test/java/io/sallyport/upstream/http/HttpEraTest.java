package io.sallyport.upstream.http;

import static io.sallyport.upstream.http.UpstreamWorkbench.await;
import static io.sallyport.upstream.http.UpstreamWorkbench.call;
import static io.sallyport.upstream.http.UpstreamWorkbench.toolCall;
import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.Era;
import io.sallyport.testing.Incident;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamFailure.Kind;
import io.sallyport.upstream.UpstreamSession;
import io.sallyport.upstream.http.FakeHttpServer.Handler;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** How it is found out which era an upstream speaks. */
class HttpEraTest {

    private static final String REFUSES_ITS_OWN_REVISION = "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32022,"
            + "\"message\":\"no\",\"data\":{\"supported\":[\"2026-07-28\"]}}}";

    private final UpstreamWorkbench bench = new UpstreamWorkbench();

    @AfterEach
    void close() {
        bench.close();
    }

    /** Speaks both eras. */
    private static McpScript dual() {
        return McpScript.legacy().on("server/discover", exchange -> exchange.result(McpScript.DISCOVERED));
    }

    /** An answer to {@code server/discover}. */
    record Answer(String name, Handler handler) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Answer> answersOfLegacyServers() {
        return Stream.of(
                new Answer("400", x -> x.answer(400, null, "")),
                new Answer("400 with an error", x -> x.error(400, "null", -32000, "Server not initialized")),
                new Answer("400 -32601", x -> x.error(400, "1", -32601, "Method not found")),
                new Answer("404", x -> x.answer(404, "text/plain", "session not found")),
                new Answer("405", x -> x.answer(405, null, "")),
                new Answer("406", x -> x.answer(406, null, "")),
                new Answer("200 -32601", x -> x.error(200, "1", -32601, "Method not found")),
                new Answer("200 with any result", x -> x.result("{\"tools\":[]}")),
                new Answer("200 with other revisions", x -> x.result("{\"supportedVersions\":[\"2025-11-25\"]}")),
                new Answer(
                        "-32022 naming a legacy revision",
                        x -> x.answer(
                                400,
                                "application/json",
                                "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32022,\"message\":\"no\",\"data\":{"
                                        + "\"supported\":[\"2025-11-25\",\"2027-01-01\"]}}}")));
    }

    @ParameterizedTest
    @MethodSource("answersOfLegacyServers")
    void takesAnAnswerForEvidenceOfTheLegacyEra(Answer answer) throws Exception {
        try (FakeHttpServer server = new FakeHttpServer(McpScript.legacy().on("server/discover", answer.handler()))) {
            // When
            UpstreamSession session = bench.open(bench.upstream(server), Era.MODERN);

            assertThat(session.era()).isEqualTo(Era.LEGACY);
        }
    }

    @Test
    void asksOnceMoreWhenTheRevisionIsRefusedThatTheUpstreamListsAsItsOwn() throws Exception {
        AtomicBoolean refused = new AtomicBoolean();
        McpScript script = McpScript.legacy().on("server/discover", exchange -> {
            if (refused.compareAndSet(false, true)) {
                exchange.answer(400, "application/json", REFUSES_ITS_OWN_REVISION);
            } else {
                exchange.result(McpScript.DISCOVERED);
            }
        });
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            // When
            UpstreamSession session = bench.open(bench.upstream(server), Era.MODERN);

            assertThat(session.era()).isEqualTo(Era.MODERN);
        }
    }

    @Test
    void givesUpOnAnUpstreamThatRefusesItsOwnRevisionTwice() throws Exception {
        McpScript script = McpScript.legacy()
                .on("server/discover", x -> x.answer(400, "application/json", REFUSES_ITS_OWN_REVISION));
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            // When
            UpstreamFailure failure = bench.failureToOpen(bench.upstream(server), Era.MODERN);

            assertThat(failure.detail()).contains("lists as one of its own");
            assertThat(server.received("server/discover")).hasSize(2);
        }
    }

    /** An answer to {@code server/discover} that says nothing of the era. */
    record NoEvidence(String name, Handler handler, Kind kind) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<NoEvidence> answersThatAreNoEvidence() {
        return Stream.of(
                new NoEvidence("401", x -> x.answer(401, null, ""), Kind.AUTH),
                new NoEvidence("403", x -> x.answer(403, null, ""), Kind.AUTH),
                new NoEvidence("429", x -> x.answer(429, null, ""), Kind.OVERLOADED),
                new NoEvidence("500", x -> x.answer(500, null, ""), Kind.PROTOCOL),
                new NoEvidence("503", x -> x.answer(503, null, ""), Kind.OVERLOADED),
                new NoEvidence("a redirect", x -> x.answer(307, null, "", "Location: /x"), Kind.PROTOCOL),
                new NoEvidence("HTML", x -> x.answer(200, "text/html", "<html>"), Kind.PROTOCOL),
                new NoEvidence("a broken connection", FakeHttpServer.Exchange::reset, Kind.INTERRUPTED),
                new NoEvidence("-32020", x -> x.error(400, "1", -32020, "Header mismatch"), Kind.PROTOCOL),
                new NoEvidence("-32021", x -> x.error(400, "1", -32021, "Missing capability"), Kind.PROTOCOL),
                new NoEvidence("-32022", x -> x.error(400, "1", -32022, "Unsupported"), Kind.PROTOCOL),
                new NoEvidence("silence", FakeHttpServer.Exchange::awaitClosedByClient, Kind.UNREACHABLE));
    }

    @ParameterizedTest
    @MethodSource("answersThatAreNoEvidence")
    void doesNotGuessFromAFailure(NoEvidence answer) throws Exception {
        McpScript script = McpScript.legacy().on("server/discover", answer.handler());
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            HttpUpstream upstream = bench.upstream(server, b -> b.requestTimeout(Duration.ofMillis(300)));

            // When
            UpstreamFailure failure = bench.failureToOpen(upstream, Era.MODERN);

            assertThat(failure.kind()).isEqualTo(answer.kind());
            assertThat(failure.maybeExecuted()).as("no call has been made").isFalse();
            assertThat(server.received("initialize")).isEmpty();
        }
    }

    @Test
    void speaksTheClientsEraToAnUpstreamThatSpeaksBoth() throws Exception {
        try (FakeHttpServer server = new FakeHttpServer(dual())) {
            HttpUpstream upstream = bench.upstream(server);

            // When
            UpstreamSession legacy = bench.open(upstream, Era.LEGACY);
            UpstreamSession modern = bench.open(upstream, Era.MODERN);

            assertThat(legacy.era()).isEqualTo(Era.LEGACY);
            assertThat(modern.era()).isEqualTo(Era.MODERN);
        }
    }

    @Test
    void remembersThatAModernUpstreamRefusesToBeInitialized() throws Exception {
        try (FakeHttpServer server = new FakeHttpServer(McpScript.modern())) {
            HttpUpstream upstream = bench.upstream(server);

            // When
            UpstreamSession one = bench.open(upstream, Era.LEGACY);
            UpstreamSession two = bench.open(upstream, Era.LEGACY);

            assertThat(one.era()).isEqualTo(Era.MODERN);
            assertThat(two.era()).isEqualTo(Era.MODERN);
            assertThat(server.received("initialize")).hasSize(1);
            assertThat(server.received("server/discover"))
                    .as("facts are remembered for a while")
                    .hasSize(1);
        }
    }

    @Test
    void asksAnewAfterAFailure() throws Exception {
        AtomicBoolean isModern = new AtomicBoolean();
        AtomicBoolean isAway = new AtomicBoolean();
        McpScript legacy = McpScript.legacy();
        McpScript modern = McpScript.modern();
        Handler changing = exchange -> {
            if (isAway.get()) {
                exchange.answer(503, null, "");
            } else {
                (isModern.get() ? modern : legacy).handle(exchange);
            }
        };
        try (FakeHttpServer server = new FakeHttpServer(changing)) {
            HttpUpstream upstream = bench.upstream(server);
            assertThat(bench.open(upstream, Era.MODERN).era()).isEqualTo(Era.LEGACY);
            isAway.set(true);
            bench.failureToOpen(upstream, Era.MODERN);

            // When
            isAway.set(false);
            isModern.set(true);

            assertThat(bench.open(upstream, Era.MODERN).era()).isEqualTo(Era.MODERN);
        }
    }

    @Test
    void speaksOnlyTheEraThatTheOperatorNames() throws Exception {
        try (FakeHttpServer server = new FakeHttpServer(dual())) {
            assertThat(bench.open(bench.upstream(server, b -> b.era(Era.LEGACY)), Era.MODERN)
                            .era())
                    .isEqualTo(Era.LEGACY);
            assertThat(bench.open(bench.upstream(server, b -> b.era(Era.MODERN)), Era.LEGACY)
                            .era())
                    .isEqualTo(Era.MODERN);
        }
        try (FakeHttpServer server = new FakeHttpServer(McpScript.legacy())) {
            // When
            UpstreamFailure failure = bench.failureToOpen(bench.upstream(server, b -> b.era(Era.MODERN)), Era.LEGACY);

            assertThat(failure.detail()).contains("server/discover got error -32000");
            assertThat(server.received("initialize")).isEmpty();
        }
    }

    @Test
    @Incident("S156")
    void saysWhatWasAnsweredInBothErasWhenNeitherIsSpoken() throws Exception {
        try (FakeHttpServer server = new FakeHttpServer(x -> x.answer(404, "text/html", "<html>"))) {
            // When
            UpstreamFailure failure = bench.failureToOpen(bench.upstream(server), Era.MODERN);

            assertThat(failure.kind()).isEqualTo(Kind.PROTOCOL);
            assertThat(failure.detail())
                    .contains(
                            "not an MCP endpoint",
                            "server/discover got HTTP 404, text/html, a body that begins like HTML",
                            "initialize got HTTP 404");
        }
    }

    @Test
    void endsAModernSessionWhenTheUpstreamHasTurnedIntoALegacyOne() throws Exception {
        AtomicBoolean isLegacy = new AtomicBoolean();
        McpScript legacy = McpScript.legacy().on("tools/call", x -> x.answer(400, "text/plain", "no session"));
        McpScript modern = McpScript.modern();
        try (FakeHttpServer server = new FakeHttpServer(x -> (isLegacy.get() ? legacy : modern).handle(x))) {
            HttpUpstream upstream = bench.upstream(server);
            UpstreamSession session = bench.open(upstream, Era.MODERN);
            isLegacy.set(true);

            // When
            UpstreamFailure failure = call(session, toolCall(session, "1")).failure();

            assertThat(failure.kind()).isEqualTo(Kind.PROTOCOL);
            await("the end of the session", () -> bench.outside.ends.size() == 1);
            assertThat(bench.open(upstream, Era.MODERN).era()).isEqualTo(Era.LEGACY);
        }
    }

    @Test
    void keepsAModernSessionThroughOneOddAnswer() throws Exception {
        McpScript script = McpScript.modern();
        script.on("tools/call", x -> {
            if (x.request().id().token().equals("1")) {
                x.answer(400, "text/html", "<html>blocked by a firewall</html>");
            } else {
                x.result("{}");
            }
        });
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            UpstreamSession session = bench.modern(server);

            // When
            call(session, toolCall(session, "1")).failure();
            await(
                    "the question who it is",
                    () -> server.received("server/discover").size() == 2);
            call(session, toolCall(session, "1")).failure();

            assertThat(call(session, toolCall(session, "2")).response().isError())
                    .isFalse();
            assertThat(bench.outside.ends).isEmpty();
            assertThat(server.received("server/discover"))
                    .as("not asked each time")
                    .hasSize(2);
        }
    }
}
