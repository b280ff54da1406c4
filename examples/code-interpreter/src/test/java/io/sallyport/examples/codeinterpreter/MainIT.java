package io.sallyport.examples.codeinterpreter;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The program in a JVM of its own. */
@Timeout(120)
class MainIT {

    private static Process start(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-classpath",
                System.getProperty("java.class.path"),
                Main.class.getName()));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    @Test
    void saysWhereItServesAndEndsWhenItIsTold() throws Exception {
        Process process = start("--port", "0");
        try (BufferedReader out = process.inputReader()) {
            String ready = out.readLine();
            assertThat(ready).matches("READY http://127\\.0\\.0\\.1:\\d+/mcp");
            HttpResponse<String> answer = HttpClient.newHttpClient()
                    .send(
                            HttpRequest.newBuilder(URI.create(ready.substring("READY ".length())))
                                    .header("Content-Type", "application/json")
                                    .header("Accept", "application/json, text/event-stream")
                                    .POST(HttpRequest.BodyPublishers.ofString(
                                            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{"
                                                    + "\"protocolVersion\":\"2025-11-25\",\"capabilities\":{},"
                                                    + "\"clientInfo\":{\"name\":\"t\",\"version\":\"1\"}}}"))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString());
            assertThat(answer.statusCode()).isEqualTo(200);

            // SIGTERM; Process.destroy() would close its output as well.
            process.toHandle().destroy();

            assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
            assertThat(out.readLine()).isNull();
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void refusesWhatItDoesNotUnderstand() throws Exception {
        for (List<String> arguments : List.of(List.of("--sandbox", "none"), List.of("--x"), List.of("--port", "x"))) {
            Process process = start(arguments.toArray(String[]::new));
            try {
                assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
                assertThat(process.exitValue()).isEqualTo(2);
            } finally {
                process.destroyForcibly();
            }
        }
    }
}
