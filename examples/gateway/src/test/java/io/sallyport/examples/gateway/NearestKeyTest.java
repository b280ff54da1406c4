package io.sallyport.examples.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NearestKeyTest {

    private static final List<String> KNOWN = List.of("command", "args", "env", "headers", "url", "mcpServers");

    @ParameterizedTest
    @CsvSource({
        "comand, command",
        "Command, command",
        "commnad, command",
        "arg, args",
        "header, headers",
        "uri, url",
        "mcp_servers, mcpServers",
        "mcpServer, mcpServers",
    })
    void findsWhatWasMeant(String found, String meant) {
        assertThat(NearestKey.of(found, KNOWN)).contains(meant);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "timeout", "cwd", "servers"})
    void doesNotGuess(String found) {
        assertThat(NearestKey.of(found, KNOWN)).isEmpty();
    }
}
