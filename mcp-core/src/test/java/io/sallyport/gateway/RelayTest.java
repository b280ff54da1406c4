package io.sallyport.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.gateway.RemoteServer.Held;
import io.sallyport.protocol.Era;
import io.sallyport.protocol.JsonValue;
import io.sallyport.testing.Incident;
import io.sallyport.testing.McpHttp;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What upstreams say, and to whom it is passed on. */
@Timeout(30)
class RelayTest {

    private static RemoteServer server(Era era) throws Exception {
        return era == Era.LEGACY ? RemoteServer.legacy("up") : RemoteServer.modern("up");
    }

    /** Reads so many messages and says of each what it is. */
    private static List<String> messages(McpHttp.Stream stream, int count) throws Exception {
        List<String> heard = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            heard.add(brief(stream.nextMessage()));
        }
        return heard;
    }

    private static String brief(JsonValue message) {
        JsonValue params = message.get("params").orElse(null);
        return switch (message.getString("method").orElse("result")) {
            case "notifications/progress" ->
                "progress " + params.get("progressToken").orElseThrow().toJson()
                        + params.get("progress").orElseThrow().toJson();
            case "notifications/message" -> "log " + params.getString("data").orElseThrow();
            default ->
                message.get("id").orElseThrow().toJson() + " "
                        + message.get("result")
                                .orElseThrow()
                                .get("content")
                                .orElseThrow()
                                .elements()
                                .get(0)
                                .getString("text")
                                .orElseThrow();
        };
    }

    @ParameterizedTest
    @CsvSource({"LEGACY,LEGACY", "MODERN,MODERN", "LEGACY,MODERN", "MODERN,LEGACY"})
    void whatComesOfACallComesInOrderAndToItsClientAlone(Era client, Era upstream) throws Exception {
        try (RemoteServer server = server(upstream);
                GatewayRig rig = new GatewayRig(server.upstream()).ready()) {
            List<String> users = List.of("ann", "bob");
            List<CompletableFuture<McpHttp.Stream>> streams = new ArrayList<>();
            List<Held> calls = new ArrayList<>();
            for (String user : users) {
                streams.add(RelayClient.of(client, rig.as(user)).stream("up__work"));
                calls.add(server.nextCall());
            }

            // When
            List<List<String>> said = List.of(new ArrayList<>(), new ArrayList<>());
            for (int i = 0; i < 20; i++) {
                for (int user = 0; user < 2; user++) {
                    String data = users.get(user) + i;
                    calls.get(user).progress(i).log(data);
                    said.get(user).addAll(List.of("progress \"p\"" + i, "log " + data));
                }
            }
            for (int user = 0; user < 2; user++) {
                calls.get(user).text("for " + users.get(user));
                said.get(user).add("7 for " + users.get(user));
            }

            for (int user = 0; user < 2; user++) {
                try (McpHttp.Stream stream = streams.get(user).get()) {
                    assertThat(messages(stream, 41)).isEqualTo(said.get(user));
                    assertThat(stream.nextEvent()).as("the end").isEmpty();
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"LEGACY", "MODERN"})
    @Incident("X3")
    void principalsNeverShareASessionWithAnUpstream(Era client) throws Exception {
        try (RemoteServer server = RemoteServer.legacy("up");
                GatewayRig rig = new GatewayRig(server.upstream()).ready()) {
            List<String> used = new ArrayList<>();

            // When
            for (String user : List.of("ann", "bob", "ann")) {
                RelayClient of = RelayClient.of(client, rig.as(user));
                CompletableFuture<McpHttp.Answer> answer = of.call("up__work");
                Held call = server.nextCall();
                used.add(call.session());
                call.text("done");
                assertThat(answer.get().result().toJson()).contains("done");
            }

            assertThat(used.get(1)).isNotEqualTo(used.get(0));
            assertThat(used)
                    .as("the gateway's own")
                    .doesNotContain(server.sessions().get(0));
            if (client == Era.MODERN) {
                assertThat(used.get(2)).isEqualTo(used.get(0));
            } else {
                assertThat(used).doesNotHaveDuplicates();
            }
        }
    }

    @Test
    void whatIsSaidOutsideCallsIsHeardByTheClientWhoseSessionItIsSaidIn() throws Exception {
        try (RemoteServer server = RemoteServer.legacy("up");
                GatewayRig rig = new GatewayRig(server.upstream()).ready()) {
            List<McpHttp.Stream> streams = new ArrayList<>();
            List<String> sessions = new ArrayList<>();
            for (String user : List.of("ann", "ann", "bob")) {
                RelayClient client = RelayClient.legacy(rig.as(user));
                streams.add(client.listen());
                CompletableFuture<McpHttp.Answer> answer = client.call("up__work");
                Held call = server.nextCall();
                sessions.add(call.session());
                call.text("done");
                answer.get();
            }

            // When
            for (int round = 0; round < 2; round++) {
                for (String session : sessions) {
                    server.tell(session, RemoteServer.logMessage(session + round));
                }
            }

            for (int i = 0; i < 3; i++) {
                assertThat(messages(streams.get(i), 2))
                        .containsExactly("log " + sessions.get(i) + 0, "log " + sessions.get(i) + 1);
                streams.get(i).close();
            }
        }
    }

    @Test
    void aMessageOutsideTheCallOnTheSessionsStreamDoesNotReachTheCall() throws Exception {
        try (RemoteServer server = RemoteServer.legacy("up");
                GatewayRig rig = new GatewayRig(server.upstream()).ready()) {
            RelayClient client = RelayClient.legacy(rig.as("ann"));
            CompletableFuture<McpHttp.Stream> stream = client.stream("up__work");
            Held call = server.nextCall();
            try (McpHttp.Stream listening = client.listen()) {
                // When
                server.tell(call.session(), RemoteServer.logMessage("outside"));
                assertThat(messages(listening, 1)).containsExactly("log outside");
                call.progress(1).text("done");

                assertThat(messages(stream.get(), 2)).containsExactly("progress \"p\"1", "7 done");
            }
        }
    }

    @Test
    void progressThatArrivesOnTheSessionsStreamReachesItsCall() throws Exception {
        try (RemoteServer server = RemoteServer.legacy("up");
                GatewayRig rig = new GatewayRig(server.upstream()).ready()) {
            CompletableFuture<McpHttp.Stream> stream = RelayClient.legacy(rig.as("ann")).stream("up__work");
            Held call = server.nextCall();

            // When
            server.tell(
                    call.session(),
                    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":"
                            + "{\"progressToken\":\"p\",\"progress\":1}}");

            assertThat(messages(stream.get(), 1)).containsExactly("progress \"p\"1");
            call.text("done");
            assertThat(messages(stream.get(), 1)).containsExactly("7 done");
        }
    }

    @Test
    void rootsThatChangedAreToldToTheSessionsOfThatClientOnly() throws Exception {
        try (RemoteServer server = RemoteServer.legacy("up");
                GatewayRig rig = new GatewayRig(server.upstream()).ready()) {
            List<RelayClient> clients = List.of(RelayClient.legacy(rig.as("ann")), RelayClient.legacy(rig.as("bob")));
            List<String> sessions = new ArrayList<>();
            for (RelayClient client : clients) {
                CompletableFuture<McpHttp.Answer> answer = client.call("up__work");
                Held call = server.nextCall();
                sessions.add(call.session());
                call.text("done");
                answer.get();
            }

            // When
            for (RelayClient client : clients) {
                client.post("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/roots/list_changed\"}");

                assertThat(server.next("notifications/roots/list_changed").session())
                        .isEqualTo(sessions.get(clients.indexOf(client)));
            }
        }
    }
}
