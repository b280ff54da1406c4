package io.sallyport.examples.gateway;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.json.JsonReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The {@code mcpServers} file of MCP clients: reads all of it and tells of all problems at once. Confined to one thread.
 */
final class McpServersFile {

    private static final String SERVERS = "mcpServers";
    private static final int MAX_BYTES = 1024 * 1024;

    /** Comments and trailing commas are no JSON, but several clients allow them in this file. */
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(JsonReadFeature.ALLOW_JAVA_COMMENTS, JsonReadFeature.ALLOW_TRAILING_COMMA)
            .build();

    private final Path file;
    private final Variables variables;
    private final Problems problems;
    private String origin;
    private final List<ConfiguredServer> servers = new ArrayList<>();
    private final List<Setting> settings = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();

    private McpServersFile(Path file, Map<String, String> environment, Problems problems) {
        this.file = file.toAbsolutePath().normalize();
        this.origin = this.file.toString();
        this.variables = new Variables(environment);
        this.problems = problems;
    }

    /** Reads a file; what is wrong with it is told to {@code problems}, and what is left is returned. */
    static Configuration read(Path file, Map<String, String> environment, Problems problems) {
        McpServersFile reading = new McpServersFile(file, environment, problems);
        reading.text().flatMap(reading::json).ifPresent(reading::root);
        return new Configuration(reading.origin, reading.servers, reading.settings, reading.notes);
    }

    private Optional<String> text() {
        if (Files.isDirectory(file)) {
            return fault("found a directory; expected a JSON file with " + SERVERS);
        }
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(MAX_BYTES + 1);
            if (bytes.length > MAX_BYTES) {
                return fault("found more than " + MAX_BYTES + " bytes; expected a JSON file with " + SERVERS);
            }
            origin = file + ", sha256 " + sha256(bytes).substring(0, 16);
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
            // Windows editors begin files with a byte order mark.
            String content = text.startsWith("\uFEFF") ? text.substring(1) : text;
            return content.isBlank()
                    ? fault("found an empty file; expected {\"mcpServers\": {…}}")
                    : Optional.of(content);
        } catch (CharacterCodingException e) {
            return fault("found bytes that are no UTF-8; save the file as UTF-8");
        } catch (IOException e) {
            return fault(reason(e));
        }
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    static String reason(IOException e) {
        if (e instanceof NoSuchFileException) {
            return "found no such file; expected a JSON file with " + SERVERS;
        }
        if (e instanceof AccessDeniedException) {
            return "found a file that the user " + System.getProperty("user.name") + " may not read; allow it";
        }
        return "cannot be read: " + e;
    }

    private <T> Optional<T> fault(String text) {
        problems.add(file.toString(), text);
        return Optional.empty();
    }

    private Optional<JsonNode> json(String text) {
        try {
            return Optional.of(JSON.readTree(text));
        } catch (JacksonException e) {
            TokenStreamLocation at = e.getLocation();
            problems.add(file + ", line " + at.getLineNr() + ", column " + at.getColumnNr(), words(e));
            return Optional.empty();
        }
    }

    /** Returns what the parser says, without what it quotes of the file: that may be a key that lacks its quotes. */
    private static String words(JacksonException e) {
        String said = e.getOriginalMessage()
                .replaceFirst(" \\(start marker at .*", "")
                .replaceFirst(
                        "^Unrecognized token '.*?': was expecting .*", "found a word without quotes; expected a value")
                .replaceFirst("^Duplicate Object property (.*)", "found the name $1 twice in one object");
        return said.startsWith("Unrecognized character escape") ? said + "; a backslash is written \\\\" : said;
    }

    private void root(JsonNode root) {
        if (!root.isObject()) {
            fault("found " + Section.found(root) + "; expected {\"mcpServers\": {…}}");
            return;
        }
        JsonNode all = root.get(SERVERS);
        for (String key : root.propertyNames()) {
            // Clients keep settings of their own beside the servers.
            if (!key.equals(SERVERS)) {
                notes.add(key + ": ignored, because it is no setting of the gateway");
            }
        }
        if (all == null) {
            String hint = root.properties().stream().anyMatch(entry -> looksLikeServer(entry.getValue()))
                    ? "; put what is there inside of it: {\"mcpServers\": {…}}"
                    : meant(root) + "; expected an object with a server under each name";
            problems.add(SERVERS, "is missing" + hint);
        } else if (!all.isObject() || all.isEmpty()) {
            problems.add(
                    SERVERS,
                    "found " + (all.isObject() ? "no server" : Section.found(all))
                            + "; expected an object with a server under each name");
        } else {
            all.properties().forEach(server -> server(server.getKey(), server.getValue()));
            if (servers.isEmpty() && problems.isEmpty()) {
                problems.add(SERVERS, "all servers are disabled; enable one");
            }
        }
    }

    private static boolean looksLikeServer(JsonNode value) {
        return value.isObject() && (value.has("command") || value.has("url"));
    }

    /** VS Code calls it {@code servers}; the others are typos. */
    private static String meant(JsonNode root) {
        return root.propertyNames().stream()
                .filter(key -> key.equals("servers")
                        || NearestKey.of(key, List.of(SERVERS)).isPresent())
                .findFirst()
                .map(key -> ", but found " + key)
                .orElse("");
    }

    private void server(String name, JsonNode node) {
        String path = Section.child(SERVERS, name);
        if (!node.isObject()) {
            problems.add(path, "found " + Section.found(node) + "; expected an object with command or url");
            return;
        }
        Section section = new Section(path, node, variables, problems, settings);
        ServerReader reader = new ServerReader(name, section, problems);
        if (reader.isDisabled()) {
            notes.add(path + ": not started, because it is disabled");
            return;
        }
        for (String key : node.propertyNames()) {
            Optional<String> ignored = KnownKeys.whyIgnored(key);
            if (ignored.isPresent()) {
                notes.add(section.pathOf(key) + ": ignored: " + ignored.get());
            } else if (!KnownKeys.isRead(key)) {
                section.problem(key, KnownKeys.remedy(key));
            }
        }
        reader.read().ifPresent(servers::add);
    }
}
