package io.sallyport.examples.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.testing.Incident;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckReportTest {

    @TempDir
    Path directory;

    private List<String> check(String file) throws IOException {
        Path path = Files.writeString(directory.resolve("mcp.json"), file);
        Problems problems = new Problems();
        Options options = Options.parse(List.of("--config", path.toString(), "--port", "0"), problems);
        Configuration configuration = McpServersFile.read(path, Map.of("TOKEN", "t0ps3cret"), problems);
        CheckReport.preflight(configuration, problems);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        CheckReport.print(options, configuration, problems, new PrintStream(out, true, StandardCharsets.UTF_8));
        return out.toString(StandardCharsets.UTF_8).lines().toList();
    }

    /** Columns are separated by two or more spaces. */
    private static String line(String... columns) {
        return String.join("  ", columns);
    }

    private static List<String> narrow(List<String> lines) {
        return lines.stream().map(line -> line.replaceAll(" {2,}", "  ")).toList();
    }

    @Test
    @Incident("S151")
    @Incident("S193")
    void showsEachSettingWithItsSource() throws IOException {
        List<String> lines = narrow(check("""
                {"mcpServers": {
                  "here": {"command": "/bin/sh", "args": ["-c", "${SCRIPT:-true}", "--key=abc"],
                           "env": {"TOKEN": "${TOKEN}", "PATH": "/bin"}},
                  "there": {"url": "https://h.example/mcp?k=abc", "headers": {"Authorization": "Bearer ${TOKEN}"}}
                }}
                """));

        assertThat(lines)
                .contains(
                        line("--host", "127.0.0.1", "default"),
                        line("--port", "0", "option"),
                        line("mcpServers.here.type", "stdio", "default, because of command"),
                        line("mcpServers.here.command", "/bin/sh", "file"),
                        line("mcpServers.here.args[1]", "${SCRIPT:-true}", "file, default of ${SCRIPT}"),
                        line("mcpServers.here.args[2]", "--key=***", "file"),
                        line("mcpServers.here.env.TOKEN", "***", "file, env TOKEN"),
                        line("mcpServers.here.env.PATH", "***", "file"),
                        line("mcpServers.there.url", "https://h.example/mcp?k=***", "file"),
                        line("mcpServers.there.headers.Authorization", "***", "file, env TOKEN"))
                .endsWith("OK");
        assertThat(lines.toString()).doesNotContain("t0ps3cret", "abc");
    }

    @Test
    @Incident("S193")
    void namesWhatAChildInherits() throws IOException {
        List<String> lines = narrow(check("{\"mcpServers\": {\"here\": {\"command\": \"/bin/sh\"}}}"));

        // Whatever runs tests has a PATH.
        assertThat(lines).contains(line("mcpServers.here.env.PATH", "***", "inherited, env PATH"));
        assertThat(lines.stream()
                        .filter(line -> line.contains("inherited"))
                        .map(line -> line.replaceAll(".* env ", "")))
                .isSubsetOf("PATH", "HOME", "USER", "LANG", "LC_ALL", "TMPDIR");
    }

    @Test
    @Incident("S37")
    void looksForTheCommandWhereTheChildWould() throws IOException {
        List<String> lines = check(
                "{\"mcpServers\": {\"here\": {\"command\": \"no-such-program\", \"env\": {\"PATH\": \"/nowhere\"}}}}");

        assertThat(lines)
                .endsWith("problem: mcpServers.here.command: command `no-such-program` not found on PATH=/nowhere;"
                        + " install it or use an absolute path");
    }
}
