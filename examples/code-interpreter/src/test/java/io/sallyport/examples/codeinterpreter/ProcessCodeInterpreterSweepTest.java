package io.sallyport.examples.codeinterpreter;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Needs Linux, bubblewrap, Python and Node; so it is not for every machine. */
class ProcessCodeInterpreterSweepTest extends CodeInterpreterContract {

    @Override
    String kind() {
        return "process";
    }

    @Override
    List<String> tools() {
        return List.of(
                "execute_code", "execute_command", "get_sessions", "stop_session", "pin_session", "get_volume_path");
    }

    @Test
    void commandsAreRunAndKeepTheirFilesInASession() {
        CallToolResult first = call("execute_command", Map.of("command", "echo 1 > one; ls", "keep_session", true));
        Object id = structured(first).get("session_id");

        CallToolResult second = call("execute_command", Map.of("command", "cat one; exit 3", "session_id", id));

        assertThat(structured(first)).containsEntry("stdout", "one\n").containsEntry("exit_code", 0);
        assertThat(structured(second)).containsEntry("stdout", "1\n").containsEntry("exit_code", 3);
        assertThat(second.isError()).isTrue();
    }
}
