package io.sallyport.examples.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.JsonValue;
import io.sallyport.testing.Incident;
import io.sallyport.testing.McpHttp;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MainIT {

    private static final String TEXT = "{\"name\":\"demo__text_stats\",\"arguments\":{\"text\":\"to be or not\"}}";

    @TempDir
    Path directory;

    @Test
    @Incident("S20")
    @Incident("S21")
    @Incident("S54")
    @Incident("S203")
    @Incident("S207")
    @Incident("S208")
    void servesTheEmbeddedDefaultToBothErasUntilItIsTold() throws Exception {
        try (GatewayProcess gateway = new GatewayProcess(directory, "--port", "0")) {
            URI url = gateway.awaitReady();
            List<ProcessHandle> children = gateway.children();

            assertThat(url).hasHost("127.0.0.1").hasPath("/mcp");
            assertThat(children).isNotEmpty();
            servesBothEras(new McpHttp(url));
            assertThat(health(url, "live")).isEqualTo("{\"status\":\"up\"}");
            assertThat(health(url, "ready")).isEqualTo("{\"status\":\"ready\"}");
            assertThat(gateway.err())
                    .contains(
                            "  url        " + url,
                            "  bound to   127.0.0.1, port " + url.getPort(),
                            "  process    " + gateway.pid(),
                            "  upstreams  demo (stdio): ready",
                            "             local (local): ready");

            gateway.terminate();

            assertThat(gateway.awaitEnd()).isZero();
            assertThat(gateway.out()).containsExactly("READY " + url);
            assertThat(children).allSatisfy(child -> child.onExit().get());
        }
    }

    private static String health(URI url, String what) {
        return new McpHttp(url.resolve("/health/" + what)).send("GET", "").body();
    }

    private static void servesBothEras(McpHttp client) {
        JsonValue tools =
                client.modern("tools/list", "{}").result().get("tools").orElseThrow();
        assertThat(names(tools)).contains("demo__text_stats", "demo__time_in_zone", "local__sha256", "local__new_uuid");
        assertThat(client.modern("tools/call", TEXT).result().toJson()).contains("4 words");

        String session = client.initialize("{}");
        assertThat(client.legacy(session, 1, "tools/call", TEXT).result().toJson())
                .contains("4 words");
        assertThat(client.legacy(session, 2, "tools/call", "{\"name\":\"local__sha256\",\"arguments\":{\"text\":\"\"}}")
                        .result()
                        .toJson())
                .contains("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }

    private static Stream<String> names(JsonValue tools) {
        return tools.elements().stream().flatMap(tool -> tool.getString("name").stream());
    }

    @Test
    @Incident("S23")
    @Incident("S110")
    void servesWhatIsThereWhenAServerIsNot() throws Exception {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        Path config = write("{\"mcpServers\": {\"mine\": {\"command\": \"" + java + "\", \"args\": [\"-cp\", \"${CP:-"
                + System.getProperty("java.class.path") + "}\", \"" + DemoServer.class.getName() + "\"],"
                + "\"disabledTools\": [\"text_stats\"]}, \"gone\": {\"command\": \"no-such-program\"},"
                + "\"refused\": {\"url\": \"http://127.0.0.1:" + freePort() + "/mcp\"}}}");

        try (GatewayProcess gateway = new GatewayProcess(directory, "--port", "0", "--config", config.toString())) {
            McpHttp client = new McpHttp(gateway.awaitReady());
            JsonValue tools =
                    client.modern("tools/list", "{}").result().get("tools").orElseThrow();

            assertThat(names(tools)).containsExactly("mine__time_in_zone");
            assertThat(gateway.err())
                    .contains("  upstreams  mine (stdio): ready")
                    .anyMatch(line -> line.startsWith("             gone (stdio): down, UNREACHABLE: command"
                            + " `no-such-program` not found on PATH="))
                    .anyMatch(line -> line.startsWith("             refused (http): down, UNREACHABLE: refused: "))
                    .anyMatch(line -> line.matches("  config     " + config + ", sha256 [0-9a-f]{16}"));
        }
    }

    @Test
    @Incident("S55")
    @Incident("S98")
    @Incident("S149")
    @Incident("S192")
    void saysWhoHasThePort() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                GatewayProcess gateway =
                        new GatewayProcess(directory, "--port", Integer.toString(taken.getLocalPort()))) {
            assertThat(gateway.awaitEnd()).isEqualTo(ExitCode.PORT_TAKEN.number());

            String taken3 = "sallyport: port " + taken.getLocalPort() + " is taken";
            boolean linux = Files.exists(Path.of("/proc/net/tcp"));
            String holder = linux ? " by process " + ProcessHandle.current().pid() + " (" : ";";
            assertThat(gateway.lastLine()).startsWith(taken3 + holder).endsWith("or any with --port 0");
            assertThat(gateway.out()).isEmpty();
        }
    }

    @Test
    @Incident("S97")
    @Incident("S100")
    @Incident("S148")
    @Incident("S190")
    void endsWithTheReasonWhenTheConfigurationIsWrong() throws Exception {
        Path config = write("{\"mcpServers\": {\"a\": {\"comand\": \"npx\"}, \"b\": {\"url\": \"nowhere\"}}}");

        try (GatewayProcess gateway = new GatewayProcess(directory, "--port", "x", "--config", config.toString())) {
            assertThat(gateway.awaitEnd()).isEqualTo(ExitCode.BAD_CONFIGURATION.number());

            assertThat(gateway.err())
                    .containsExactly(
                            "problem: --port: found x; expected a number from 0 to 65535",
                            "problem: mcpServers.a.comand: is unknown; did you mean command?",
                            "problem: mcpServers.b.url: found nowhere; expected http://… or https://… with a host",
                            "sallyport: 3 problems in options and configuration, listed above");
        }
    }

    @Test
    @Incident("S151")
    void checksAConfigurationWithoutServingIt() throws Exception {
        Path config = write("{\"mcpServers\": {\"a\": {\"url\": \"https://h.example/mcp\"}}}");

        try (GatewayProcess gateway = new GatewayProcess(directory, "--check-config", "--config", config.toString())) {
            assertThat(gateway.awaitEnd()).isZero();

            assertThat(gateway.out()).endsWith("OK");
            assertThat(gateway.err()).isEmpty();
        }
    }

    private static int freePort() throws Exception {
        try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return probe.getLocalPort();
        }
    }

    private Path write(String config) throws Exception {
        return Files.writeString(directory.resolve("mcp.json"), config);
    }
}
