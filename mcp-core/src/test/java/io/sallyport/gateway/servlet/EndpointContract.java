package io.sallyport.gateway.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import io.sallyport.filter.Decision;
import io.sallyport.filter.McpFilter;
import io.sallyport.filter.Refusal;
import io.sallyport.filter.Stage;
import io.sallyport.gateway.Endpoint;
import io.sallyport.gateway.McpGateway;
import io.sallyport.protocol.JsonValue;
import io.sallyport.spi.Authentication;
import io.sallyport.spi.Principal;
import io.sallyport.testing.CapturedLog;
import io.sallyport.testing.Container;
import io.sallyport.testing.Incident;
import io.sallyport.testing.McpHttp;
import io.sallyport.upstream.local.Tool;
import io.sallyport.upstream.local.ToolResult;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What an endpoint does in every container, over real HTTP. */
abstract class EndpointContract {

    private final EndpointTools tools = new EndpointTools();
    private McpGateway gateway;
    private Container container;
    private int port;
    private McpHttp client;
    private McpHttp other;

    abstract Container container();

    @BeforeEach
    void start() throws Exception {
        gateway = McpGateway.builder()
                .upstream(tools.server)
                .endpoint(Endpoint.at("/mcp").transparent())
                .endpoint(Endpoint.at("/other").transparent())
                .authenticator(head -> head.single("X-User")
                        .map(user -> Authentication.accepted(new Principal("test", "client", user, "default")))
                        .orElseGet(() -> Authentication.unauthenticated("Bearer realm=\"test\"", "Who are you?")))
                .filter(McpFilter.onRequest(
                        Stage.AUTHORIZE,
                        (call, request) ->
                                call.target().filter("refuse"::equals).isPresent()
                                                && call.principal().subject().equals("eve")
                                        ? Decision.refuse(Refusal.forbidden("Not for you."))
                                        : Decision.proceed()))
                .build();
        gateway.start().get(10, TimeUnit.SECONDS);
        container = container();
        port = container.start(new McpServlet(gateway), "/mcp", "/other");
        client = as("ann", "/mcp");
        other = as("bob", "/mcp");
    }

    private McpHttp as(String user, String path) {
        McpHttp http = new McpHttp(URI.create("http://127.0.0.1:" + port + path));
        http.defaults().put("X-User", user);
        return http;
    }

    @AfterEach
    void stop() throws Exception {
        tools.release.countDown();
        gateway.close();
        container.stop();
    }

    @Nested
    class Modern {

        @Test
        void discoverTellsWhoServesAndWhat() {
            JsonValue result = client.modern("server/discover", "{}").result();

            assertThat(result.get("supportedVersions").orElseThrow().toJson()).isEqualTo("[\"2026-07-28\"]");
            assertThat(result.getString("instructions")).contains("Test tools.");
            assertThat(result.get("capabilities").orElseThrow().members())
                    .containsKeys("tools", "prompts", "resources", "completions");
            assertThat(result.getString("resultType")).contains("complete");
            assertThat(result.getString("cacheScope")).contains("private");
        }

        @Test
        void listsHaveTheDefinitionsAsTheyWereGiven() {
            JsonValue result = client.modern("tools/list", "{}").result();

            assertThat(result.get("tools").orElseThrow().elements())
                    .extracting(tool -> tool.getString("name").orElseThrow())
                    .contains("echo", "report", "region");
            assertThat(result.get("ttlMs").orElseThrow().asLong()).hasValue(0);
        }

        @Test
        void aCallIsAnsweredWithPlainJson() {
            McpHttp.Answer answer = client.modern("tools/call", "{\"name\":\"echo\",\"arguments\":{\"text\":\"hé\"}}");

            assertThat(answer.status()).isEqualTo(200);
            assertThat(answer.header("Content-Type")).contains("application/json");
            assertThat(answer.result().toJson()).contains("hé").contains("\"resultType\":\"complete\"");
        }

        @Test
        void whatComesBeforeTheResultMakesTheAnswerAStream() {
            McpHttp.Answer answer = client.modern("tools/call", "{\"name\":\"report\",\"arguments\":{}}");

            assertThat(answer.header("Content-Type")).contains("text/event-stream");
            assertThat(answer.header("X-Accel-Buffering")).contains("no");
            assertThat(answer.messages())
                    .extracting(message -> message.getString("method").orElse("result"))
                    .containsExactly(
                            "notifications/progress", "notifications/message", "notifications/progress", "result");
        }

        @Test
        void aClientThatTakesOnlyJsonGetsTheResultAlone() {
            McpHttp.Answer answer =
                    client.modern("tools/call", "{\"name\":\"report\",\"arguments\":{}}", "Accept", "application/json");

            assertThat(answer.header("Content-Type")).contains("application/json");
            assertThat(answer.result().toJson()).contains("reported");
        }

        @Test
        void aSlowCallBecomesAStreamThatIsKeptAlive() throws Exception {
            try (McpHttp.Stream stream = client.openModern("tools/call", "{\"name\":\"wait\",\"arguments\":{}}")) {
                assertThat(stream.header("Content-Type")).contains("text/event-stream");
                assertThat(stream.nextLine()).isEqualTo(":");
                tools.release.countDown();

                assertThat(stream.nextMessage().get("result").orElseThrow().toJson())
                        .contains("released");
            }
        }

        @Test
        void closingTheStreamCancelsTheCall() throws Exception {
            McpHttp.Stream stream = client.openModern("tools/call", "{\"name\":\"wait\",\"arguments\":{}}");
            stream.nextLine();

            stream.close();

            assertThat(tools.interrupted.await(10, TimeUnit.SECONDS)).isTrue();
        }

        @Test
        void aHandlerGetsItsInputInASecondRound() {
            String params = "{\"name\":\"ask\",\"arguments\":{}}";
            String[] headers = McpHttp.modernHeaders("tools/call", params);
            JsonValue first = client.post(McpHttp.modernBody("tools/call", params, "{\"elicitation\":{}}"), headers)
                    .result();
            assertThat(first.getString("resultType")).contains("input_required");
            String second = "{\"name\":\"ask\",\"arguments\":{},\"inputResponses\":{\"name\":{\"action\":\"accept\","
                    + "\"content\":{\"name\":\"Ann\"}}},\"requestState\":"
                    + first.get("requestState").orElseThrow().toJson() + "}";

            McpHttp.Answer answer =
                    client.post(McpHttp.modernBody("tools/call", second, "{\"elicitation\":{}}"), headers);

            assertThat(answer.result().toJson()).contains("Hello, Ann (seen)!");
            // Another principal cannot go on with it, nor can a changed one.
            assertThat(other.post(McpHttp.modernBody("tools/call", second, "{\"elicitation\":{}}"), headers)
                            .errorCode())
                    .isEqualTo(-32602);
        }

        @Test
        void aMissingCapabilityIsNamed() {
            McpHttp.Answer answer = client.modern("tools/call", "{\"name\":\"ask\",\"arguments\":{}}");

            assertThat(answer.status()).isEqualTo(400);
            assertThat(answer.errorCode()).isEqualTo(-32021);
            assertThat(answer.error().get("data").orElseThrow().toJson())
                    .isEqualTo("{\"requiredCapabilities\":{\"elicitation\":{}}}");
        }

        @ParameterizedTest
        @ValueSource(strings = {"initialize", "ping", "logging/setLevel", "resources/subscribe", "no/such"})
        void methodsOfTheOtherEraDoNotExist(String method) {
            McpHttp.Answer answer = client.modern(method, "{}");

            assertThat(answer.status()).isEqualTo(404);
            assertThat(answer.errorCode()).isEqualTo(-32601);
            assertThat(answer.message().get("id").orElseThrow().toJson()).isEqualTo("7");
        }

        @Test
        @Incident("S160")
        void aMistypedMethodIsNamedAsItIsWritten() {
            assertThat(client.modern("listTools", "{}").error().getString("message"))
                    .contains("Method not found: listTools; use tools/list");
        }

        @Test
        @Incident("S161")
        void argumentsHaveToBeAnObject() {
            McpHttp.Answer answer = client.modern("tools/call", "{\"name\":\"echo\",\"arguments\":\"x\"}");

            assertThat(answer.errorCode()).isEqualTo(-32602);
            assertThat(answer.error().getString("message")).contains("params.arguments must be an object");
        }

        @Test
        void aMirroredArgumentHasToAgree() {
            String params = "{\"name\":\"region\",\"arguments\":{\"region\":\"eu\"}}";

            assertThat(client.modern("tools/call", params).errorCode()).isEqualTo(-32020);
            assertThat(client.modern("tools/call", params, "Mcp-Param-Region", "us")
                            .errorCode())
                    .isEqualTo(-32020);
            assertThat(client.modern("tools/call", params, "Mcp-Param-Region", "eu")
                            .result()
                            .toJson())
                    .contains("in region");
        }

        @Test
        void listenAcknowledgesAndThenTellsWhatWasAskedFor() throws Exception {
            try (McpHttp.Stream stream = client.openModern(
                    "subscriptions/listen",
                    "{\"notifications\":{\"toolsListChanged\":true,"
                            + "\"resourceSubscriptions\":[\"test://fixed\"]}}")) {
                JsonValue acknowledged = stream.nextMessage();
                assertThat(acknowledged.getString("method")).contains("notifications/subscriptions/acknowledged");

                tools.server.add(Tool.named("late").handler(call -> ToolResult.text("late")));
                JsonValue changed = stream.nextMessage();
                tools.server.resourceUpdated("test://fixed");
                JsonValue updated = stream.nextMessage();

                assertThat(changed.getString("method")).contains("notifications/tools/list_changed");
                assertThat(changed.toJson()).contains("\"io.modelcontextprotocol/subscriptionId\":7");
                assertThat(updated.getString("method")).contains("notifications/resources/updated");
            }
            assertThat(client.modern("tools/list", "{}").result().toJson()).contains("\"late\"");
        }

        @Test
        void aNotificationIsAccepted() {
            McpHttp.Answer answer = client.post(
                    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":1}}",
                    "MCP-Protocol-Version",
                    "2026-07-28");

            assertThat(answer.status()).isEqualTo(202);
            assertThat(answer.body()).isEmpty();
        }

        @Test
        void whatAHandlerThrowsStaysHere() {
            McpHttp.Answer answer = client.modern("tools/call", "{\"name\":\"fail\",\"arguments\":{}}");

            assertThat(answer.result().toJson()).contains("\"isError\":true").doesNotContain("12345", "Exception");
        }

        @Test
        void argumentsThatDoNotFitAreToldToTheModel() {
            McpHttp.Answer answer = client.modern("tools/call", "{\"name\":\"echo\",\"arguments\":{}}");

            assertThat(answer.result().toJson()).contains("\"isError\":true", "\\\"text\\\" must be a string");
        }

        @Test
        void aRefusalSaysWhatItIs() {
            McpHttp.Answer answer = as("eve", "/mcp").modern("tools/call", "{\"name\":\"refuse\",\"arguments\":{}}");

            assertThat(answer.status()).isEqualTo(403);
            assertThat(answer.errorCode()).isEqualTo(40300);
            assertThat(answer.error().get("data").orElseThrow().getString("code"))
                    .contains("forbidden");
        }

        @Test
        void resourcesPromptsAndCompletionsAreServed() {
            assertThat(client.modern("resources/read", "{\"uri\":\"test://fixed\"}")
                            .result()
                            .toJson())
                    .contains("fixed text", "\"ttlMs\"", "\"cacheScope\"");
            assertThat(client.modern("resources/read", "{\"uri\":\"test://item/5\"}")
                            .result()
                            .toJson())
                    .contains("item 5");
            assertThat(client.modern("resources/read", "{\"uri\":\"test://none\"}")
                            .errorCode())
                    .isEqualTo(-32602);
            assertThat(client.modern("prompts/get", "{\"name\":\"greet\",\"arguments\":{\"who\":\"Bo\"}}")
                            .result()
                            .toJson())
                    .contains("Greet Bo");
            assertThat(client.modern(
                                    "completion/complete",
                                    "{\"ref\":{\"type\":\"ref/prompt\",\"name\":\"greet\"},"
                                            + "\"argument\":{\"name\":\"who\",\"value\":\"be\"}}")
                            .result()
                            .toJson())
                    .contains("beta");
        }
    }

    @Nested
    class Legacy {

        @Test
        void aSessionIsOpenedUsedAndEnded() {
            String session = client.initialize("{}");

            assertThat(session).matches("[\\x21-\\x7E]+");
            assertThat(client.legacy(session, 1, "tools/list", "{}").result().toJson())
                    .contains("\"echo\"")
                    .doesNotContain("resultType");
            assertThat(client.legacy(session, 2, "ping", "{}").result().toJson())
                    .isEqualTo("{}");
            McpHttp.Answer call =
                    client.legacy(session, 3, "tools/call", "{\"name\":\"echo\",\"arguments\":{\"text\":\"a\"}}");
            assertThat(call.result().toJson()).doesNotContain("resultType");
            assertThat(client.send("DELETE", "", "Mcp-Session-Id", session).status())
                    .isEqualTo(200);
            McpHttp.Answer after = client.legacy(session, 4, "ping", "{}");
            assertThat(after.status()).isEqualTo(404);
            assertThat(after.error().toJson()).contains("terminated_by_client");
        }

        @Test
        @Incident("S26")
        void aMissingSessionHeaderIsNamed() {
            McpHttp.Answer answer = client.post(McpHttp.legacyBody(1, "tools/list", "{}"));

            assertThat(answer.status()).isEqualTo(400);
            assertThat(answer.error().toJson()).contains("Mcp-Session-Id", "initialize", "proxy");
        }

        @Test
        @Incident("X3")
        void aSessionIsNobodyElsesAndNowhereElse() {
            String session = client.initialize("{}");
            String unknown = told(client.legacy("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 1, "ping", "{}"));

            assertThat(other.legacy(session, 1, "ping", "{}").status()).isEqualTo(404);
            assertThat(told(other.legacy(session, 1, "ping", "{}"))).isEqualTo(unknown);
            assertThat(told(as("ann", "/other").legacy(session, 1, "ping", "{}")))
                    .isEqualTo(unknown);
            assertThat(other.send("DELETE", "", "Mcp-Session-Id", session).status())
                    .isEqualTo(404);
            assertThat(other.send("GET", "", "Mcp-Session-Id", session).status())
                    .isEqualTo(404);
            assertThat(client.legacy(session, 1, "ping", "{}").status()).isEqualTo(200);
        }

        private static String told(McpHttp.Answer answer) {
            return answer.body().replaceFirst("\"correlationId\":\"[0-9a-f]+\"", "");
        }

        @Test
        @Incident("X4")
        void onlyInitializeOpensASession() {
            client.post(McpHttp.legacyBody(1, "tools/list", "{}"));
            client.post(McpHttp.legacyBody(1, "tools/list", "{}"), "Mcp-Session-Id", "invented");

            assertThat(gateway.sessions().statistics().live()).isZero();
        }

        @ParameterizedTest
        @CsvSource({"2025-03-26,2025-03-26", "2025-06-18,2025-06-18", "1999-01-01,2025-11-25", "2026-07-28,2025-11-25"})
        void theVersionIsNegotiated(String asked, String answered) {
            JsonValue result = client.post("{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":"
                            + "{\"protocolVersion\":\"" + asked + "\",\"capabilities\":{},"
                            + "\"clientInfo\":{\"name\":\"t\",\"version\":\"1\"}}}")
                    .result();

            assertThat(result.getString("protocolVersion")).contains(answered);
        }

        @Test
        void aVersionThatIsNotServedIsRefused() {
            String session = client.initialize("{}");

            McpHttp.Answer answer = client.legacy(session, 1, "ping", "{}", "MCP-Protocol-Version", "1900-01-01");

            assertThat(answer.status()).isEqualTo(400);
        }

        @Test
        void theStreamOfASessionTellsOfChanges() throws Exception {
            String session = client.initialize("{}");
            client.legacy(session, 1, "resources/subscribe", "{\"uri\":\"test://fixed\"}");
            try (McpHttp.Stream stream = client.open("GET", "", McpHttp.legacyHeaders(session))) {
                assertThat(stream.nextEvent()).hasSize(3).first(STRING).matches("id: s\\w+_0");

                tools.server.add(Tool.named("late").handler(call -> ToolResult.text("late")));
                assertThat(stream.nextMessage().getString("method")).contains("notifications/tools/list_changed");
                tools.server.resourceUpdated("test://fixed");
                assertThat(stream.nextMessage().getString("method")).contains("notifications/resources/updated");
            }
        }

        @Test
        void theClientIsAskedOnTheStreamOfItsCall() throws Exception {
            String session = client.initialize("{\"elicitation\":{}}");
            try (McpHttp.Stream stream =
                    client.openLegacy(session, 5, "tools/call", "{\"name\":\"ask\",\"arguments\":{}}")) {
                JsonValue question = stream.nextMessage();
                assertThat(question.getString("method")).contains("elicitation/create");

                McpHttp.Answer accepted = client.post(
                        "{\"jsonrpc\":\"2.0\",\"id\":"
                                + question.get("id").orElseThrow().toJson()
                                + ",\"result\":{\"action\":\"accept\",\"content\":{\"name\":\"Ann\"}}}",
                        McpHttp.legacyHeaders(session));

                assertThat(accepted.status()).isEqualTo(202);
                JsonValue answer = stream.nextMessage();
                assertThat(answer.get("id").orElseThrow().toJson()).isEqualTo("5");
                assertThat(answer.toJson()).contains("Hello, Ann (seen)!");
            }
        }

        @Test
        void aClientThatCannotBeAskedIsTold() {
            String session = client.initialize("{}");

            McpHttp.Answer answer = client.legacy(session, 5, "tools/call", "{\"name\":\"ask\",\"arguments\":{}}");

            assertThat(answer.error().toJson()).contains("elicitation");
        }

        @Test
        void cancellingEndsTheCall() throws Exception {
            String session = client.initialize("{}");
            McpHttp.Stream stream = client.openLegacy(session, 9, "tools/call", "{\"name\":\"wait\",\"arguments\":{}}");

            client.post(
                    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":9}}",
                    McpHttp.legacyHeaders(session));

            assertThat(tools.interrupted.await(10, TimeUnit.SECONDS)).isTrue();
            while (stream.nextLine() != null) {
                // The stream ends without an answer.
            }
        }

        @Test
        @Incident("S32")
        void aClientThatLostItsStreamGetsTheRest() throws Exception {
            String session = client.initialize("{}");
            String lastEvent;
            try (McpHttp.Stream stream =
                    client.openLegacy(session, 9, "tools/call", "{\"name\":\"wait\",\"arguments\":{}}")) {
                lastEvent = stream.nextEvent().get(0).substring("id: ".length());
            }
            tools.release.countDown();

            try (McpHttp.Stream stream =
                    client.open("GET", "", McpHttp.legacyHeaders(session, "Last-Event-ID", lastEvent))) {
                assertThat(stream.nextMessage().toJson()).contains("released").contains("\"id\":9");
                assertThat(stream.nextEvent()).isEmpty();
            }
        }

        @Test
        void aToolMayLetItsClientGoAndComeBack() throws Exception {
            String session = client.initialize("{}");
            String lastEvent;
            try (McpHttp.Stream stream =
                    client.openLegacy(session, 9, "tools/call", "{\"name\":\"leave\",\"arguments\":{}}")) {
                lastEvent = stream.nextEvent().get(0).substring("id: ".length());
                assertThat(stream.nextEvent()).containsExactly("retry: 10");
                assertThat(stream.nextEvent()).isEmpty();
            }

            try (McpHttp.Stream stream =
                    client.open("GET", "", McpHttp.legacyHeaders(session, "Last-Event-ID", lastEvent))) {
                assertThat(stream.nextMessage().toJson()).contains("back again");
            }
        }

        @Test
        void logMessagesFollowTheLevelThatWasSet() {
            String session = client.initialize("{}");
            client.legacy(session, 1, "logging/setLevel", "{\"level\":\"error\"}");

            McpHttp.Answer answer = client.legacy(session, 2, "tools/call", "{\"name\":\"report\",\"arguments\":{}}");

            assertThat(answer.body()).doesNotContain("notifications/message").contains("reported");
        }

        @Test
        void anUnknownResourceHasTheCodeOfItsEra() {
            String session = client.initialize("{}");

            assertThat(client.legacy(session, 1, "resources/read", "{\"uri\":\"test://none\"}")
                            .errorCode())
                    .isEqualTo(-32002);
        }
    }

    @Nested
    class Http {

        @Test
        @Incident("S213")
        void aRequestWithoutACredentialIsChallengedAndToldOf() {
            try (CapturedLog log = CapturedLog.of("io.sallyport.http")) {
                McpHttp.Answer answer = client.modern("tools/list", "{}", "X-User", "");

                assertThat(answer.status()).isEqualTo(401);
                assertThat(answer.header("WWW-Authenticate")).contains("Bearer realm=\"test\"");
                JsonValue data = answer.error().get("data").orElseThrow();
                assertThat(data.getString("code")).contains("unauthenticated");
                String correlationId = data.getString("correlationId").orElseThrow();
                assertThat(log.lines())
                        .anySatisfy(line -> assertThat(line).contains("authenticator", correlationId, "Who are you?"));
            }
        }

        @ParameterizedTest
        @CsvSource({"Host,evil.example", "Host,localhost.evil.example", "Origin,https://evil.example", "Origin,null"})
        void foreignHostsAndOriginsAreRefused(String header, String value) throws Exception {
            String body = McpHttp.modernBody("tools/list", "{}", "{}");

            String answer = RawHttp.exchange(
                    port,
                    "POST /mcp HTTP/1.1\r\n" + (header.equals("Host") ? "" : "Host: localhost\r\n") + header + ": "
                            + value + "\r\nContent-Type: application/json\r\nContent-Length: " + body.length()
                            + "\r\nConnection: close\r\n\r\n" + body);

            assertThat(answer).startsWith("HTTP/1.1 403");
        }

        @Test
        @Incident("S170")
        void aPreflightIsAnsweredBeforeAnybodyIsAskedWhoTheyAre() {
            McpHttp.Answer answer = client.send(
                    "OPTIONS",
                    "",
                    "X-User",
                    "",
                    "Origin",
                    "http://localhost:3000",
                    "Access-Control-Request-Method",
                    "POST",
                    "Access-Control-Request-Headers",
                    "mcp-param-region, content-type");

            assertThat(answer.status()).isEqualTo(204);
            assertThat(answer.header("Access-Control-Allow-Origin")).contains("http://localhost:3000");
            assertThat(answer.header("Access-Control-Allow-Headers").orElseThrow())
                    .contains("Mcp-Session-Id", "Last-Event-ID", "MCP-Protocol-Version", "mcp-param-region");
        }

        @Test
        @Incident("S35")
        void errorsCarryTheHeadersThatPagesNeedToReadThem() {
            McpHttp.Answer answer = client.modern("tools/list", "{}", "X-User", "", "Origin", "http://localhost:3000");

            assertThat(answer.status()).isEqualTo(401);
            assertThat(answer.header("Access-Control-Allow-Origin")).contains("http://localhost:3000");
            assertThat(answer.header("Access-Control-Expose-Headers").orElseThrow())
                    .contains("Mcp-Session-Id", "WWW-Authenticate");
        }

        @Test
        @Incident("S159")
        void aBodyWithoutAContentTypeIsTakenForJson() {
            assertThat(client.modern("tools/list", "{}", "Content-Type", "").status())
                    .isEqualTo(200);
        }

        @Test
        @Incident("S159")
        void aRequestWithoutAcceptIsServed() {
            assertThat(client.modern("tools/list", "{}", "Accept", "").status()).isEqualTo(200);
        }

        @ParameterizedTest
        @ValueSource(strings = {"text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16"})
        void otherContentTypesAreRefused(String type) {
            McpHttp.Answer answer = client.modern("tools/list", "{}", "Content-Type", type);

            assertThat(answer.status()).isEqualTo(415);
            assertThat(answer.body()).contains("application/json");
        }

        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                value = {
                    "<html></html>|-32700|HTML",
                    "{'a':1}|-32700|single quote",
                    "[]|-32600|batch",
                    "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"ping\"}|-32600|jsonrpc",
                    "{\"jsonrpc\":\"2.0\",\"id\":1}|-32600|method",
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\",\"method\":\"b\"}|-32700|twice"
                })
        @Incident("S158")
        @Incident("S161")
        void whatIsNoMessageIsNamed(String body, long code, String word) {
            McpHttp.Answer answer = client.post(body);

            assertThat(answer.status()).isEqualTo(400);
            assertThat(answer.errorCode()).isEqualTo(code);
            assertThat(answer.error().getString("message").orElseThrow()).contains(word);
        }

        @Test
        @Incident("X17")
        void aBodyIsCountedWhateverItsHeadersSay() throws Exception {
            String chunk = "a".repeat(64 * 1024);
            StringBuilder chunked = new StringBuilder("POST /mcp HTTP/1.1\r\nHost: localhost\r\nX-User: ann\r\n"
                    + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
            for (int i = 0; i < 17; i++) {
                chunked.append(Integer.toHexString(chunk.length()))
                        .append("\r\n")
                        .append(chunk)
                        .append("\r\n");
            }

            String answer = RawHttp.exchange(port, chunked.append("0\r\n\r\n").toString());

            assertThat(answer).startsWith("HTTP/1.1 413");
        }

        @Test
        void aBodyOfExactlyTheLimitIsRead() throws Exception {
            int limit = 1024 * 1024;
            String params = "{\"name\":\"echo\",\"arguments\":{\"text\":\"%s\"}}";
            int overhead =
                    McpHttp.modernBody("tools/call", params.formatted(""), "{}").length();
            String fits = params.formatted("a".repeat(limit - overhead));

            assertThat(client.modern("tools/call", fits).result().toJson()).hasSizeGreaterThan(limit - overhead);
            // Not by a client that is lost when the server answers, and closes, before it has read all.
            String tooLong = RawClient.head("POST", limit + 1, "X-User", "ann") + "a".repeat(limit + 1);
            assertThat(RawHttp.exchange(port, tooLong)).startsWith("HTTP/1.1 413");
        }

        @Test
        void otherPathsAndMethodsAreRefused() {
            assertThat(client.send("PUT", "{}").status()).isEqualTo(405);
            assertThat(client.send("PUT", "{}").header("Allow").orElseThrow()).contains("POST");
        }

        @Test
        void aGatewayThatEndsRefusesAndFinishesWhatIsUnderWay() throws Exception {
            McpHttp.Stream stream = client.openModern("tools/call", "{\"name\":\"wait\",\"arguments\":{}}");
            Thread closing = new Thread(() -> gateway.close(Duration.ofSeconds(10)));
            closing.start();
            while (gateway.isServing()) {
                Thread.onSpinWait();
            }

            assertThat(client.modern("tools/list", "{}").status()).isEqualTo(503);
            tools.release.countDown();
            assertThat(stream.nextMessage().toJson()).contains("released");
            closing.join();
        }

        @Test
        void manyCallsAtOnceGetEachItsOwnAnswer() {
            List<String> answers = java.util.stream.IntStream.range(0, 200)
                    .parallel()
                    .mapToObj(i -> client.modern(
                                    "tools/call", "{\"name\":\"echo\",\"arguments\":{\"text\":\"t" + i + "t\"}}")
                            .body())
                    .toList();

            for (int i = 0; i < answers.size(); i++) {
                assertThat(answers.get(i)).contains("\"t" + i + "t\"");
            }
        }
    }
}
