package io.sallyport.sandbox.remote;

import static java.util.Objects.requireNonNull;

import io.sallyport.protocol.JsonValue;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/**
 * A server that is to be registered in the sandbox service of MCPbox: a name, and tools in Python. Its tools reach no host.
 * Immutable.
 *
 * @since 0.1
 */
public final class McpboxServer {

    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9_]{0,254}");
    private static final int MOST_CODE_CHARS = 102_400;
    private static final int MOST_TOOLS = 1000;

    private final String name;
    private final List<Map<String, Object>> tools;
    private final Supplier<Map<String, char[]>> secrets;

    private McpboxServer(Builder builder) {
        this.name = builder.name;
        this.tools = List.copyOf(builder.tools.values());
        this.secrets = builder.secrets;
    }

    /**
     * Returns a builder.
     *
     * @param name of the server, by which it is known in the service, too: a lower-case letter, then those, digits and
     *     {@code _}, without {@code __}
     * @throws IllegalArgumentException if that is no such name
     */
    public static Builder builder(String name) {
        return new Builder(name);
    }

    /** Returns its name. */
    public String name() {
        return name;
    }

    /** Returns how many tools it has. */
    public int tools() {
        return tools.size();
    }

    /** Returns what the service is to be told. */
    Map<String, Object> registration() {
        Map<String, Object> known = new LinkedHashMap<>();
        secrets.get().forEach((secret, value) -> {
            known.put(secret, new String(value));
            Arrays.fill(value, '\0');
        });
        Map<String, Object> registration = new LinkedHashMap<>();
        registration.put("server_id", name);
        registration.put("server_name", name);
        registration.put("tools", tools);
        registration.put("allowed_modules", null);
        registration.put("secrets", known);
        registration.put("external_sources", List.of());
        registration.put("allowed_hosts", List.of());
        return registration;
    }

    /** Never what its tools are made of. */
    @Override
    public String toString() {
        return "McpboxServer[" + name + ", " + tools.size() + " tools]";
    }

    private static String checked(String kind, String name) {
        if (!NAME.matcher(name).matches() || name.contains("__")) {
            throw new IllegalArgumentException(kind
                    + " must be a lower-case letter, then those, digits and _, without __, but was \"" + name + "\"");
        }
        return name;
    }

    /** Puts a server together. Confined to one thread. */
    public static final class Builder {

        private final String name;
        private final Map<String, Map<String, Object>> tools = new LinkedHashMap<>();
        private Supplier<Map<String, char[]>> secrets = Map::of;

        private Builder(String name) {
            this.name = checked("name", name);
        }

        /**
         * Adds a tool. The one before of the same name is replaced.
         *
         * @param name as that of a server
         * @param description may be empty
         * @param parameters a JSON Schema of its arguments
         * @param pythonCode defines {@code async def main(…)} with these arguments; 102,400 characters at the most
         * @param atMost how long it may take: 1 second to 5 minutes
         * @throws IllegalArgumentException if one of them is not so, or there are more than 1000 tools
         */
        public Builder tool(String name, String description, JsonValue parameters, String pythonCode, Duration atMost) {
            if (pythonCode.length() > MOST_CODE_CHARS) {
                throw new IllegalArgumentException("pythonCode must have at most " + MOST_CODE_CHARS
                        + " characters, but had " + pythonCode.length());
            }
            if (atMost.compareTo(Duration.ofSeconds(1)) < 0 || atMost.compareTo(Duration.ofMinutes(5)) > 0) {
                throw new IllegalArgumentException("atMost must be 1 second to 5 minutes, but was " + atMost);
            }
            if (!parameters.isObject()) {
                throw new IllegalArgumentException("parameters must be a JSON object, but was " + parameters.kind());
            }
            if (tools.size() == MOST_TOOLS) {
                throw new IllegalArgumentException("there are " + MOST_TOOLS + " tools already, and no more may be");
            }
            Map<String, Object> tool = new LinkedHashMap<>();
            tool.put("name", checked("name", name));
            tool.put("description", requireNonNull(description, "description"));
            tool.put("parameters", JsonValue.trusted(parameters.toJson()));
            tool.put("python_code", pythonCode);
            tool.put("timeout_ms", atMost.toMillis());
            tool.put("tool_type", "python_code");
            tools.put(name, tool);
            return this;
        }

        /**
         * Sets where the secrets of its tools come from, by name. It is asked whenever the server is registered; the arrays
         * are cleared after use. The service keeps them in memory that all code there shares. Defaults to none.
         */
        public Builder secrets(Supplier<Map<String, char[]>> source) {
            this.secrets = requireNonNull(source, "source");
            return this;
        }

        /** Returns the server. */
        public McpboxServer build() {
            return new McpboxServer(this);
        }
    }
}
