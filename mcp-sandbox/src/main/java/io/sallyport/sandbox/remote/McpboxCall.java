package io.sallyport.sandbox.remote;

import io.sallyport.protocol.JsonValue;
import io.sallyport.sandbox.Cancellation;
import io.sallyport.sandbox.Outcome;
import io.sallyport.sandbox.Outcome.Status;
import io.sallyport.sandbox.Tier;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Has the service of MCPbox run something, once, and reads what came of it. */
final class McpboxCall {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.sandbox");

    /** What surrounds output and value in an answer. */
    private static final int FRAME_BYTES = 256 * 1024;

    private static final int BUSY = 429;

    /** The service ends code itself, if it can, and says so. */
    private static final Duration GRACE = Duration.ofMillis(350);

    private static final Pattern TOLD_LATE = Pattern.compile("(?:Execution|Code initialization) timed out after .*");
    private static final Pattern TOLD_UNSAFE =
            Pattern.compile("Security violation.*|.*is forbidden(?: \\(line \\d+\\))?\\..*", Pattern.DOTALL);
    private static final Pattern TOLD_TYPE =
            Pattern.compile("([A-Z][A-Za-z0-9]{2,60}(?:Error|Exception|Exit)): ?(.*)", Pattern.DOTALL);
    private static final Pattern TOLD_SYNTAX = Pattern.compile("Syntax error.*", Pattern.DOTALL);

    private static final Pattern LINE = Pattern.compile("line (\\d{1,6})");

    private final McpboxService service;
    private final int outputBytes;
    private final int linesBefore;

    /** @param linesBefore how many lines there are before those of whoever reads of lines */
    McpboxCall(McpboxService service, int outputBytes, int linesBefore) {
        this.service = service;
        this.outputBytes = outputBytes;
        this.linesBefore = linesBefore;
    }

    Outcome run(String path, String json, Duration wallTime, Cancellation cancellation) throws InterruptedException {
        if (service.isClosed()) {
            return failed(Status.UNAVAILABLE, "Closed", "the sandbox is closed").build();
        }
        if (service.trouble().isPresent()) {
            // Nobody waits for what does not answer; whether it does again is found out by others.
            return failed(Status.UNAVAILABLE, "Unreachable", "the sandbox service does not answer now")
                    .build();
        }
        long begun = System.nanoTime();
        Outcome.Builder outcome;
        try {
            // In JSON a byte may be six.
            int mostBytes = (int) Math.min(Integer.MAX_VALUE / 2, FRAME_BYTES + 7L * outputBytes);
            McpboxService.Answer answer =
                    service.ask("POST", path, json, mostBytes, wallTime.plus(GRACE), cancellation);
            outcome = answered(answer);
        } catch (RemoteFault fault) {
            outcome = switch (fault.kind()) {
                case LATE -> failed(Status.TIMEOUT, "Timeout", "the code has taken longer than it may");
                case TOO_LARGE -> tooMuch();
                case CANCELLED -> failed(Status.CANCELLED, "Cancelled", "the code was to end");
                case CLOSED -> failed(Status.UNAVAILABLE, "Closed", "the sandbox is closed");
                case NOT_SENT -> failed(Status.UNAVAILABLE, "Unreachable", "the sandbox service is not reached");
                case KEY_REFUSED -> failed(Status.UNAVAILABLE, "KeyRefused", "the sandbox service does not let us in");
                default -> lost(String.valueOf(fault.getMessage()));
            };
        }
        return outcome.usage(new Outcome.Usage(
                        Duration.ofNanos(System.nanoTime() - begun), Optional.empty(), OptionalLong.empty()))
                .build();
    }

    private Outcome.Builder answered(McpboxService.Answer answer) {
        if (answer.status() == BUSY) {
            return failed(Status.UNAVAILABLE, "Busy", "the sandbox service takes no more for now; try again later");
        }
        if (answer.status() == 404) {
            return failed(Status.UNAVAILABLE, "NotRegistered", "the sandbox service does not know that now");
        }
        Optional<Boolean> success =
                answer.body().flatMap(it -> it.get("success")).flatMap(JsonValue::asBoolean);
        if (!answer.isOk() || success.isEmpty()) {
            return lost("HTTP " + answer.status() + " and no answer");
        }
        JsonValue body = answer.body().orElseThrow();
        byte[] stdout = body.getString("stdout").orElse("").getBytes(StandardCharsets.UTF_8);
        Optional<JsonValue> value = body.get("result").filter(it -> it.kind() != JsonValue.Kind.NULL);
        Outcome.Builder outcome;
        if (stdout.length > outputBytes || value.map(JsonValue::size).orElse(0) > outputBytes) {
            outcome = tooMuch();
        } else if (success.get()) {
            outcome = Outcome.of(Status.OK, Tier.SHARED);
            value.map(it -> JsonValue.trusted(it.toJson())).ifPresent(outcome::value);
        } else {
            outcome = told(body.getString("error").orElse(""));
        }
        return outcome.said(Utf8.cut(stdout, outputBytes), "");
    }

    /** Makes of words what other sandboxes say. */
    private Outcome.Builder told(String error) {
        if (TOLD_LATE.matcher(error).matches()) {
            return failed(Status.TIMEOUT, "Timeout", "the code has taken longer than it may");
        }
        if (TOLD_UNSAFE.matcher(error).matches()) {
            return failed(Status.REJECTED, "Unsafe", renumbered(error));
        }
        if (TOLD_SYNTAX.matcher(error).matches()) {
            return failed(Status.ERROR, "SyntaxError", renumbered(error));
        }
        Matcher typed = TOLD_TYPE.matcher(error);
        if (!typed.matches()) {
            return failed(
                    error.startsWith("MemoryError") ? Status.MEMORY : Status.ERROR,
                    error.startsWith("MemoryError") ? "MemoryError" : "Error",
                    error);
        }
        return failed(
                typed.group(1).equals("MemoryError") ? Status.MEMORY : Status.ERROR, typed.group(1), typed.group(2));
    }

    private String renumbered(String error) {
        return LINE.matcher(error)
                .replaceFirst(line -> "line " + Math.max(1, Integer.parseInt(line.group(1)) - linesBefore));
    }

    private static Outcome.Builder lost(String why) {
        LOGGER.atWarn().addKeyValue("error", why).log("the sandbox service was lost while it ran code");
        return failed(
                Status.UNAVAILABLE,
                "Lost",
                "the sandbox was lost while it ran the code; what the code did until then has been done");
    }

    private static Outcome.Builder tooMuch() {
        return failed(Status.OUTPUT, "OutputExceeded", "the code has said more than it may");
    }

    private static Outcome.Builder failed(Status status, String type, String message) {
        return Outcome.of(status, Tier.SHARED).error(new Outcome.Failure(type, message, ""));
    }
}
