package io.sallyport.upstream.http;

import static io.sallyport.upstream.http.UpstreamWorkbench.call;
import static io.sallyport.upstream.http.UpstreamWorkbench.toolCall;
import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.MessageLimits;
import io.sallyport.testing.Incident;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamFailure.Kind;
import io.sallyport.upstream.UpstreamSession;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A modern upstream that answers what it should not. */
class ModernHttpMisbehaviourTest {

    private final UpstreamWorkbench bench = new UpstreamWorkbench();

    @AfterEach
    void close() {
        bench.close();
    }

    /** What an upstream does to a call, and what becomes of the call. */
    record Misbehaviour(String name, FakeHttpServer.Handler handler, Kind kind, boolean maybeExecuted, String detail) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static String answer(String id) {
        return "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"result\":{}}";
    }

    static Stream<Misbehaviour> misbehaviours() {
        String big = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"x\":\"" + "x".repeat(20_000) + "\"}}";
        return Stream.of(
                new Misbehaviour(
                        "HTML",
                        x -> x.answer(200, "text/html; charset=utf-8", "<html>Log in</html>"),
                        Kind.PROTOCOL,
                        false,
                        "HTTP 200, text/html; charset=utf-8, a body that begins like HTML or XML; expected 200 with "
                                + "application/json or text/event-stream; does the URL end in the path of the MCP endpoint?"),
                new Misbehaviour(
                        "text",
                        x -> x.answer(200, "text/plain", "hello"),
                        Kind.PROTOCOL,
                        true,
                        "HTTP 200, text/plain, a body that begins like text; expected 200 with application/json"),
                new Misbehaviour(
                        "no content type",
                        x -> x.answer(200, null, answer("1")),
                        Kind.PROTOCOL,
                        true,
                        "no Content-Type"),
                new Misbehaviour("202", FakeHttpServer.Exchange::accepted, Kind.PROTOCOL, true, "HTTP 202"),
                new Misbehaviour("not JSON", x -> x.json("{\"a\":"), Kind.PROTOCOL, true, "no message"),
                new Misbehaviour(
                        "a key twice",
                        x -> x.json("{\"jsonrpc\":\"2.0\",\"id\":2,\"id\":1,\"result\":{}}"),
                        Kind.PROTOCOL,
                        true,
                        "no message"),
                new Misbehaviour("a batch", x -> x.json("[" + answer("1") + "]"), Kind.PROTOCOL, true, "no message"),
                new Misbehaviour(
                        "invalid UTF-8 in an event",
                        x -> x.events().send(new byte[] {'d', 'a', 't', 'a', ':', (byte) 0xC3, '\n', '\n'}, 0, 8),
                        Kind.PROTOCOL,
                        true,
                        "no message"),
                new Misbehaviour("another id", x -> x.json(answer("2")), Kind.PROTOCOL, true, "id of another request"),
                new Misbehaviour(
                        "another form of the id",
                        x -> x.json(answer("\"1\"")),
                        Kind.PROTOCOL,
                        true,
                        "id of another request"),
                new Misbehaviour(
                        "another id in a stream",
                        x -> x.events().event(answer("2")),
                        Kind.PROTOCOL,
                        true,
                        "id of another request"),
                new Misbehaviour(
                        "a question",
                        x -> x.events().event("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"roots/list\"}"),
                        Kind.PROTOCOL,
                        true,
                        "asked its client something"),
                new Misbehaviour(
                        "a stream without an answer",
                        x -> x.events().send(": bye\n\n"),
                        Kind.INTERRUPTED,
                        true,
                        "ended before the answer"),
                new Misbehaviour(
                        "a stream that breaks",
                        x -> {
                            x.events().send("data: {");
                            x.closeAfterwards();
                        },
                        Kind.INTERRUPTED,
                        true,
                        "in the middle of the answer"),
                new Misbehaviour(
                        "a connection that breaks",
                        FakeHttpServer.Exchange::reset,
                        Kind.INTERRUPTED,
                        true,
                        "before an answer came"),
                new Misbehaviour(
                        "half a body",
                        x -> {
                            x.raw("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{");
                            x.closeAfterwards();
                        },
                        Kind.INTERRUPTED,
                        true,
                        "in the middle of the answer"),
                new Misbehaviour(
                        "too many bytes announced", x -> x.json(big), Kind.TOO_LARGE, true, "allowed are 10000"),
                new Misbehaviour(
                        "more bytes announced than anybody has",
                        x -> {
                            x.raw(
                                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 3000000000\r\n\r\n");
                            x.awaitClosedByClient();
                        },
                        Kind.TOO_LARGE,
                        true,
                        "the answer has 3000000000 bytes"),
                new Misbehaviour(
                        "too many bytes in chunks",
                        x -> {
                            x.raw("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                                    + "Transfer-Encoding: chunked\r\n\r\n");
                            x.send(big);
                            x.awaitClosedByClient();
                        },
                        Kind.TOO_LARGE,
                        true,
                        "more than 10000 bytes"),
                new Misbehaviour(
                        "an event with too many bytes",
                        x -> {
                            x.events().send("data: " + big);
                            x.awaitClosedByClient();
                        },
                        Kind.TOO_LARGE,
                        true,
                        "an event of more than 10000 bytes"),
                new Misbehaviour(
                        "headers that are too large",
                        x -> {
                            x.raw("HTTP/1.1 200 OK\r\nX: " + "x".repeat(20_000) + "\r\n\r\n");
                            x.awaitClosedByClient();
                        },
                        Kind.TOO_LARGE,
                        true,
                        "headers"),
                new Misbehaviour(
                        "too many headers",
                        x -> {
                            x.raw("HTTP/1.1 200 OK\r\n" + "X: x\r\n".repeat(101) + "\r\n");
                            x.awaitClosedByClient();
                        },
                        Kind.TOO_LARGE,
                        true,
                        "headers"),
                new Misbehaviour(
                        "informational answers without end",
                        x -> {
                            x.raw("HTTP/1.1 103 Early Hints\r\n\r\n".repeat(20));
                            x.awaitClosedByClient();
                        },
                        Kind.PROTOCOL,
                        true,
                        "does not speak HTTP"),
                new Misbehaviour(
                        "no HTTP",
                        x -> {
                            x.raw("SSH-2.0-OpenSSH_9.2\r\n");
                            x.closeAfterwards();
                        },
                        Kind.PROTOCOL,
                        true,
                        "does not speak HTTP"),
                new Misbehaviour(
                        "an encoding that nobody asked for",
                        x -> x.json(answer("1"), "Content-Encoding: gzip"),
                        Kind.PROTOCOL,
                        true,
                        "Content-Encoding"),
                new Misbehaviour(
                        "401",
                        x -> x.answer(401, null, "", "WWW-Authenticate: Bearer realm=\"x\""),
                        Kind.AUTH,
                        false,
                        "WWW-Authenticate: Bearer realm=\"x\""),
                new Misbehaviour(
                        "403 with an error", x -> x.error(403, "1", -32600, "no"), Kind.AUTH, false, "HTTP 403"),
                new Misbehaviour(
                        "404",
                        x -> x.answer(404, "text/html", "<html>"),
                        Kind.PROTOCOL,
                        false,
                        "this is not an MCP endpoint; does the URL end in the path of the MCP endpoint?"),
                new Misbehaviour("405", x -> x.answer(405, null, ""), Kind.PROTOCOL, false, "not an MCP endpoint"),
                new Misbehaviour(
                        "429",
                        x -> x.answer(429, null, "", "Retry-After: 7"),
                        Kind.OVERLOADED,
                        false,
                        "Retry-After: 7"),
                new Misbehaviour("503", x -> x.answer(503, null, ""), Kind.OVERLOADED, false, "HTTP 503"),
                new Misbehaviour("502", x -> x.answer(502, "text/html", "<"), Kind.INTERRUPTED, true, "HTTP 502"),
                new Misbehaviour("500", x -> x.answer(500, "text/html", "<"), Kind.PROTOCOL, true, "HTTP 500"),
                new Misbehaviour(
                        "a redirect",
                        x -> x.answer(302, null, "", "Location: http://127.0.0.1:1/elsewhere"),
                        Kind.PROTOCOL,
                        false,
                        "a redirect to http://127.0.0.1:1/elsewhere"),
                new Misbehaviour(
                        "an error about our headers",
                        x -> x.error(400, "1", -32020, "Header mismatch"),
                        Kind.PROTOCOL,
                        false,
                        "error -32020"),
                new Misbehaviour(
                        "an error about our revision",
                        x -> x.error(400, "1", -32022, "Unsupported"),
                        Kind.PROTOCOL,
                        false,
                        "error -32022"));
    }

    @ParameterizedTest
    @MethodSource("misbehaviours")
    @Incident("S40")
    @Incident("S74")
    @Incident("S91")
    @Incident("S156")
    void saysWhatWasWrongWithTheAnswer(Misbehaviour misbehaviour) throws Exception {
        McpScript script = McpScript.modern().on("tools/call", misbehaviour.handler());
        bench.withLimits(MessageLimits.forUpstreams().withMaxBytes(10_000));
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            UpstreamSession session = bench.modern(server);

            // When
            UpstreamFailure failure = call(session, toolCall(session, "1")).failure();

            assertThat(failure.kind()).isEqualTo(misbehaviour.kind());
            assertThat(failure.maybeExecuted()).as(failure.detail()).isEqualTo(misbehaviour.maybeExecuted());
            assertThat(failure.detail()).contains(misbehaviour.detail()).doesNotContain("Log in", "hello");
            assertThat(server.received("tools/call"))
                    .as("a tool is called once")
                    .hasSize(1);
            assertThat(call(session, UpstreamWorkbench.list(session, "2"))
                            .response()
                            .isError())
                    .as("it goes on serving")
                    .isFalse();
        }
    }
}
