package io.sallyport.gateway.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.McpHeaders;
import io.sallyport.protocol.ParamHeaders;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.RequestId;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class MirroredHeadersTest {

    private static final ParamHeaders REGION = ParamHeaders.of(JsonValue.trusted(
            "{\"type\":\"object\",\"properties\":{\"region\":{\"type\":\"string\",\"x-mcp-header\":\"Region\"}}}"));

    @Test
    void mirrorsTheArgumentsForAModernUpstreamOfALegacyClient() {
        assertThat(MirroredHeaders.of(REGION, callFor("eu"))).isEqualTo(Map.of("Mcp-Param-Region", "eu"));
    }

    @Test
    void mirrorsWhatAFilterHasMadeOfTheArguments() {
        Map<String, String> headers = MirroredHeaders.of(REGION, callFor("eu"), sent("mcp-param-region", "us"));

        assertThat(headers).isEqualTo(Map.of("Mcp-Param-Region", "eu"));
    }

    @Test
    void forwardsWhatMirrorsNothingKnownHere() {
        Map<String, String> headers = MirroredHeaders.of(ParamHeaders.NONE, callFor("eu"), sent("MCP-PARAM-Zone", "b"));

        assertThat(headers).isEqualTo(Map.of("MCP-PARAM-Zone", "b"));
    }

    @Test
    void forwardsNoOtherHeader() {
        assertThat(MirroredHeaders.of(ParamHeaders.NONE, callFor("eu"), sent("Authorization", "secret")))
                .isEmpty();
    }

    private static Request callFor(String region) {
        return Request.of(
                new RequestId("1"), "tools/call", Map.of("name", "deploy", "arguments", Map.of("region", region)));
    }

    private static McpHeaders.Source sent(String name, String value) {
        return new McpHeaders.Source() {
            @Override
            public List<String> values(String wanted) {
                return wanted.equalsIgnoreCase(name) ? List.of(value) : List.of();
            }

            @Override
            public Set<String> names() {
                return Set.of(name);
            }
        };
    }
}
