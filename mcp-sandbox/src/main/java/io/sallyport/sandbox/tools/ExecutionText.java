package io.sallyport.sandbox.tools;

import io.sallyport.protocol.JsonValue;
import io.sallyport.sandbox.Outcome;
import io.sallyport.sandbox.SandboxError;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/** What a model reads of a run: what the code has said, what went wrong, and what it needs to know to go on. */
final class ExecutionText {

    private ExecutionText() {}

    static String of(
            Map<String, Object> members,
            Request.Done done,
            Optional<Outcome.Failure> failure,
            Optional<SandboxError> error) {
        StringJoiner text = new StringJoiner("\n");
        add(text, "", members.get("stdout"));
        add(text, "[stderr]\n", members.get("stderr"));
        if (members.get("value") instanceof JsonValue value && value.kind() != JsonValue.Kind.NULL) {
            text.add("[value]\n" + value.toJson());
        }
        if (members.get("truncated") instanceof List<?> truncated && !truncated.isEmpty()) {
            text.add("[Output was cut: it was too long. Print less, or write it to a file.]");
        }
        error.ifPresent(it -> text.add(failure(members, failure, it)));
        text.add(footer(members, done, error));
        return text.toString();
    }

    private static void add(StringJoiner text, String title, @Nullable Object said) {
        if (said instanceof String all && !all.isEmpty()) {
            text.add(title + (all.endsWith("\n") ? all.substring(0, all.length() - 1) : all));
        }
    }

    private static String failure(Map<String, Object> members, Optional<Outcome.Failure> failure, SandboxError error) {
        String what = failure.map(
                        it -> it.type() + ": " + it.message() + (it.trace().isEmpty() ? "" : "\n" + it.trace()))
                .orElseGet(() -> "the command has ended with status " + members.get("exit_code"));
        return Results.text(error, what);
    }

    private static String footer(Map<String, Object> members, Request.Done done, Optional<SandboxError> error) {
        StringBuilder text = new StringBuilder();
        done.session().ifPresent(id -> {
            text.append("[Session: ")
                    .append(id)
                    .append(done.isNew() ? " (new)" : "")
                    .append("] ");
            if (done.isLost()) {
                text.append("[Session is gone, and what was in it] ");
            }
        });
        if (members.get("exit_code") != null) {
            text.append("[Exit Code: ").append(members.get("exit_code")).append("] ");
        }
        return text.append("[Time: ")
                .append(members.get("execution_time_ms"))
                .append(" ms] [Template: ")
                .append(members.get("template"))
                .append("] [Success: ")
                .append(error.isEmpty())
                .append(']')
                .toString();
    }
}
