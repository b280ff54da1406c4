package io.sallyport.examples.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.testing.Incident;
import io.sallyport.upstream.http.HttpUpstream;
import io.sallyport.upstream.stdio.StdioUpstream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class McpServersFileTest {

    private static final Map<String, String> ENVIRONMENT = Map.of("TOKEN", "t0ps3cret", "HOST", "h.example");

    @TempDir
    Path directory;

    private final Problems problems = new Problems();

    private Configuration read(String text) throws IOException {
        return read(text.getBytes(StandardCharsets.UTF_8));
    }

    private Configuration read(byte[] bytes) throws IOException {
        return McpServersFile.read(Files.write(file(), bytes), ENVIRONMENT, problems);
    }

    private Path file() {
        return directory.resolve("mcp.json");
    }

    private static String servers(String json) {
        return "{\"mcpServers\": {" + json.replace('\'', '"') + "}}";
    }

    @Test
    void readsTheFileOfAClient() throws IOException {
        Configuration configuration = read("""
                {
                  // several clients allow comments
                  "mcpServers": {
                    "files": {
                      "command": "npx",
                      "args": ["-y", "@modelcontextprotocol/server-filesystem", "${DIR:-/tmp}"],
                      "env": {"LOG_LEVEL": "warn"},
                      "cwd": "/tmp",
                      "autoApprove": ["read_file"],
                      "timeout": 60,
                      "disabledTools": ["write_file"],
                    },
                    "search": {"type": "http", "url": "https://${HOST}/mcp", "headers": {"Authorization": "Bearer ${TOKEN}"}},
                    "docs": {"transport": "streamable_http", "url": "http://127.0.0.1:3000/mcp"},
                    "lan": {"url": "http://nas.example/mcp", "allowPlaintext": true, "allowHost": true},
                    "old": {"command": "no-longer-there", "args": ["${UNSET}"], "disabled": true},
                  },
                  "globalShortcut": "Ctrl+Space"
                }
                """);

        assertThat(problems.lines()).isEmpty();
        assertThat(configuration.servers().stream().collect(Collectors.toMap(ConfiguredServer::name, s -> s.kind())))
                .isEqualTo(Map.of("files", "stdio", "search", "http", "docs", "http", "lan", "http"));
        assertThat(configuration.servers().get(0).upstream()).isInstanceOf(StdioUpstream.class);
        assertThat(configuration.servers().get(0).hiddenTools()).containsExactly("write_file");
        assertThat(configuration.servers().get(1).upstream()).isInstanceOf(HttpUpstream.class);
        assertThat(configuration.notes())
                .containsExactly(
                        "globalShortcut: ignored, because it is no setting of the gateway",
                        "mcpServers.files.autoApprove: ignored: what needs a user's consent is decided by the client",
                        "mcpServers.files.timeout: ignored: clients disagree whether it counts seconds or milliseconds;"
                                + " a call has 30 s here",
                        "mcpServers.old: not started, because it is disabled");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "'a': {'comand': 'x'} | mcpServers.a.comand: is unknown; did you mean command?",
                "'a': {'serverUrl': 'https://h'} | mcpServers.a.serverUrl: is unknown; did you mean url?",
                "'a': {'command': 'x', 'enviroment': {}} | mcpServers.a.enviroment: is unknown; did you mean env?",
                "'a': {'command': 'x', 'foo': 1} | mcpServers.a.foo: is unknown; known are type, transport, command,"
                        + " args, env, cwd, url, headers, allowPlaintext, allowHost, disabled, enabled, disabledTools, excludeTools",
                "'a': {'command': 'x', 'includeTools': ['y']} | mcpServers.a.includeTools: is not supported here:"
                        + " only single tools can be taken away; name those under disabledTools",
                "'a': {} | mcpServers.a: found neither command nor url; expected one of them",
                "'a': {'command': 'x', 'url': 'https://h'} | mcpServers.a: found both command and url; expected one of them",
                "'a': [] | mcpServers.a: found an array; expected an object with command or url",
                "'a': {'command': 5} | mcpServers.a.command: found the number 5; expected a string, in quotes",
                "'a': {'command': ['x']} | mcpServers.a.command: found an array; expected a string",
                "'a': {'command': ' '} | mcpServers.a.command: the executable is blank; name a program, for instance"
                        + " `npx` or /usr/bin/python3",
                "'a': {'command': 'x', 'args': '-y'} | mcpServers.a.args: found a string; expected an array of strings,"
                        + " such as [\"-y\", \"name\"]",
                "'a': {'command': 'x', 'args': ['-p', 80]} | mcpServers.a.args[1]: found the number 80; expected a"
                        + " string, in quotes",
                "'a': {'command': 'x', 'env': {'PIN': 1234}} | mcpServers.a.env.PIN: found a number; expected a string,"
                        + " in quotes",
                "'a': {'command': 'x', 'env': ['A=b']} | mcpServers.a.env: found an array; expected an object of strings",
                "'a': {'command': 'x', 'env': {'KEY': '${NONE}'}} | mcpServers.a.env.KEY: ${NONE} is not set in the"
                        + " environment of the gateway; set it, or write ${NONE:-default}",
                "'a': {'command': 'x', 'env': {'a.b': null}} | mcpServers.a.env[\"a.b\"]: found null; expected a string",
                "'a': {'command': 'x', 'cwd': 'src'} | mcpServers.a.cwd: the working directory src is relative, and to"
                        + " what depends on how the gateway was started; give an absolute path",
                "'a': {'command': 'x', 'headers': {'A': 'b'}} | mcpServers.a.headers: has no effect here, because it"
                        + " belongs to url; remove it",
                "'a': {'url': 'https://h/', 'env': {'A': 'b'}} | mcpServers.a.env: has no effect here, because it belongs"
                        + " to command; remove it",
                "'a': {'url': 'h.example/mcp'} | mcpServers.a.url: found h.example/mcp; expected http://… or https://…"
                        + " with a host",
                "'a': {'url': 'ftp://u:p@h/?k=v'} | mcpServers.a.url: found ftp://***@h/?k=***; expected http://… or"
                        + " https://… with a host",
                "'a': {'url': 'https://u:p@h/'} | mcpServers.a.url: connection to \"h\" refused by the egress guard: the URL"
                        + " carries user info before its host; leave it out and configure credentials as such",
                "'a': {'url': 'https://h/a b'} | mcpServers.a.url: found https://h/a b, which is no URL (Illegal character"
                        + " in path at character 12); expected http://… or https://… with a host",
                "'a': {'url': 'https://h/', 'headers': {'Accept': 'x'}} | mcpServers.a.headers.Accept: the header Accept"
                        + " is set by the upstream itself",
                "'a': {'url': 'http://h/'} | mcpServers.a.url: connection to \"h\" refused by the egress guard: plain http"
                        + " shows credentials to the network; use https, or name it with \"allowPlaintext\": true for"
                        + " this upstream if it is meant",
                "'a': {'url': 'https://10.0.0.1/', 'allowHost': true} | mcpServers.a.allowHost: 10.0.0.1 is an address:"
                        + " name it with allowAddresses",
                "'a': {'url': 'https://h/', 'type': 'stdio'} | mcpServers.a.type: found url beside it; expected command"
                        + " instead",
                "'a': {'type': 'http'} | mcpServers.a.type: found no url beside it; expected one",
                "'a': {'url': 'https://h/', 'type': 'ws'} | mcpServers.a.type: found ws; expected stdio, http,"
                        + " streamable-http or sse",
                "'a': {'url': 'https://h/', 'type': 'http', 'transport': 'sse'} | mcpServers.a.transport: says the same"
                        + " as type; remove one of them",
                "'a': {'command': 'x', 'disabled': 'no'} | mcpServers.a.disabled: found a string; expected true or false",
                "'a': {'command': 'x', 'disabled': true} | mcpServers: all servers are disabled; enable one",
                "'my server': {'command': 'x'} | mcpServers[\"my server\"]: found the name \"my server\"; expected 1 to"
                        + " 32 letters, digits, - and single _, for instance \"my-server\"",
                "`` | mcpServers: found no server; expected an object with a server under each name",
            })
    @Incident("S150")
    void saysWhatIsWrongWithAServer(String json, String problem) throws IOException {
        read(servers(json));

        assertThat(problems.lines()).containsExactly(problem);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"a\": 1 \"b\": 2} | , line 1, column 9: Unexpected character ('\"' (code 34)): was expecting comma to"
                        + " separate Object entries",
                "{\"mcpServers\": {\"a\": t0ps3cret}} | , line 1, column 22: found a word without quotes; expected a value",
                "{\"mcpServers\": { | , line 1, column 17: Unexpected end-of-input: expected close marker for Object",
                "{'a': 1} | , line 1, column 2: Unexpected character (''' (code 39)): was expecting double-quote to start"
                        + " property name",
                "{\"a\": \"C:\\Users\"} | , line 1, column 11: Unrecognized character escape 'U' (code 85); a backslash"
                        + " is written \\\\",
                "{\"a\": 1, \"a\": 2} | , line 1, column 13: found the name \"a\" twice in one object",
                "[] | : found an array; expected {\"mcpServers\": {…}}",
                "`  ` | : found an empty file; expected {\"mcpServers\": {…}}",
            })
    void saysWhereTheFileIsNoJson(String text, String problem) throws IOException {
        read(text);

        assertThat(problems.lines()).containsExactly(file() + problem);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "servers | mcpServers: is missing, but found servers; expected an object with a server under each name",
                "mcpServer | mcpServers: is missing, but found mcpServer; expected an object with a server under each name",
                "other | mcpServers: is missing; expected an object with a server under each name",
            })
    void saysThatTheServersAreMissing(String key, String problem) throws IOException {
        read("{\"" + key + "\": {\"a\": {\"command\": \"x\"}}}");

        assertThat(problems.lines()).containsExactly(problem);
    }

    @Test
    @Incident("S97")
    void tellsAllProblemsAtOnce() throws IOException {
        read(servers("'a': {'command': 'x', 'args': [1, '${NONE}'], 'env': {'B': '${NONE}'}},"
                + "'b': {'url': 'x', 'headers': {'C': false}}, 'c d': {}"));

        assertThat(problems.lines())
                .extracting(line -> line.substring(0, line.indexOf(": ")))
                .containsExactly(
                        "mcpServers.a.args[0]",
                        "mcpServers.a.args[1]",
                        "mcpServers.a.env.B",
                        "mcpServers.b.url",
                        "mcpServers.b.headers.C",
                        "mcpServers[\"c d\"]");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "'url': 'https://h/stream', 'type': 'sse'",
                "'url': 'https://h/stream', 'transport': 'SSE'",
                "'url': 'https://h/mcp/sse'"
            })
    void knowsTheOlderTransportByItsNameOrItsUsualPath(String json) throws IOException {
        Configuration configuration = read(servers("'a': {" + json + ", 'headers': {'Authorization': 'x'}}"));

        assertThat(problems.lines()).isEmpty();
        assertThat(configuration.servers().get(0).kind()).isEqualTo("sse");
        assertThat(configuration.servers().get(0).upstream()).hasToString("SseUpstream[a, https://h]");
    }

    @Test
    void saysWhereServersBelongThatStandOutside() throws IOException {
        read("{'memory': {'command': 'x'}}".replace('\'', '"'));

        assertThat(problems.lines())
                .containsExactly("mcpServers: is missing; put what is there inside of it: {\"mcpServers\": {…}}");
    }

    @Test
    void readsAFileWithAByteOrderMark() throws IOException {
        assertThat(read("\uFEFF" + servers("'a': {'command': 'x'}")).servers()).hasSize(1);
    }

    @Test
    void saysWhyAFileCannotBeRead() throws IOException {
        read(servers("'a': {'command': 'x'}").getBytes(StandardCharsets.UTF_16));
        McpServersFile.read(directory, ENVIRONMENT, problems);
        McpServersFile.read(directory.resolve("none"), ENVIRONMENT, problems);
        read(new byte[1024 * 1024 + 1]);

        assertThat(problems.lines())
                .containsExactly(
                        file() + ": found bytes that are no UTF-8; save the file as UTF-8",
                        directory + ": found a directory; expected a JSON file with mcpServers",
                        directory.resolve("none") + ": found no such file; expected a JSON file with mcpServers",
                        file() + ": found more than 1048576 bytes; expected a JSON file with mcpServers");
        // Whoever runs the tests may be allowed to read everything.
        assertThat(McpServersFile.reason(new AccessDeniedException("mcp.json")))
                .isEqualTo("found a file that the user " + System.getProperty("user.name") + " may not read; allow it");
    }

    @Test
    void neverShowsASecret() throws IOException {
        Configuration configuration = read(servers("'a': {'command': 'x', 'args': ['--key', 'literal', '${TOKEN}'],"
                + "'env': {'K': '${TOKEN}', 'L': 'literal'}}, 'b': {'url': 'https://h/${TOKEN}?k=literal',"
                + "'headers': {'H': '${TOKEN}', 'I': 'literal'}}"));

        assertThat(problems.lines()).isEmpty();
        assertThat(List.of(configuration.settings(), configuration.servers()).toString())
                .doesNotContain("t0ps3cret", "literal");
    }
}
