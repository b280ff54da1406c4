package io.sallyport.sandbox.tools;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.JsonValue;
import io.sallyport.sandbox.FakeSandbox;
import io.sallyport.sandbox.SandboxError;
import io.sallyport.sandbox.SandboxSessions;
import io.sallyport.testing.Incident;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What docs/sandbox.md says of the tools is what they are. */
class SandboxPageTest {

    private static List<String> page() throws Exception {
        return Files.readAllLines(Path.of("../docs/sandbox.md"));
    }

    private static String row(String of) throws Exception {
        return page().stream()
                .filter(line -> line.startsWith("| `" + of + "` |"))
                .findFirst()
                .orElseThrow(() -> new AssertionError("docs/sandbox.md has no row of " + of));
    }

    @Test
    @Incident("S214")
    void everyToolHasARowWithItsArguments() throws Exception {
        FakeSandbox sandbox = new FakeSandbox();
        try (SandboxSessions sessions = SandboxSessions.of(sandbox).build();
                ToolCaller caller = new ToolCaller(
                        SandboxTools.of(sandbox, sessions).build().server("sandbox"))) {
            for (JsonValue tool : caller.list()) {
                String row = row(tool.getString("name").orElseThrow());
                assertThat(tool.get("inputSchema")
                                .flatMap(schema -> schema.get("properties"))
                                .orElseThrow()
                                .members()
                                .keySet())
                        .allSatisfy(argument -> assertThat(row).contains("`" + argument + "`"));
            }
        }
    }

    @Test
    @Incident("S214")
    void everyErrorHasARowWithWhatItIs() throws Exception {
        for (SandboxError error : SandboxError.values()) {
            assertThat(row(error.name()))
                    .contains("| " + error.category().word() + ", "
                            + error.severity().word() + " | " + (error.isRetryable() ? "yes |" : "|"));
        }
    }
}
