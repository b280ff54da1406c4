package io.sallyport.examples.gateway;

import io.sallyport.gateway.UpstreamStatus;
import java.io.PrintStream;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** What a person reads after the start: where the gateway is, what is behind it, and what to try. */
final class Banner {

    private Banner() {}

    static void print(Options options, Configuration configuration, GatewayHost host, PrintStream out) {
        out.println();
        out.println("Sallyport gateway");
        out.println("  url        " + host.url());
        out.println("  bound to   " + host.address().getHostAddress() + ", port " + host.port());
        out.println("  process    " + ProcessHandle.current().pid());
        out.println("  config     " + configuration.origin());
        printUpstreams(configuration, host.upstreams(), out);
        configuration.notes().forEach(note -> out.println("  note       " + note));
        warnings(host.address(), isContainer()).forEach(warning -> out.println("  warning    " + warning));
        printCommands(options, host, out);
        out.println();
    }

    private static void printUpstreams(Configuration configuration, List<UpstreamStatus> states, PrintStream out) {
        Map<String, String> kinds = configuration.servers().stream()
                .collect(Collectors.toMap(ConfiguredServer::name, ConfiguredServer::kind));
        String title = "upstreams";
        for (UpstreamStatus state : states) {
            out.printf(
                    "  %-10s %s (%s): %s%s%n",
                    title,
                    state.name(),
                    kinds.get(state.name()),
                    state.state(),
                    state.problem().map(why -> ", " + why).orElse(""));
            title = "";
        }
    }

    private static boolean isContainer() {
        return Files.exists(Path.of("/.dockerenv")) || Files.exists(Path.of("/run/.containerenv"));
    }

    /** Returns why somebody may not get here who thinks that he should. */
    static List<String> warnings(InetAddress bound, boolean inContainer) {
        if (!bound.isLoopbackAddress()) {
            return List.of("bound to more than this machine, but only requests from it are served: this example"
                    + " checks no credentials");
        }
        return inContainer
                ? List.of("this is a container, and " + bound.getHostAddress()
                        + " is the container itself: nothing outside of it gets here")
                : List.of();
    }

    private static void printCommands(Options options, GatewayHost host, PrintStream out) {
        out.println();
        out.println("Try");
        out.println(curl(host, "tools/list", "", ""));
        if (options.config().isEmpty()) {
            out.println();
            out.println(curl(
                    host,
                    "tools/call",
                    " -H 'Mcp-Name: " + EmbeddedDefault.TOOL_TO_TRY + "'",
                    "\"name\":\"" + EmbeddedDefault.TOOL_TO_TRY
                            + "\",\"arguments\":{\"text\":\"To be, or not to be\"},"));
        }
    }

    /** Returns a request of revision 2026-07-28, which needs no session: one command is a whole conversation. */
    private static String curl(GatewayHost host, String method, String header, String params) {
        return """
              curl -s %s \\
                -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' \\
                -H 'MCP-Protocol-Version: 2026-07-28' -H 'Mcp-Method: %s'%s \\
                -d '{"jsonrpc":"2.0","id":1,"method":"%s","params":{%s"_meta":{\
            "io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}'""".formatted(host.url(), method, header, method, params);
    }
}
