package io.sallyport.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.sallyport.filter.Decision;
import io.sallyport.filter.McpFilter;
import io.sallyport.filter.Stage;
import io.sallyport.protocol.ErrorCodes;
import io.sallyport.protocol.JsonValue;
import io.sallyport.spi.SecretResolver;
import io.sallyport.testing.Incident;
import io.sallyport.testing.McpHttp;
import io.sallyport.upstream.Upstream;
import io.sallyport.upstream.http.FakeHttpServer;
import io.sallyport.upstream.http.HttpUpstream;
import io.sallyport.upstream.http.McpScript;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class FixedArgumentsTest {

    private static final String TOOLS =
            "{\"resultType\":\"complete\",\"tools\":[{\"name\":\"find\",\"x\":1.50,\"inputSchema\":{\"type\":\"object\","
                    + "\"properties\":{\"text\":{\"type\":\"string\"},\"key\":{\"type\":\"string\"}},"
                    + "\"required\":[\"key\",\"text\"]}},{\"name\":\"other\",\"inputSchema\":{\"type\":\"object\","
                    + "\"properties\":{\"key\":{\"type\":\"string\"}},\"required\":[\"key\"]}}]}";

    private final List<SecretResolver.Use> uses = new CopyOnWriteArrayList<>();
    private final List<String> seenByFilters = new CopyOnWriteArrayList<>();
    private volatile Optional<String> value = Optional.of("canary-7f3a91");
    private FakeHttpServer server;
    private GatewayRig rig;
    private McpHttp client;

    @BeforeEach
    void start() throws Exception {
        server = new FakeHttpServer(McpScript.modern()
                .on("tools/list", exchange -> exchange.result(TOOLS))
                .on("tools/call", exchange -> exchange.result("{\"resultType\":\"complete\",\"content\":[]}")));
        Upstream far = HttpUpstream.at("far", server.uri()).build();
        McpFilter filter = McpFilter.onRequest(Stage.VALIDATE, (context, request) -> {
            seenByFilters.add(request.toJson());
            return Decision.proceed();
        });
        rig = new GatewayRig(
                        builder -> builder.filter(filter)
                                .fixedArgument("far", "find", "key", "key secret://acme/search")
                                .secretResolver((reference, use) -> {
                                    uses.add(use);
                                    return value.map(String::toCharArray);
                                }),
                        far)
                .ready();
        client = rig.as("ann");
    }

    @AfterEach
    void stop() throws Exception {
        rig.close();
        server.close();
    }

    private McpHttp.Answer call(String tool, String arguments) {
        return client.modern("tools/call", "{\"name\":\"far__" + tool + "\",\"arguments\":" + arguments + "}");
    }

    private JsonValue sent() {
        return JsonValue.trusted(server.received("tools/call").get(0).text())
                .get("params")
                .orElseThrow()
                .get("arguments")
                .orElseThrow();
    }

    private JsonValue tool(int index) {
        return client.modern("tools/list", "{}")
                .result()
                .get("tools")
                .orElseThrow()
                .elements()
                .get(index);
    }

    @Test
    void areNotInTheSchemaThatClientsSee() {
        assertThat(tool(0).get("inputSchema").orElseThrow().toJson())
                .isEqualTo(
                        "{\"type\":\"object\",\"properties\":{\"text\":{\"type\":\"string\"}},\"required\":[\"text\"]}");
        assertThat(tool(0).get("x").orElseThrow().toJson()).isEqualTo("1.50");
    }

    @Test
    void leaveOtherToolsAsTheyAre() {
        assertThat(tool(1).toJson()).contains("\"properties\":{\"key\"", "\"required\":[\"key\"]");
        call("other", "{\"key\":\"mine\"}");

        assertThat(sent().toJson()).isEqualTo("{\"key\":\"mine\"}");
    }

    @Test
    void arePutBehindThoseOfTheClient() {
        call("find", "{\"text\":\"secret://acme/search\",\"n\":1.50}");

        assertThat(sent().toJson())
                .isEqualTo("{\"text\":\"secret://acme/search\",\"n\":1.50,\"key\":\"key canary-7f3a91\"}");
    }

    @Test
    void arePutIntoACallWithoutArguments() {
        client.modern("tools/call", "{\"name\":\"far__find\"}");

        assertThat(sent().toJson()).isEqualTo("{\"key\":\"key canary-7f3a91\"}");
    }

    @Test
    void areSeenByNoFilter() {
        call("find", "{}");

        assertThat(seenByFilters)
                .isNotEmpty()
                .noneMatch(request -> request.contains("canary") || request.contains("key"));
    }

    @Test
    void tellTheResolverWhichHostTheyAreSentTo() {
        call("find", "{}");

        assertThat(uses)
                .containsExactly(new SecretResolver.Use(
                        "far", Optional.of("127.0.0.1:" + server.port()), SecretResolver.Use.ARGUMENT));
    }

    @Test
    void cannotBeGivenByAClientHoweverItWritesTheName() {
        for (String name : List.of("key", "\\u006bey")) {
            McpHttp.Answer answer = call("find", "{\"" + name + "\":\"mine\"}");

            assertThat(answer.errorCode()).isEqualTo(ErrorCodes.INVALID_PARAMS);
            assertThat(answer.body()).contains("Unknown argument: key");
        }
        assertThat(server.received("tools/call")).isEmpty();
    }

    @Test
    void areNotPutIntoWhatIsNoObject() {
        assertThat(call("find", "[1]").body()).contains("error");
        assertThat(server.received("tools/call")).isEmpty();
    }

    @Test
    @Incident("S131")
    void failTheCallWithoutAValue() {
        value = Optional.empty();

        McpHttp.Answer answer = call("find", "{\"text\":\"x\"}");

        assertThat(answer.body()).contains("\"code\":\"secret_unavailable\"").doesNotContain("acme/search");
        assertThat(server.received("tools/call")).isEmpty();
    }

    @Test
    void useAReplacedValueFromTheNextCallOn() {
        call("find", "{}");
        value = Optional.of("another-value");
        call("find", "{}");

        assertThat(server.received("tools/call").get(1).text()).contains("\"key another-value\"");
    }

    @Test
    @Incident("S39")
    void areRefusedIfAReferenceInThemIsNone() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> McpGateway.builder().fixedArgument("far", "find", "key", "secret://search"))
                .withMessageContaining("argument key of far's tool find")
                .withMessageContaining("\"secret://search\"");
    }

    @Test
    void areFixedOnce() {
        McpGateway.Builder builder = McpGateway.builder().fixedArgument("far", "find", "key", "one");

        assertThatIllegalArgumentException().isThrownBy(() -> builder.fixedArgument("far", "find", "key", "two"));
    }

    @Test
    void areRefusedForAnUpstreamThatThereIsNot() {
        McpGateway.Builder builder = McpGateway.builder()
                .allowAnonymous()
                .upstream(HttpUpstream.at("far", server.uri()).build())
                .fixedArgument("near", "find", "key", "x");

        assertThatIllegalArgumentException().isThrownBy(builder::build).withMessageContaining("\"near\"");
    }
}
