package io.sallyport.sandbox.tools;

import io.sallyport.sandbox.SandboxRefusedException;
import io.sallyport.sandbox.SandboxSessions;
import io.sallyport.sandbox.SessionInfo;
import io.sallyport.upstream.local.LocalCall;
import io.sallyport.upstream.local.ToolResult;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Carries out the tools that look after sessions, and tell what is mounted. */
final class SessionTools {

    private static final Set<String> SESSION = Set.of("session_id");

    private final SandboxSessions sessions;
    private final Map<String, String> volumes;

    SessionTools(SandboxSessions sessions, Map<String, String> volumes) {
        this.sessions = sessions;
        this.volumes = volumes;
    }

    ToolResult list(LocalCall call) {
        try {
            Optional<String> id = Arguments.of(call.arguments(), SESSION).text("session_id");
            List<SessionInfo> found = id.isPresent()
                    ? List.of(sessions.find(call.principal(), id.get()))
                    : sessions.list(call.principal());
            String text = found.isEmpty()
                    ? "You have no sessions."
                    : found.stream().map(SessionTools::text).collect(Collectors.joining("\n\n"));
            return Results.of(
                    text,
                    Map.of("sessions", found.stream().map(SessionTools::members).toList()),
                    false);
        } catch (SandboxRefusedException refusal) {
            return Results.refused(refusal);
        }
    }

    ToolResult stop(LocalCall call) {
        try {
            String id = Arguments.of(call.arguments(), SESSION).requiredText("session_id");
            sessions.stop(call.principal(), id);
            return Results.of(
                    "Session " + id + " is stopped, and what was in it is gone.",
                    Map.of("success", true, "session_id", id),
                    false);
        } catch (SandboxRefusedException refusal) {
            return Results.refused(refusal);
        }
    }

    ToolResult pin(LocalCall call) {
        try {
            Arguments arguments = Arguments.of(call.arguments(), Set.of("session_id", "pinned"));
            SessionInfo info = sessions.pin(
                    call.principal(), arguments.requiredText("session_id"), arguments.flag("pinned", true));
            return Results.of(text(info), members(info), false);
        } catch (SandboxRefusedException refusal) {
            return Results.refused(refusal);
        }
    }

    ToolResult volumes(LocalCall call) {
        try {
            Arguments.of(call.arguments(), Set.of());
            List<Map<String, String>> mappings = volumes.entrySet().stream()
                    .map(volume -> Map.of("host_path", volume.getKey(), "container_path", volume.getValue()))
                    .toList();
            String text = mappings.isEmpty()
                    ? "No folder of the host is mounted in the sandbox."
                    : volumes.entrySet().stream()
                            .map(volume -> "Host: " + volume.getKey() + " -> Container: " + volume.getValue())
                            .collect(Collectors.joining("\n"));
            return Results.of(text, Map.of("volume_mappings", mappings), false);
        } catch (SandboxRefusedException refusal) {
            return Results.refused(refusal);
        }
    }

    private static String text(SessionInfo info) {
        return "Session ID: " + info.id() + "\n  Template: " + info.language().word() + "\n  Flavor: "
                + info.flavor() + "\n  Status: " + info.status().word() + (info.pinned() ? " (pinned)" : "")
                + "\n  Created: " + info.created() + "\n  Last Accessed: " + info.lastUsed() + "\n  Expires: "
                + info.expires();
    }

    private static Map<String, Object> members(SessionInfo info) {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("session_id", info.id());
        members.put("template", info.language().word());
        members.put("flavor", info.flavor());
        members.put("tier", info.tier().word());
        members.put("status", info.status().word());
        members.put("pinned", info.pinned());
        members.put("created_at", info.created().toString());
        members.put("last_accessed", info.lastUsed().toString());
        members.put("expires_at", info.expires().toString());
        return members;
    }
}
