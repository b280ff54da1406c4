package io.sallyport.examples.gateway;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the command line says.
 *
 * @param address where to listen
 * @param port 0 for any that is free
 * @param config the file with the servers; without one the {@link EmbeddedDefault} is served
 * @param checkConfig whether to show the configuration instead of serving it
 * @param help whether to show how the program is used
 * @param settings each option and where its value comes from
 */
record Options(
        InetAddress address,
        int port,
        Optional<Path> config,
        boolean checkConfig,
        boolean help,
        List<Setting> settings) {

    static final String USAGE = """
            Usage: gateway [options]

              --host ADDRESS   where to listen (default: 127.0.0.1)
              --port N         the port; 0 takes any that is free (default: 8080)
              --config FILE    a file with mcpServers, as MCP clients have it (default: an embedded demo)
              --check-config   show every setting and where it comes from, and whether all is well; serve nothing
              --help           show this

            Prints "READY http://ADDRESS:PORT/mcp" to standard output once it serves; everything else goes to
            standard error. SIGTERM and Ctrl-C end it: calls under way are given 10 seconds.

            Exit codes: 0 ended as asked, 1 another failure, 2 bad options or configuration, 3 the port is taken.
            The last line says why.
            """;

    private static final List<String> WITH_VALUE = List.of("--host", "--port", "--config");
    private static final List<String> FLAGS = List.of("--check-config", "--help");
    private static final List<String> ALL = List.of("--host", "--port", "--config", "--check-config", "--help");

    /** Reads a command line; what is wrong with it is told to {@code problems}, and has its default then. */
    static Options parse(List<String> arguments, Problems problems) {
        Map<String, String> given = split(arguments, problems);
        String host = given.getOrDefault("--host", "127.0.0.1");
        String port = given.getOrDefault("--port", "8080");
        Optional<String> config = Optional.ofNullable(given.get("--config"));
        return new Options(
                address(host, problems),
                port(port, problems),
                config.flatMap(file -> path(file, problems)),
                given.containsKey("--check-config"),
                given.containsKey("--help"),
                List.of(
                        new Setting("--host", host, source(given, "--host")),
                        new Setting("--port", port, source(given, "--port")),
                        new Setting("--config", config.orElse("none: the embedded demo"), source(given, "--config"))));
    }

    private static Map<String, String> split(List<String> arguments, Problems problems) {
        Map<String, String> given = new LinkedHashMap<>();
        Deque<String> rest = new ArrayDeque<>(arguments);
        while (!rest.isEmpty()) {
            String argument = rest.remove();
            int equals = argument.indexOf('=');
            String name = equals < 0 ? argument : argument.substring(0, equals);
            if (given.containsKey(name)) {
                problems.add(name, "is given twice");
            }
            if (FLAGS.contains(name) && equals < 0) {
                given.put(name, "");
            } else if (!WITH_VALUE.contains(name)) {
                String meant = NearestKey.of(name, ALL)
                        .map(known -> "did you mean " + known + "?")
                        .orElse("known are " + String.join(", ", ALL));
                problems.add(argument, "is unknown; " + meant);
                if (equals < 0 && !rest.isEmpty() && !rest.peek().startsWith("--")) {
                    // Most likely the value of what was meant.
                    rest.remove();
                }
            } else if (equals >= 0) {
                given.put(name, argument.substring(equals + 1));
            } else if (rest.isEmpty() || rest.peek().startsWith("--")) {
                problems.add(name, "has no value");
            } else {
                given.put(name, rest.remove());
            }
        }
        return given;
    }

    private static String source(Map<String, String> given, String option) {
        return given.containsKey(option) ? "option" : "default";
    }

    private static InetAddress address(String host, Problems problems) {
        try {
            return InetAddress.getByName(host);
        } catch (UnknownHostException e) {
            problems.add("--host", "found " + host + ", which resolves to no address; expected one of this machine");
            return InetAddress.getLoopbackAddress();
        }
    }

    private static int port(String text, Problems problems) {
        if (text.matches("[0-9]{1,5}") && Integer.parseInt(text) <= 65_535) {
            return Integer.parseInt(text);
        }
        problems.add("--port", "found " + text + "; expected a number from 0 to 65535");
        return 0;
    }

    private static Optional<Path> path(String file, Problems problems) {
        try {
            return Optional.of(Path.of(file));
        } catch (InvalidPathException e) {
            problems.add("--config", "found " + file + ", which is no path: " + e.getReason());
            return Optional.empty();
        }
    }
}
