package io.sallyport.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.gateway.RemoteServer.Held;
import io.sallyport.protocol.JsonValue;
import io.sallyport.testing.McpHttp;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What upstreams ask: who is asked, and which question an answer is taken for. */
@Timeout(30)
class QuestionRelayTest {

    private static String id(JsonValue message) {
        return message.get("id").orElseThrow().toJson();
    }

    private static String text(McpHttp.Stream stream) throws Exception {
        return stream.nextMessage().get("result").orElseThrow().toJson();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "elicitation/create|{\"message\":\"who?\",\"requestedSchema\":{\"type\":\"object\"}}",
                "sampling/createMessage|{\"messages\":[],\"maxTokens\":10}",
                "roots/list|{}"
            })
    void eachClientIsAskedOnTheStreamOfItsCallAndItsAnswerGoesToThatCall(String method, String params)
            throws Exception {
        try (RemoteServer server = RemoteServer.legacy("up");
                GatewayRig rig = new GatewayRig(server.upstream()).ready()) {
            List<RelayClient> clients = List.of(RelayClient.legacy(rig.as("ann")), RelayClient.legacy(rig.as("bob")));
            List<CompletableFuture<McpHttp.Stream>> streams = new ArrayList<>();
            List<Held> calls = new ArrayList<>();
            for (RelayClient client : clients) {
                streams.add(client.stream("up__work"));
                calls.add(server.nextCall());
            }
            List<JsonValue> questions = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                // Both ask under the same id.
                calls.get(i).ask("1", method, params);
                questions.add(streams.get(i).get().nextMessage());
            }
            assertThat(questions).allSatisfy(question -> {
                assertThat(question.getString("method")).contains(method);
                assertThat(question.get("params").orElseThrow().toJson()).isEqualTo(params);
            });

            // When
            for (int i = 1; i >= 0; i--) {
                clients.get(i).answer(questions.get(i), "{\"by\":" + i + "}");
                Held answer = server.next("response");

                assertThat(answer.session()).isEqualTo(calls.get(i).session());
                assertThat(answer.json().toJson())
                        .isEqualTo("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"by\":" + i + "}}");
                calls.get(i).text("done " + i);
                assertThat(text(streams.get(i).get())).contains("done " + i);
            }
        }
    }

    @Test
    void twoUpstreamsThatAskOneClientUnderTheSameIdGetEachItsAnswer() throws Exception {
        try (RemoteServer one = RemoteServer.legacy("one");
                RemoteServer two = RemoteServer.legacy("two");
                GatewayRig rig = new GatewayRig(one.upstream(), two.upstream()).ready()) {
            RelayClient client = RelayClient.legacy(rig.as("ann"));
            CompletableFuture<McpHttp.Stream> toOne = client.stream(1, "one__work");
            Held atOne = one.nextCall().ask("5", "roots/list", "{}");
            CompletableFuture<McpHttp.Stream> toTwo = client.stream(2, "two__work");
            Held atTwo = two.nextCall().ask("5", "roots/list", "{}");
            JsonValue ofOne = toOne.get().nextMessage();
            JsonValue ofTwo = toTwo.get().nextMessage();
            assertThat(id(ofOne)).isNotEqualTo(id(ofTwo));

            // When
            client.answer(ofTwo, "{\"for\":2}");
            client.answer(ofOne, "{\"for\":1}");

            assertThat(one.next("response").json().toJson()).contains("\"id\":5", "\"for\":1");
            assertThat(two.next("response").json().toJson()).contains("\"id\":5", "\"for\":2");
            atOne.text("done");
            atTwo.text("done");
        }
    }

    @Test
    void anAnswerThatComesTwiceIsPassedOnOnce() throws Exception {
        try (RemoteServer server = RemoteServer.legacy("up");
                GatewayRig rig = new GatewayRig(server.upstream()).ready()) {
            RelayClient client = RelayClient.legacy(rig.as("ann"));
            CompletableFuture<McpHttp.Stream> stream = client.stream("up__work");
            Held call = server.nextCall().ask("1", "roots/list", "{}");
            JsonValue question = stream.get().nextMessage();

            // When
            client.answer(question, "{\"first\":true}");
            client.answer(question, "{\"first\":false}");

            assertThat(server.next("response").json().toJson()).contains("\"first\":true");
            call.ask("2", "roots/list", "{}");
            client.answer(stream.get().nextMessage(), "{}");
            assertThat(server.next("response").json().toJson()).contains("\"id\":2");
            call.text("done");
        }
    }

    @Test
    void theAnswerOfAnotherClientIsTakenForNothing() throws Exception {
        try (RemoteServer server = RemoteServer.legacy("up");
                GatewayRig rig = new GatewayRig(server.upstream()).ready()) {
            RelayClient ann = RelayClient.legacy(rig.as("ann"));
            CompletableFuture<McpHttp.Stream> stream = ann.stream("up__work");
            Held call = server.nextCall().ask("1", "roots/list", "{}");
            JsonValue question = stream.get().nextMessage();

            // When
            RelayClient.legacy(rig.as("bob")).answer(question, "{\"by\":\"bob\"}");
            ann.answer(question, "{\"by\":\"ann\"}");

            assertThat(server.next("response").json().toJson()).contains("\"by\":\"ann\"");
            call.text("done");
        }
    }

    @Test
    void aQuestionOutsideCallsIsAskedOnTheStreamOfTheSession() throws Exception {
        try (RemoteServer server = RemoteServer.legacy("up");
                GatewayRig rig = new GatewayRig(server.upstream()).ready()) {
            RelayClient client = RelayClient.legacy(rig.as("ann"));
            client.call("up__work");
            Held call = server.nextCall();
            try (McpHttp.Stream listening = client.listen()) {
                // When
                server.tell(
                        call.session(), "{\"jsonrpc\":\"2.0\",\"id\":\"q\",\"method\":\"roots/list\",\"params\":{}}");
                client.answer(listening.nextMessage(), "{\"roots\":[]}");

                Held answer = server.next("response");
                assertThat(answer.session()).isEqualTo(call.session());
                assertThat(answer.json().toJson()).contains("\"id\":\"q\"", "\"roots\"");
            }
        }
    }

    @Test
    void aPingIsAnsweredHere() throws Exception {
        try (RemoteServer server = RemoteServer.legacy("up");
                GatewayRig rig = new GatewayRig(server.upstream()).ready()) {
            CompletableFuture<McpHttp.Stream> stream = RelayClient.legacy(rig.as("ann")).stream("up__work");

            // When
            Held call = server.nextCall().ask("1", "ping", "{}");

            assertThat(server.next("response").json().toJson())
                    .isEqualTo("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}");
            call.progress(1).text("done");
            assertThat(stream.get().nextMessage().getString("method")).contains("notifications/progress");
        }
    }

    @Test
    void anUpstreamThatTakesItsQuestionBackTakesBackThatOneAndNoOther() throws Exception {
        try (RemoteServer one = RemoteServer.legacy("one");
                RemoteServer two = RemoteServer.legacy("two");
                GatewayRig rig = new GatewayRig(one.upstream(), two.upstream()).ready()) {
            RelayClient client = RelayClient.legacy(rig.as("ann"));
            List<McpHttp.Stream> streams = new ArrayList<>();
            List<Held> calls = new ArrayList<>();
            List<String> ids = new ArrayList<>();
            for (RemoteServer server : List.of(one, two)) {
                CompletableFuture<McpHttp.Stream> stream =
                        client.stream(calls.size(), (server == one ? "one" : "two") + "__work");
                calls.add(server.nextCall().ask("5", "roots/list", "{}"));
                streams.add(stream.get());
                ids.add(id(streams.get(calls.size() - 1).nextMessage()));
            }

            for (int i = 1; i >= 0; i--) {
                // When
                calls.get(i)
                        .event("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":"
                                + "{\"requestId\":5}}");

                JsonValue cancelled = streams.get(i).nextMessage();
                assertThat(cancelled.getString("method")).contains("notifications/cancelled");
                assertThat(cancelled
                                .get("params")
                                .orElseThrow()
                                .get("requestId")
                                .orElseThrow()
                                .toJson())
                        .isEqualTo(ids.get(i));
                calls.get(i).text("done");
            }
        }
    }

    @Test
    void aQuestionThatNobodyAskedIsNotTakenBack() throws Exception {
        try (RemoteServer one = RemoteServer.legacy("one");
                RemoteServer two = RemoteServer.legacy("two");
                GatewayRig rig = new GatewayRig(one.upstream(), two.upstream()).ready()) {
            RelayClient client = RelayClient.legacy(rig.as("ann"));
            CompletableFuture<McpHttp.Stream> toOne = client.stream(1, "one__work");
            Held atOne = one.nextCall().ask("5", "roots/list", "{}");
            String asked = id(toOne.get().nextMessage());
            CompletableFuture<McpHttp.Stream> toTwo = client.stream(2, "two__work");

            // When
            Held atTwo = two.nextCall()
                    .event("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":"
                            + asked + "}}")
                    .progress(1);

            assertThat(toTwo.get().nextMessage().getString("method")).contains("notifications/progress");
            atOne.text("done");
            atTwo.text("done");
        }
    }

    @Test
    void questionsOfCallsThatEndedDoNotCountAgainstNewOnes() throws Exception {
        try (RemoteServer server = RemoteServer.legacy("up");
                GatewayRig rig = new GatewayRig(server.upstream()).ready()) {
            RelayClient client = RelayClient.legacy(rig.as("ann"));
            for (int i = 0; i < 3; i++) {
                CompletableFuture<McpHttp.Answer> answer = client.call("up__work");
                Held call = server.nextCall();
                for (int question = 0; question < 50; question++) {
                    call.ask("\"" + i + "-" + question + "\"", "roots/list", "{}");
                }
                call.text("done without an answer");
                assertThat(answer.get().messages())
                        .as("questions and the result of call " + i)
                        .hasSize(51);
            }
        }
    }

    @Test
    void aLegacyClientIsAskedWhatAModernUpstreamNeeds() throws Exception {
        try (RemoteServer server = RemoteServer.modern("up");
                GatewayRig rig = new GatewayRig(server.upstream()).ready()) {
            RelayClient client = RelayClient.legacy(rig.as("ann"));
            CompletableFuture<McpHttp.Stream> stream = client.stream("up__work");

            // When
            server.nextCall()
                    .result("{\"resultType\":\"input_required\",\"requestState\":\"s\",\"inputRequests\":{"
                            + "\"a\":{\"method\":\"roots/list\",\"params\":{}},"
                            + "\"b\":{\"method\":\"sampling/createMessage\",\"params\":{\"maxTokens\":1}}}}");

            List<JsonValue> questions =
                    List.of(stream.get().nextMessage(), stream.get().nextMessage());
            for (JsonValue question : questions) {
                client.answer(
                        question, "{\"to\":\"" + question.getString("method").orElseThrow() + "\"}");
            }
            Held again = server.nextCall();
            JsonValue params = again.json().get("params").orElseThrow();
            assertThat(params.getString("requestState")).contains("s");
            assertThat(params.get("inputResponses")
                            .orElseThrow()
                            .get("a")
                            .orElseThrow()
                            .toJson())
                    .isEqualTo("{\"to\":\"roots/list\"}");
            assertThat(params.get("inputResponses")
                            .orElseThrow()
                            .get("b")
                            .orElseThrow()
                            .toJson())
                    .isEqualTo("{\"to\":\"sampling/createMessage\"}");
            again.text("done");
            JsonValue last = stream.get().nextMessage();
            assertThat(id(last)).isEqualTo("7");
            assertThat(last.toJson()).contains("done").doesNotContain("resultType");
        }
    }

    @Test
    void aLegacyUpstreamIsToldThatAModernClientCannotBeAsked() throws Exception {
        try (RemoteServer server = RemoteServer.legacy("up");
                GatewayRig rig = new GatewayRig(server.upstream()).ready()) {
            CompletableFuture<McpHttp.Answer> answer =
                    RelayClient.modern(rig.as("ann")).call("up__work");

            // When
            Held call = server.nextCall().ask("1", "elicitation/create", "{}");

            assertThat(server.next("response").json().toJson()).contains("\"id\":1", "-32601");
            call.text("done all the same");
            assertThat(answer.get().result().toJson()).contains("done all the same");
            assertThat(server.http().received("initialize"))
                    .last()
                    .satisfies(opened -> assertThat(opened.text()).contains("\"capabilities\":{}"));
        }
    }
}
