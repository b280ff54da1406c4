package io.sallyport.sandbox.remote;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.JsonValue;
import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Sandbox;
import io.sallyport.sandbox.SandboxSessions;
import io.sallyport.sandbox.Tier;
import io.sallyport.sandbox.tools.SandboxTools;
import io.sallyport.sandbox.tools.ToolCaller;
import io.sallyport.spi.Principal;
import io.sallyport.testing.Incident;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** All tools, in machines and services elsewhere. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class RemoteToolsSweepTest {

    private static final Principal ANN = Principal.anonymous();

    private static JsonValue structured(JsonValue result) {
        return result.get("structuredContent").orElseThrow();
    }

    private static String text(JsonValue result, String member) {
        return structured(result).getString(member).orElse("none");
    }

    private static String errorCode(JsonValue result) {
        return structured(result)
                .get("error")
                .flatMap(error -> error.getString("error_code"))
                .orElse("none");
    }

    @ParameterizedTest
    @EnumSource
    @Incident("S165")
    @Incident("S167")
    void everyToolWorksInMachinesOfBothDialects(MicrosandboxStandIn.Dialect dialect) throws Exception {
        try (RealEngine engine = new RealEngine();
                MicrosandboxStandIn server = new MicrosandboxStandIn(dialect, engine);
                Sandbox sandbox = MicrosandboxRig.builder(server).build();
                SandboxSessions sessions = SandboxSessions.of(sandbox).build();
                ToolCaller caller = new ToolCaller(
                        SandboxTools.of(sandbox, sessions).build().server("sandbox"))) {
            JsonValue javaScript =
                    caller.call(ANN, "execute_code", Map.of("code", "console.log(6 * 7)", "template", "node"));
            JsonValue first = caller.call(ANN, "execute_code", Map.of("code", "x = 41", "keep_session", true));
            String id = text(first, "session_id");
            JsonValue second = caller.call(ANN, "execute_code", Map.of("code", "print(x + 1)", "session_id", id));
            JsonValue failing = caller.call(ANN, "execute_code", Map.of("code", "x / 0", "session_id", id));
            JsonValue command = caller.call(ANN, "execute_command", Map.of("command", "echo one; exit 3"));
            JsonValue pinned = caller.call(ANN, "pin_session", Map.of("session_id", id));
            JsonValue list = caller.call(ANN, "get_sessions", Map.of());
            JsonValue volumes = caller.call(ANN, "get_volume_path", Map.of());
            caller.call(ANN, "stop_session", Map.of("session_id", id));
            JsonValue gone = caller.call(ANN, "execute_code", Map.of("code", "print(x)", "session_id", id));

            assertThat(text(javaScript, "stdout")).isEqualTo("42\n");
            assertThat(text(second, "stdout")).isEqualTo("42\n");
            assertThat(text(second, "tier")).isEqualTo("vm");
            assertThat(errorCode(failing)).isEqualTo("CODE_EXECUTION_ERROR");
            assertThat(text(command, "stdout")).isEqualTo("one\n");
            assertThat(errorCode(command)).isEqualTo("COMMAND_EXECUTION_ERROR");
            assertThat(text(pinned, "status")).isEqualTo("ready");
            assertThat(structured(list).get("sessions").orElseThrow().elements())
                    .singleElement()
                    .satisfies(session ->
                            assertThat(session.getString("session_id")).contains(id));
            assertThat(structured(volumes).toJson()).isEqualTo("{\"volume_mappings\":[]}");
            assertThat(errorCode(gone)).isEqualTo("SESSION_NOT_FOUND_ERROR");
        }
    }

    @Test
    void aServiceThatKeepsNothingRunsCodeAndRefusesSessions() throws Exception {
        try (McpboxStandIn service = new McpboxStandIn();
                Sandbox sandbox = McpboxSandbox.builder(service.uri(), McpboxStandIn.KEY::toCharArray)
                        .build();
                SandboxSessions sessions = SandboxSessions.of(sandbox).build();
                ToolCaller caller = new ToolCaller(SandboxTools.of(sandbox, sessions)
                        .languages(Set.of(Language.PYTHON))
                        .weakestTier(Tier.SHARED)
                        .build()
                        .server("sandbox"))) {
            JsonValue run = caller.call(ANN, "execute_code", Map.of("code", "value [1,2]"));
            JsonValue kept = caller.call(ANN, "execute_code", Map.of("code", "value 1", "keep_session", true));

            assertThat(structured(run).get("value").map(JsonValue::toJson)).contains("[1,2]");
            assertThat(text(run, "tier")).isEqualTo("shared");
            assertThat(errorCode(kept)).isEqualTo("CONFIGURATION_ERROR");
        }
    }
}
