package io.sallyport.sandbox.tools;

import io.sallyport.protocol.JsonValue;
import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Outcome;
import io.sallyport.sandbox.SandboxError;
import io.sallyport.sandbox.SandboxRefusedException;
import io.sallyport.upstream.local.LocalCall;
import io.sallyport.upstream.local.ToolResult;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/** Carries out {@code execute_code} and {@code execute_command}. */
final class ExecuteTool {

    static final String CODE = "execute_code";
    static final String COMMAND = "execute_command";

    private static final Set<String> OF_CODE =
            Set.of("code", "template", "inputs", "session_id", "keep_session", "flavor", "timeout");
    private static final Set<String> OF_COMMAND = Set.of("command", "session_id", "keep_session", "flavor", "timeout");

    private final SandboxTools settings;
    private final Templates templates;

    ExecuteTool(SandboxTools settings, Templates templates) {
        this.settings = settings;
        this.templates = templates;
    }

    ToolResult code(LocalCall call) throws InterruptedException {
        try {
            Arguments arguments = Arguments.of(call.arguments(), OF_CODE);
            Optional<String> template = arguments.text("template");
            Optional<Language> language =
                    template.isPresent() ? Optional.of(templates.parse(template.get())) : Optional.empty();
            return result(
                    run(call, arguments, CODE, "code", language, templates.byDefault(), arguments.object("inputs")));
        } catch (SandboxRefusedException refusal) {
            return Results.refused(refusal);
        }
    }

    ToolResult command(LocalCall call) throws InterruptedException {
        try {
            Arguments arguments = Arguments.of(call.arguments(), OF_COMMAND);
            return result(run(
                    call,
                    arguments,
                    COMMAND,
                    "command",
                    Optional.of(Language.SHELL),
                    Language.SHELL,
                    Optional.empty()));
        } catch (SandboxRefusedException refusal) {
            return Results.refused(refusal);
        }
    }

    private Request.Done run(
            LocalCall call,
            Arguments arguments,
            String tool,
            String code,
            Optional<Language> language,
            Language byDefault,
            Optional<JsonValue> inputs)
            throws SandboxRefusedException, InterruptedException {
        Request request = new Request(
                call.principal(),
                tool,
                arguments.requiredText(code),
                inputs.orElse(JsonValue.trusted("{}")),
                language,
                arguments.text("session_id"),
                arguments.flag("keep_session", false),
                arguments.text("flavor"),
                arguments.wholeNumber("timeout"));
        return settings.patience()
                .await(
                        call,
                        cancellation -> request.in(
                                settings.sandbox(),
                                settings.sessions(),
                                byDefault,
                                settings.weakestTier(),
                                cancellation));
    }

    private ToolResult result(Request.Done done) {
        Outcome outcome = done.outcome();
        OptionalLong exitCode = done.language() == Language.SHELL
                ? outcome.value().map(JsonValue::asLong).orElse(OptionalLong.empty())
                : OptionalLong.empty();
        Optional<SandboxError> error = SandboxError.of(outcome);
        if (exitCode.isPresent() && exitCode.getAsLong() != 0) {
            error = Optional.of(SandboxError.COMMAND_EXECUTION_ERROR);
        }
        Shown shown = new Shown(settings.shownBytes());
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("status", error.isPresent() && outcome.status() == Outcome.Status.OK ? "error" : word(outcome));
        members.put("stdout", shown.text("stdout", outcome.stdout()));
        members.put("stderr", shown.text("stderr", outcome.stderr()));
        if (exitCode.isPresent()) {
            members.put("exit_code", exitCode.getAsLong());
        } else {
            shown.value(outcome.value()).ifPresent(value -> members.put("value", value));
        }
        Optional<Outcome.Failure> failure = outcome.error().map(it -> shown(it, shown));
        members.put("truncated", shown.truncated());
        done.session().ifPresent(id -> {
            members.put("session_id", id);
            members.put("session_created", done.isNew());
            members.put("session_lost", done.isLost());
        });
        members.put("template", done.language().word());
        members.put("flavor", done.flavor());
        members.put("tier", outcome.tier().word());
        members.put("execution_time_ms", outcome.usage().wallTime().toMillis());
        outcome.usage().cpuTime().ifPresent(time -> members.put("cpu_time_ms", time.toMillis()));
        outcome.usage().memoryBytes().ifPresent(bytes -> members.put("memory_bytes", bytes));
        error.ifPresent(it -> members.put("error", Results.error(it, message(failure, exitCode), failure)));
        return Results.of(ExecutionText.of(members, done, failure, error), members, error.isPresent());
    }

    private static Outcome.Failure shown(Outcome.Failure failure, Shown shown) {
        return new Outcome.Failure(
                shown.text("type", failure.type()),
                shown.text("message", failure.message()),
                shown.text("trace", failure.trace()));
    }

    private static String word(Outcome outcome) {
        return outcome.status().name().toLowerCase(Locale.ROOT);
    }

    private static String message(Optional<Outcome.Failure> failure, OptionalLong exitCode) {
        return failure.map(Outcome.Failure::message)
                .orElseGet(() -> "the command has ended with status "
                        + (exitCode.isPresent() ? exitCode.getAsLong() : "unknown"));
    }
}
