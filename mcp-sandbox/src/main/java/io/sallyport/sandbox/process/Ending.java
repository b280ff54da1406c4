package io.sallyport.sandbox.process;

import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.MalformedMessageException;
import io.sallyport.protocol.MessageLimits;
import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Outcome;
import io.sallyport.sandbox.Outcome.Status;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * How code ended.
 *
 * @param value only if OK
 * @param error unless OK
 * @param isIntact whether the worker waits for more code
 */
record Ending(Status status, Optional<JsonValue> value, Optional<Outcome.Failure> error, boolean isIntact) {

    private static final int KILLED_BY = 128;
    private static final int SIGABRT = 6;
    private static final int SIGILL = 4;
    private static final int SIGTRAP = 5;
    private static final int SIGKILL = 9;
    private static final int SIGXCPU = 24;
    private static final int SIGXFSZ = 25;

    /** How an engine begins that says at length, on standard error, that it gives up. */
    private static final Pattern LAST_WORDS = Pattern.compile(
            "\\n?(<--- Last few GCs --->|#\\n# Fatal |FATAL ERROR: |terminate called |Fatal Python error: )");

    private static final Pattern FRAME = Pattern.compile("(?m)^(?: {4}at .*?)?code\\.js:(\\d+)(?::\\d+)?\\)?$");

    static Ending failed(Status status, String type, String message) {
        return failed(status, new Outcome.Failure(type, message, ""), false);
    }

    private static Ending failed(Status status, Outcome.Failure failure, boolean isIntact) {
        return new Ending(status, Optional.empty(), Optional.of(failure), isIntact);
    }

    private static Ending ok(@Nullable JsonValue value, boolean isIntact) {
        return new Ending(Status.OK, Optional.ofNullable(value), Optional.empty(), isIntact);
    }

    /** Returns how code ended whose worker has said so. */
    static Ending told(String reply, Language language) {
        String rest = reply.isEmpty() ? "" : reply.substring(1);
        return switch (reply.isEmpty() ? 'F' : reply.charAt(0)) {
            case 'V' -> value(rest);
            case 'N' -> ok(null, true);
            case 'O' ->
                failed(
                        Status.OUTPUT,
                        new Outcome.Failure("OutputExceeded", "the code has said more than it may", ""),
                        true);
            case 'X' -> notJson(rest);
            case 'E' -> raised(rest, language);
            case 'M' -> usedUp();
            default -> noReply();
        };
    }

    private static Ending value(String json) {
        try {
            // Whoever it is given to reads no more than this.
            MessageLimits limits = MessageLimits.forUpstreams().withMaxBytes(Integer.MAX_VALUE);
            return ok(JsonValue.parse(json, limits), true);
        } catch (MalformedMessageException e) {
            return notJson(String.valueOf(e.getMessage()));
        }
    }

    private static Ending notJson(String why) {
        return failed(Status.ERROR, new Outcome.Failure("ValueNotJson", why, ""), true);
    }

    private static Ending raised(String json, Language language) {
        try {
            JsonValue error = JsonValue.parse(json, MessageLimits.forUpstreams());
            String type = error.getString("type").orElse("Error");
            String message = error.getString("message").orElse("");
            String trace = error.getString("trace").orElse("");
            if (language == Language.JAVASCRIPT) {
                if (type.equals("RangeError") && message.equals("Array buffer allocation failed")) {
                    return usedUp();
                }
                trace = ownFrames(trace);
            }
            return failed(Status.ERROR, new Outcome.Failure(type, message, trace), true);
        } catch (MalformedMessageException e) {
            return noReply();
        }
    }

    /** Returns the frames of a trace that are the code's. */
    private static String ownFrames(String trace) {
        Matcher frames = FRAME.matcher(trace);
        List<String> own = frames.results()
                .map(frame -> frame.group().startsWith("    at ")
                        ? frame.group().replaceFirst("(code\\.js:\\d+):\\d+", "$1")
                        : "    at code.js:" + frame.group(1))
                .collect(Collectors.toList());
        return String.join("\n", own);
    }

    /** Its memory is what it may be; what runs in it next would have nothing left. */
    private static Ending usedUp() {
        return failed(Status.MEMORY, "MemoryError", "the code wanted more memory than it may have");
    }

    /** Code has changed what is to say how it ended, in its own process. */
    static Ending noReply() {
        return failed(Status.ERROR, "NoReply", "the code has not let it be said how it ended");
    }

    /**
     * Returns how code ended whose worker has ended with it.
     *
     * @param status as a shell would say it
     */
    static Ending exited(int status, String stderr, Language language) {
        if (language == Language.SHELL) {
            return ok(JsonValue.trusted(Integer.toString(status)), false);
        }
        return switch (status) {
            case 0 -> ok(null, false);
            case KILLED_BY + SIGABRT, KILLED_BY + SIGILL, KILLED_BY + SIGTRAP ->
                LAST_WORDS.matcher(stderr).find() ? usedUp() : crashed();
            case KILLED_BY + SIGXCPU -> late();
            case KILLED_BY + SIGXFSZ ->
                failed(Status.OUTPUT, "FileTooLarge", "the code has written more into a file than it may");
            case KILLED_BY + SIGKILL -> crashed();
            default -> status > KILLED_BY ? crashed() : failed(Status.ERROR, "SystemExit", Integer.toString(status));
        };
    }

    private static Ending crashed() {
        return failed(Status.ERROR, "InterpreterCrashed", "the interpreter has crashed, as by calls nested too deeply");
    }

    static Ending late() {
        return failed(Status.TIMEOUT, "Timeout", "the code has taken longer than it may");
    }

    static Ending tooMuchMemory() {
        return usedUp();
    }

    static Ending tooMuchSaid() {
        return failed(Status.OUTPUT, "OutputExceeded", "the code has said more than it may");
    }

    /** Returns what code has said on standard error, without what its interpreter has said when it gave up. */
    String withoutLastWords(String stderr) {
        Matcher lastWords = LAST_WORDS.matcher(stderr);
        return isIntact || !lastWords.find() ? stderr : stderr.substring(0, lastWords.start());
    }
}
