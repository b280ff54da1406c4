package io.sallyport.examples.codeinterpreter;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelcontextprotocol.client.McpClient;
import io.modelcontextprotocol.client.McpSyncClient;
import io.modelcontextprotocol.client.transport.HttpClientStreamableHttpTransport;
import io.modelcontextprotocol.spec.McpSchema.CallToolRequest;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.TextContent;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import io.sallyport.sandbox.Sandbox;
import io.sallyport.sandbox.SandboxSessions;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * What the example does with every kind of sandbox, by the Java SDK's client; it holds each result against the output schema
 * of its tool.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class CodeInterpreterContract {

    private final AtomicReference<Instant> now = new AtomicReference<>(Instant.parse("2026-01-01T00:00:00Z"));
    private final BlockingQueue<String> progress = new LinkedBlockingQueue<>();
    private Sandbox sandbox;
    private SandboxSessions sessions;
    private CodeInterpreter interpreter;
    private McpSyncClient client;

    /** Returns the word for the kind. */
    abstract String kind();

    /** Returns the names of the tools, in their order. */
    abstract List<String> tools();

    @BeforeAll
    void openSandbox() throws Exception {
        sandbox = Kinds.open(kind());
        assertThat(sandbox.capabilities().unavailable()).isEmpty();
    }

    @AfterAll
    void closeSandbox() {
        sandbox.close();
    }

    @BeforeEach
    void open() throws Exception {
        sessions = SandboxSessions.of(sandbox)
                .budgetOfTenant(2, 1024L * 1024 * 1024)
                .idle(Duration.ofMinutes(30))
                .clock(now::get)
                .build();
        interpreter = new CodeInterpreter(sandbox, sessions, 0);
        URI url = interpreter.start();
        client = McpClient.sync(HttpClientStreamableHttpTransport.builder(
                                url.resolve("/").toString())
                        .endpoint(url.getPath())
                        .build())
                .requestTimeout(Duration.ofSeconds(60))
                .initializationTimeout(Duration.ofSeconds(60))
                .progressConsumer(told -> progress.add(String.valueOf(told.message())))
                .enableCallToolSchemaCaching(true)
                .build();
        client.initialize();
        client.listTools();
    }

    @AfterEach
    void close() throws Exception {
        client.close();
        interpreter.close();
        sessions.close();
    }

    CallToolResult call(String tool, Map<String, Object> arguments) {
        return client.callTool(
                CallToolRequest.builder(tool).arguments(arguments).build());
    }

    private CallToolResult code(Map<String, Object> arguments) {
        return call("execute_code", arguments);
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> structured(CallToolResult result) {
        return (Map<String, Object>) result.structuredContent();
    }

    private static String text(CallToolResult result) {
        return ((TextContent) result.content().get(0)).text();
    }

    private String openSession(String code) {
        return (String)
                structured(code(Map.of("code", code, "keep_session", true))).get("session_id");
    }

    @SuppressWarnings("unchecked")
    private List<Object> listedIds() {
        return ((List<Map<String, Object>>)
                        structured(call("get_sessions", Map.of())).get("sessions"))
                .stream().map(session -> session.get("session_id")).toList();
    }

    @SuppressWarnings("unchecked")
    private static Object errorCode(CallToolResult result) {
        assertThat(result.isError()).isTrue();
        return ((Map<String, Object>) structured(result).get("error")).get("error_code");
    }

    @Test
    void theToolsAreListed() {
        assertThat(client.listTools().tools()).extracting(Tool::name).containsExactlyElementsOf(tools());
    }

    @Test
    void pythonAndJavaScriptAreRun() {
        assertThat(text(code(Map.of("code", "print(sum(inputs['n']))", "inputs", Map.of("n", List.of(1, 2, 3))))))
                .startsWith("6\n[Time: ");
        assertThat(structured(code(Map.of("code", "result = [1, 2].map(n => n * 2)", "template", "node"))))
                .containsEntry("value", List.of(2, 4));
    }

    @Test
    void codeThatFailsIsAnErrorWithItsPlace() {
        CallToolResult result = code(Map.of("code", "x = 1\nx / 0"));

        assertThat(errorCode(result)).isEqualTo("CODE_EXECUTION_ERROR");
        assertThat(text(result)).contains("ZeroDivisionError: division by zero\nline 2");
    }

    @Test
    void aSessionSurvivesBetweenCallsAndIsListed() {
        String id = openSession("x = 41");

        CallToolResult result = code(Map.of("code", "x += 1\nprint(x)", "session_id", id));

        assertThat(structured(result)).containsEntry("stdout", "42\n");
        assertThat(listedIds()).containsExactly(id);
    }

    @Test
    void theLongestIdleSessionLeavesForANewOne() {
        String first = openSession("x = 1");
        now.updateAndGet(it -> it.plusSeconds(1));
        String second = openSession("x = 2");
        now.updateAndGet(it -> it.plusSeconds(1));

        String third = openSession("x = 3");

        assertThat(listedIds()).containsExactly(second, third);
        assertThat(errorCode(code(Map.of("code", "print(x)", "session_id", first))))
                .isEqualTo("SESSION_NOT_FOUND_ERROR");
    }

    @Test
    void aPinnedSessionStays() {
        String first = openSession("x = 1");
        call("pin_session", Map.of("session_id", first));
        now.updateAndGet(it -> it.plusSeconds(1));
        openSession("x = 2");
        openSession("x = 3");

        assertThat(structured(code(Map.of("code", "print(x)", "session_id", first))))
                .containsEntry("stdout", "1\n");
    }

    @Test
    void aSessionThatNobodyUsesExpires() {
        String id = openSession("x = 1");

        now.updateAndGet(it -> it.plus(Duration.ofMinutes(30)));

        assertThat(listedIds()).isEmpty();
        assertThat(errorCode(code(Map.of("code", "print(x)", "session_id", id))))
                .isEqualTo("SESSION_NOT_FOUND_ERROR");
    }

    @Test
    void aStoppedSessionIsGone() {
        String id = openSession("x = 1");

        assertThat(structured(call("stop_session", Map.of("session_id", id)))).containsEntry("success", true);

        assertThat(errorCode(call("stop_session", Map.of("session_id", id)))).isEqualTo("SESSION_NOT_FOUND_ERROR");
    }

    @Test
    void codeThatDoesNotEndIsEndedAndProgressIsHeardMeanwhile() throws Exception {
        CallToolResult result = client.callTool(CallToolRequest.builder("execute_code")
                .arguments(Map.of("code", "while True: pass", "timeout", 2))
                .progressToken("token")
                .build());

        assertThat(errorCode(result)).isEqualTo("EXECUTION_TIMEOUT_ERROR");
        // The SDK hands progress to other threads, and so maybe after the result.
        assertThat(progress.poll(10, TimeUnit.SECONDS)).isEqualTo("running for 1 s");
    }

    @Test
    void nothingIsMounted() {
        assertThat(structured(call("get_volume_path", Map.of()))).containsEntry("volume_mappings", List.of());
    }
}
