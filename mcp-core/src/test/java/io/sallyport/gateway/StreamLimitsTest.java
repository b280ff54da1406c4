package io.sallyport.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.gateway.RemoteServer.Held;
import io.sallyport.protocol.Era;
import io.sallyport.spi.SessionStore;
import io.sallyport.testing.Incident;
import io.sallyport.testing.McpHttp;
import io.sallyport.testing.Waiting;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** How much one principal may hold, and what becomes of who does not read. */
@Timeout(30)
class StreamLimitsTest {

    private static final String LISTEN = "{\"notifications\":{\"toolsListChanged\":true}}";

    @Test
    @Incident("S32")
    void sixteenStreamsPerPrincipalAreOpenAndNoneMore() throws Exception {
        try (RemoteServer server = RemoteServer.legacy("up");
                GatewayRig rig = new GatewayRig(server.upstream()).ready()) {
            McpHttp ann = rig.as("ann");
            List<McpHttp.Stream> open = new ArrayList<>();
            RelayClient first = RelayClient.legacy(ann);
            open.add(first.listen());
            while (open.size() < 16) {
                open.add(
                        open.size() % 2 == 0
                                ? RelayClient.legacy(ann).listen()
                                : RelayClient.modern(ann).listen());
            }
            RelayClient another = RelayClient.legacy(ann);

            // When
            List<McpHttp.Answer> refused = List.of(
                    ann.modern("subscriptions/listen", LISTEN),
                    ann.send("GET", "", McpHttp.legacyHeaders(another.session())));

            assertThat(refused).allSatisfy(answer -> {
                assertThat(answer.status()).isEqualTo(429);
                assertThat(answer.errorCode()).isEqualTo(42900);
                assertThat(answer.error().get("data").orElseThrow().toJson())
                        .contains("\"code\":\"rate_limited\"", "\"retryable\":true", "\"remedy\"");
            });
            RelayClient.modern(rig.as("bob")).listen().close();
            ann.send("DELETE", "", McpHttp.legacyHeaders(first.session()));
            assertThat(open.get(0).nextEvent()).isEmpty();
            McpHttp.Stream inItsPlace = Waiting.until("its place is free", () -> {
                McpHttp.Stream stream = ann.openModern("subscriptions/listen", LISTEN);
                return stream.status() == 200 ? stream : null;
            });
            inItsPlace.close();
            for (McpHttp.Stream stream : open) {
                stream.close();
            }
        }
    }

    @Test
    @Incident("S24")
    @Incident("S162")
    void theTwentyFirstSessionOfAPrincipalTakesThePlaceOfTheOneUnusedLongest() throws Exception {
        try (RemoteServer server = RemoteServer.legacy("up");
                GatewayRig rig = new GatewayRig(server.upstream()).ready()) {
            McpHttp ann = rig.as("ann");
            RelayClient bobs = RelayClient.legacy(rig.as("bob"));
            List<RelayClient> clients = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                clients.add(RelayClient.legacy(ann));
            }
            CompletableFuture<McpHttp.Answer> used = clients.get(1).call("up__work");
            String upstreamSession = callOf(server);
            used.get();
            clients.get(0).tools();
            for (int i = 2; i < 20; i++) {
                clients.get(i).tools();
            }

            // When
            clients.add(RelayClient.legacy(ann));

            for (int i = 0; i < 21; i++) {
                McpHttp.Answer answer = clients.get(i).request("ping", "{}");
                assertThat(answer.status()).as("session " + i).isEqualTo(i == 1 ? 404 : 200);
                if (i == 1) {
                    assertThat(answer.error().toJson()).contains("evicted");
                }
            }
            assertThat(bobs.request("ping", "{}").status()).isEqualTo(200);
            Waiting.until(
                    "its session upstream is ended",
                    () -> server.http().received().stream()
                            .filter(exchange -> exchange.method().equals("DELETE")
                                    && exchange.session().equals(upstreamSession))
                            .findFirst()
                            .orElse(null));
        }
    }

    private static String callOf(RemoteServer server) throws Exception {
        Held call = server.nextCall();
        call.text("done");
        return call.session();
    }

    @Test
    void whenThereIsRoomForNoMoreSessionsOthersAreRefused() throws Exception {
        SessionStore.Bounds one = new SessionStore.Bounds(Duration.ofMinutes(1), Duration.ofMinutes(1), 1, 1);
        try (RemoteServer server = RemoteServer.legacy("up");
                GatewayRig rig = new GatewayRig(builder -> builder.sessionBounds(one), server.upstream()).ready()) {
            RelayClient ann = RelayClient.legacy(rig.as("ann"));

            // When
            McpHttp.Answer answer = rig.as("bob")
                    .post("{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"
                            + "\"2025-11-25\",\"capabilities\":{},\"clientInfo\":{\"name\":\"t\",\"version\":\"1\"}}}");

            assertThat(answer.status()).isEqualTo(503);
            assertThat(answer.errorCode()).isEqualTo(50301);
            assertThat(answer.header("Retry-After")).isPresent();
            assertThat(ann.request("ping", "{}").status()).isEqualTo(200);
        }
    }

    @ParameterizedTest
    @EnumSource(Era.class)
    void aStreamThatIsNotReadIsClosedAndNothingElseSuffers(Era era) throws Exception {
        try (RemoteServer server = RemoteServer.legacy("up");
                GatewayRig rig = new GatewayRig(
                                builder -> builder.streamBufferBytes(64 * 1024).callDeadline(Duration.ofSeconds(30)),
                                server.upstream())
                        .ready()) {
            RelayClient reader = RelayClient.legacy(rig.as("bob"));
            CompletableFuture<McpHttp.Stream> read = reader.stream("up__work");
            Held bobsCall = server.nextCall();
            try (Socket idle = new Socket()) {
                idle.setReceiveBufferSize(4096);
                idle.connect(new InetSocketAddress("127.0.0.1", rig.port));
                RelayClient ann = RelayClient.of(era, rig.as("ann"));
                ann.send(idle, "up__work");
                Held call = server.nextCall().progress(1);
                String begun = awaitText(idle, "notifications/progress");

                // When
                String large = "x".repeat(100_000);
                CompletableFuture<Integer> sending = RelayClient.meanwhile(() -> flood(call, large));

                bobsCall.progress(1).text("well");
                assertThat(read.get().nextMessage().getString("method")).contains("notifications/progress");
                assertThat(read.get().nextMessage().toJson()).contains("well");
                if (era == Era.MODERN) {
                    // The stream was the call: it is cancelled upstream.
                    assertThat(server.next("notifications/cancelled").session()).isEqualTo(call.session());
                    sending.cancel(true);
                } else {
                    sending.get();
                    call.text("done");
                    awaitEnd(idle);
                    // The call went on; its client gets what was kept for it.
                    try (McpHttp.Stream back = ann.http()
                            .open(
                                    "GET",
                                    "",
                                    McpHttp.legacyHeaders(ann.session(), "Last-Event-ID", lastEventId(begun)))) {
                        String last = back.nextMessage().toJson();
                        while (!last.contains("\"result\"")) {
                            last = back.nextMessage().toJson();
                        }
                        assertThat(last).contains("done");
                    }
                }
            }
        }
    }

    private static String lastEventId(String read) {
        int begin = read.lastIndexOf("id: ") + "id: ".length();
        return read.substring(begin, read.indexOf('\n', begin)).strip();
    }

    /** Reads until a text has come and returns what was read. */
    private static String awaitText(Socket socket, String text) throws Exception {
        socket.setSoTimeout(10_000);
        StringBuilder read = new StringBuilder();
        while (read.indexOf(text) < 0) {
            int next = socket.getInputStream().read();
            assertThat(next).isNotNegative();
            read.append((char) next);
        }
        return read.toString();
    }

    /** Says more than any buffer holds, until nobody wants to hear it. */
    private static int flood(Held call, String large) {
        for (int i = 0; i < 120; i++) {
            try {
                call.log(large);
            } catch (Exception cancelled) {
                return i;
            }
        }
        return 120;
    }

    /** Reads what was sent, to the end: that of the answer, or that of the connection. */
    private static void awaitEnd(Socket socket) throws Exception {
        socket.setSoTimeout(10_000);
        InputStream in = socket.getInputStream();
        byte[] buffer = new byte[64 * 1024];
        StringBuilder tail = new StringBuilder();
        try {
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                tail.append(new String(buffer, Math.max(0, read - 100), Math.min(100, read), StandardCharsets.UTF_8));
                if (tail.toString().endsWith("\r\n0\r\n\r\n")) {
                    break;
                }
            }
        } catch (java.net.SocketException reset) {
            // An end as well.
        }
        assertThat(tail).doesNotContain("done");
    }

    @Test
    @Incident("S33")
    void idleStreamsOfBothErasGetAComment() throws Exception {
        Duration heartbeat = Duration.ofSeconds(3);
        try (RemoteServer server = RemoteServer.legacy("up");
                GatewayRig rig =
                        new GatewayRig(builder -> builder.idleHeartbeat(heartbeat), server.upstream()).ready()) {
            for (Era era : Era.values()) {
                try (McpHttp.Stream stream = RelayClient.of(era, rig.as("ann")).listen()) {
                    // When
                    rig.pass(heartbeat.plusMillis(1));

                    assertThat(stream.nextLine()).isEqualTo(":");
                }
            }
        }
    }

    @Test
    @Incident("S32")
    void manyShortStreamsDoNotCostALongOneWhatItHasToSay() throws Exception {
        try (RemoteServer server = RemoteServer.legacy("up");
                GatewayRig rig = new GatewayRig(server.upstream()).ready()) {
            RelayClient client = RelayClient.legacy(rig.as("ann"));
            CompletableFuture<McpHttp.Stream> stream = client.stream(1, "up__work");
            Held longCall = server.nextCall().progress(1);
            String lastEvent = stream.get().nextEvent().get(0).substring("id: ".length());
            stream.get().close();
            for (int i = 0; i < 70; i++) {
                CompletableFuture<McpHttp.Answer> answer = client.call("up__work");
                server.nextCall().log("short").text("short");
                answer.get();
            }

            // When
            longCall.progress(2).text("long");

            try (McpHttp.Stream back = client.http()
                    .open("GET", "", McpHttp.legacyHeaders(client.session(), "Last-Event-ID", lastEvent))) {
                assertThat(back.nextMessage().toJson()).contains("\"progress\":1");
                assertThat(back.nextMessage().toJson()).contains("\"progress\":2");
                assertThat(back.nextMessage().toJson()).contains("long");
            }
        }
    }

    @Test
    void aThousandResourcesPerSessionAreWatchedAndNoneMore() throws Exception {
        try (RemoteServer server = RemoteServer.legacy("up");
                GatewayRig rig = new GatewayRig(server.upstream()).ready()) {
            RelayClient ann = RelayClient.legacy(rig.as("ann"));
            for (int i = 0; i < 1000; i++) {
                assertThat(subscribe(ann, i).status()).isEqualTo(200);
            }

            assertThat(subscribe(ann, 1000).error().get("data").orElseThrow().getString("code"))
                    .contains("rate_limited");
            assertThat(subscribe(ann, 7).status()).as("watched already").isEqualTo(200);
        }
    }

    private static McpHttp.Answer subscribe(RelayClient client, int number) {
        return client.request("resources/subscribe", "{\"uri\":\"test://up" + number + "\"}");
    }
}
