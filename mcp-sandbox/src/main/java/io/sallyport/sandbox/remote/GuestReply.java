package io.sallyport.sandbox.remote;

import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.MalformedMessageException;
import io.sallyport.protocol.MessageLimits;
import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Outcome;
import io.sallyport.sandbox.Outcome.Status;
import io.sallyport.sandbox.Tier;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/** What a machine has said of how code ended. Nobody vouches for it: it is read as what code says of itself. */
final class GuestReply {

    /** A trace, a message, and what surrounds them. */
    private static final int FRAME_BYTES = 64 * 1024;

    private static final int KILLED = 137;
    private static final int NOT_EXECUTABLE = 126;
    private static final int NOT_FOUND = 127;

    private GuestReply() {}

    /** Returns how long what comes beside output may be. */
    static int mostReplyBytes(int outputBytes) {
        return outputBytes + FRAME_BYTES;
    }

    /** Returns how long an answer of the server may be: three streams in base64, or in JSON, and what surrounds them. */
    static int mostAnswerBytes(int outputBytes) {
        return (int) Math.min(Integer.MAX_VALUE / 2, 4 * FRAME_BYTES + 6L * outputBytes);
    }

    /** Returns what came of {@link GuestPrograms#command}; empty if it has not let us know. */
    static Optional<Outcome.Builder> ofCommand(JsonValue result, String nonce, Language language, int outputBytes) {
        List<String> lines = lines(result, "stdout");
        int head = lines.size() - 1;
        while (head >= 0 && !lines.get(head).startsWith(nonce + " ")) {
            head--;
        }
        if (head < 0 || head + 3 >= lines.size()) {
            return Optional.empty();
        }
        try {
            String[] words = lines.get(head).split(" ");
            byte[] stdout = decoded(lines.get(head + 1));
            byte[] stderr = decoded(lines.get(head + 2));
            String reply = new String(decoded(lines.get(head + 3)), StandardCharsets.UTF_8);
            boolean isTooMuch = stdout.length > outputBytes || stderr.length > outputBytes;
            Outcome.Builder outcome = words[2].equals("late")
                    ? failed(Status.TIMEOUT, "Timeout", "the code has taken longer than it may", "")
                    : isTooMuch ? tooMuch() : ended(language, Integer.parseInt(words[1]), reply, outputBytes);
            return Optional.of(outcome.said(Utf8.cut(stdout, outputBytes), Utf8.cut(stderr, outputBytes)));
        } catch (IllegalArgumentException | IndexOutOfBoundsException forged) {
            return Optional.empty();
        }
    }

    private static Outcome.Builder ended(Language language, int status, String reply, int outputBytes) {
        if (language == Language.SHELL) {
            return ok().value(JsonValue.trusted(String.valueOf(status)));
        }
        if (!reply.isEmpty()) {
            return replied(reply, outputBytes);
        }
        return switch (status) {
            case 0 -> ok();
            case KILLED ->
                failed(Status.MEMORY, "Killed", "the code was killed; most likely it wanted too much memory", "");
            case NOT_FOUND, NOT_EXECUTABLE ->
                failed(Status.UNAVAILABLE, "NoInterpreter", "the machine's image does not run " + language.word(), "");
            default -> failed(Status.ERROR, "SystemExit", String.valueOf(status), "");
        };
    }

    /** Returns what came of {@link GuestPrograms#call}; empty if it has not let us know. */
    static Optional<Outcome.Builder> ofCall(JsonValue result, String nonce, int outputBytes) {
        for (String line : lines(result, "stdout")) {
            if (line.startsWith(nonce)) {
                try {
                    String json = new String(decoded(" " + line.substring(nonce.length())), StandardCharsets.UTF_8);
                    List<JsonValue> parts = JsonValue.parse(json, unbounded()).elements();
                    String reply = parts.get(0).asString().orElseThrow();
                    String stdout = parts.get(1).asString().orElseThrow();
                    String stderr = parts.get(2).asString().orElseThrow();
                    return Optional.of(replied(reply, outputBytes)
                            .said(Utf8.cut(utf8(stdout), outputBytes), Utf8.cut(utf8(stderr), outputBytes)));
                } catch (MalformedMessageException | RuntimeException forged) {
                    return Optional.empty();
                }
            }
        }
        return Optional.empty();
    }

    /** Returns whether code waits for something, and has to be asked for again. */
    static boolean isPending(JsonValue result, String nonce) {
        return lines(result, "stdout").contains(nonce + "-");
    }

    /** Returns the lines of a stream in an answer of the server. */
    static List<String> lines(JsonValue result, String stream) {
        return result.get("output").map(JsonValue::elements).orElse(List.of()).stream()
                .filter(it -> it.getString("stream").orElse("").equals(stream))
                .map(it -> it.getString("text").orElse(""))
                .toList();
    }

    private static Outcome.Builder replied(String reply, int outputBytes) {
        String rest = reply.substring(1);
        try {
            return switch (reply.charAt(0)) {
                case 'V' ->
                    utf8(rest).length > outputBytes ? tooMuch() : ok().value(JsonValue.parse(rest, unbounded()));
                case 'N' -> ok();
                case 'O' -> tooMuch();
                case 'X' -> failed(Status.ERROR, "ValueNotJson", rest, "");
                case 'E' -> error(JsonValue.parse(rest, unbounded()));
                default -> noReply();
            };
        } catch (MalformedMessageException e) {
            return reply.startsWith("V")
                    ? failed(Status.ERROR, "ValueNotJson", String.valueOf(e.getMessage()), "")
                    : noReply();
        }
    }

    private static Outcome.Builder error(JsonValue error) {
        String type = error.getString("type").orElse("Exception");
        String message = error.getString("message").orElse("");
        String trace = error.getString("trace").orElse("");
        return type.equals("MemoryError")
                ? failed(Status.MEMORY, type, "the code wanted more memory than it may have", trace)
                : failed(Status.ERROR, type, message, trace);
    }

    private static Outcome.Builder noReply() {
        return failed(Status.ERROR, "NoReply", "the code has not let it be said how it ended", "");
    }

    private static Outcome.Builder ok() {
        return Outcome.of(Status.OK, Tier.VM);
    }

    static Outcome.Builder tooMuch() {
        return failed(Status.OUTPUT, "OutputExceeded", "the code has said more than it may", "");
    }

    static Outcome.Builder failed(Status status, String type, String message, String trace) {
        return Outcome.of(status, Tier.VM).error(new Outcome.Failure(type, message, trace));
    }

    private static MessageLimits unbounded() {
        // It has been bounded when it was read; whoever it is given to reads nothing that is nested deeper.
        return MessageLimits.forUpstreams().withMaxBytes(Integer.MAX_VALUE);
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Decodes a line; its first character says what it is. */
    private static byte[] decoded(String line) {
        return Base64.getDecoder().decode(line.substring(1));
    }
}
