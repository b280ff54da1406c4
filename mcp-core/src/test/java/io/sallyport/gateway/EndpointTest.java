package io.sallyport.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.catalogue.Exposure;
import io.sallyport.catalogue.Kind;
import io.sallyport.gateway.internal.EndpointSettings;
import io.sallyport.testing.Incident;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EndpointTest {

    private static final List<String> KNOWN = List.of("github", "files");
    private static final Endpoint MCP = Endpoint.at("/mcp");

    @Test
    void theDefaultsAreThoseThatAreDocumented() {
        EndpointSettings settings = MCP.resolve(KNOWN);

        assertThat(settings.path()).isEqualTo("/mcp");
        assertThat(settings.upstreams()).isEqualTo(KNOWN);
        assertThat(settings.naming().isTransparent()).isFalse();
        assertThat(settings.naming().exposure("files", Kind.TOOL, "read")).isSameAs(Exposure.AS_IT_IS);
        assertThat(settings.naming().isConfigured(Kind.TOOL, "read")).isFalse();
        assertThat(settings.hideWhenDown()).isFalse();
        assertThat(settings.title()).isEmpty();
        assertThat(settings.instructions()).isEmpty();
    }

    @Test
    void eachMethodChangesOneThingAndLeavesTheOriginalAlone() {
        EndpointSettings settings = MCP.upstreams("files")
                .transparent()
                .hideWhenDown()
                .title("Files")
                .instructions("Read first.")
                .tool("files", "read", Exposure.AS_IT_IS.name("open"))
                .prompt("files", "read", Exposure.HIDDEN)
                .resolve(KNOWN);

        assertThat(settings.path()).isEqualTo("/mcp");
        assertThat(settings.upstreams()).containsExactly("files");
        assertThat(settings.naming().isTransparent()).isTrue();
        assertThat(settings.naming().exposure("files", Kind.TOOL, "read").configuredName())
                .contains("open");
        assertThat(settings.naming().exposure("files", Kind.PROMPT, "read")).isSameAs(Exposure.HIDDEN);
        assertThat(settings.naming().isConfigured(Kind.TOOL, "open")).isTrue();
        assertThat(settings.naming().isConfigured(Kind.PROMPT, "open")).isFalse();
        assertThat(settings.hideWhenDown()).isTrue();
        assertThat(settings.title()).contains("Files");
        assertThat(settings.instructions()).contains("Read first.");
        theDefaultsAreThoseThatAreDocumented();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/mcp", "/team/mcp", "/a/b/c", "/v1.0_~-"})
    void pathsAreTaken(String path) {
        assertThat(Endpoint.at(path).path()).isEqualTo(path);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "/", "mcp", "/mcp/", "//mcp", "/mcp?x", "/m cp", "/mcp/*", "/%6dcp", "/mcp;a", "/é"})
    void whatIsNoPathIsRefused(String path) {
        assertThatThrownBy(() -> Endpoint.at(path))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a path is like \"/mcp\" or \"/team/mcp\", but was \"" + path + "\"");
    }

    @Test
    void noUpstreamsDoesNotMeanAllOfThem() {
        assertThatThrownBy(() -> MCP.upstreams(new String[0]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("endpoint /mcp needs an upstream; without upstreams(…) it has all of them");
    }

    @Test
    void anUpstreamStandsOnce() {
        assertThatThrownBy(() -> MCP.upstreams("files", "github", "files"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("endpoint /mcp names \"files\" twice");
    }

    @Test
    void upstreamsThatTheGatewayDoesNotHaveAreRefused() {
        assertThatThrownBy(() -> MCP.upstreams("files", "gihub", "other").resolve(KNOWN))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("endpoint /mcp names upstreams that it does not have: [gihub, other]; its upstreams are "
                        + "[files, gihub, other], the gateway's [github, files]");
    }

    @Test
    void whatIsHiddenOfAnUpstreamThatIsNotThereWouldNotBeHidden() {
        assertThatThrownBy(() -> MCP.upstreams("files")
                        .tool("github", "drop", Exposure.HIDDEN)
                        .resolve(KNOWN))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("does not have: [github]; its upstreams are [files]");
    }

    @Test
    void aTransparentEndpointHasOneUpstream() {
        assertThat(MCP.transparent().resolve(List.of("files")).upstreams()).containsExactly("files");
        assertThatThrownBy(() -> MCP.transparent().resolve(KNOWN))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("endpoint /mcp is transparent, which needs exactly one upstream, but has [github, files]; "
                        + "name one with upstreams(…)");
    }

    @Test
    @Incident("X2")
    void oneNameForTwoToolsIsRefused() {
        Endpoint one = MCP.tool("github", "search", Exposure.AS_IT_IS.name("search"));

        assertThatThrownBy(() -> one.tool("files", "find", Exposure.AS_IT_IS.name("search")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("two definitions are named \"search\" at /mcp; give one of them another name");
        one.prompt("files", "find", Exposure.AS_IT_IS.name("search"));
        one.tool("github", "search", Exposure.AS_IT_IS.name("search").title("Search"));
    }
}
