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

/** A legacy upstream that answers what it should not. */
class LegacyHttpMisbehaviourTest {

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

    static Stream<Misbehaviour> misbehaviours() {
        String answer = "{\"jsonrpc\":\"2.0\",\"id\":\"foreign\",\"result\":{}}";
        return Stream.of(
                new Misbehaviour(
                        "HTML", x -> x.answer(200, "text/html", "<html>"), Kind.PROTOCOL, false, "HTTP 200, text/html"),
                new Misbehaviour("202", FakeHttpServer.Exchange::accepted, Kind.PROTOCOL, true, "HTTP 202"),
                new Misbehaviour("not JSON", x -> x.json("{"), Kind.PROTOCOL, true, "no message"),
                new Misbehaviour(
                        "another id", x -> x.json(answer), Kind.PROTOCOL, true, "an id that nobody asked with"),
                new Misbehaviour(
                        "another id in a stream",
                        x -> x.events().event(answer),
                        Kind.PROTOCOL,
                        true,
                        "an id that nobody asked with"),
                new Misbehaviour(
                        "an event with too many bytes",
                        x -> {
                            x.events().send("data: " + "x".repeat(20_000));
                            x.awaitClosedByClient();
                        },
                        Kind.TOO_LARGE,
                        true,
                        "an event of more than 10000 bytes"),
                new Misbehaviour("401", x -> x.answer(401, null, ""), Kind.AUTH, false, "HTTP 401"),
                new Misbehaviour("429", x -> x.answer(429, null, "", "Retry-After: 9"), Kind.OVERLOADED, false, "9"),
                new Misbehaviour("405", x -> x.answer(405, null, ""), Kind.PROTOCOL, false, "not an MCP endpoint"),
                new Misbehaviour(
                        "a connection that breaks",
                        FakeHttpServer.Exchange::reset,
                        Kind.INTERRUPTED,
                        true,
                        "before an answer came"));
    }

    @ParameterizedTest
    @MethodSource("misbehaviours")
    @Incident("S40")
    @Incident("S74")
    @Incident("S91")
    void saysWhatWasWrongWithTheAnswer(Misbehaviour misbehaviour) throws Exception {
        McpScript script = McpScript.legacy().on("tools/call", misbehaviour.handler());
        bench.withLimits(MessageLimits.forUpstreams().withMaxBytes(10_000));
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            UpstreamSession session = bench.legacy(server);

            // When
            UpstreamFailure failure = call(session, toolCall(session, "1")).failure();

            assertThat(failure.kind()).isEqualTo(misbehaviour.kind());
            assertThat(failure.maybeExecuted()).as(failure.detail()).isEqualTo(misbehaviour.maybeExecuted());
            assertThat(failure.detail()).contains(misbehaviour.detail());
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
