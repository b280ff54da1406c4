package io.sallyport.protocol;

import static java.util.Objects.requireNonNull;

import io.sallyport.protocol.MalformedMessageException.Kind;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A JSON-RPC message: the bytes that arrived, and where the members of its envelope stand in them. Immutable; safe for
 * use by several threads.
 *
 * <p>A message is a {@link Request}, a {@link Notification} or a {@link Response}. Whatever it holds beside the members
 * that are looked at passes untouched: unknown fields, forms of numbers, the order of members.
 */
public abstract sealed class Message permits Request, Notification, Response {

    /** For what we put together ourselves, of parts that were bounded before, by whatever limits. */
    static final MessageLimits UNBOUNDED = new MessageLimits(
            Integer.MAX_VALUE,
            MessageLimits.MAX_CONFIGURABLE_DEPTH,
            Integer.MAX_VALUE,
            Integer.MAX_VALUE,
            Integer.MAX_VALUE);

    private static final String JSON_RPC_VERSION = "2.0";

    /** The members that decide what a message is and does. */
    private static final Map<Part, List<String>> JUDGED = Map.of(
            Part.MESSAGE,
            List.of("jsonrpc", "id", "method", "params", "result", "error"),
            Part.PARAMS,
            List.of("name", "arguments", "uri", "taskId", Part.META));

    final Envelope envelope;

    Message(Envelope envelope) {
        this.envelope = envelope;
    }

    /**
     * Scans bytes and returns the message that they are. The array belongs to the message from then on: the caller does
     * not change it any more.
     *
     * @throws MalformedMessageException if they are no message, or beyond a limit
     */
    public static Message parse(byte[] bytes, MessageLimits limits) throws MalformedMessageException {
        return of(new MessageScanner(requireNonNull(bytes, "bytes"), limits).scan());
    }

    /**
     * Scans JSON text that is known to be a message, such as one that was put together here.
     *
     * @throws IllegalArgumentException if it is none
     */
    public static Message of(String json) {
        return trusted(json.getBytes(StandardCharsets.UTF_8));
    }

    /** As {@link #of(String)}, for bytes. Not bounded: what we put together was bounded before, by limits of its own. */
    static Message trusted(byte[] bytes) {
        try {
            return parse(bytes, UNBOUNDED);
        } catch (MalformedMessageException e) {
            throw new IllegalArgumentException("not a message: " + e.getMessage(), e);
        }
    }

    private static Message of(Envelope envelope) throws MalformedMessageException {
        refuseOtherCase(envelope);
        String version = stringMember(envelope, "jsonrpc");
        if (!JSON_RPC_VERSION.equals(version)) {
            throw invalid(envelope, "jsonrpc", "\"jsonrpc\" must be \"2.0\"");
        }
        boolean hasMethod = envelope.find(Part.MESSAGE, "method") >= 0;
        boolean hasResult = envelope.find(Part.MESSAGE, "result") >= 0;
        boolean hasError = envelope.find(Part.MESSAGE, "error") >= 0;
        if (hasMethod == (hasResult || hasError)) {
            throw invalid(
                    envelope,
                    "method",
                    hasMethod
                            ? "\"method\" and \"result\" or \"error\" exclude each other"
                            : "\"method\" is missing; a response would have \"result\" or \"error\"");
        }
        return hasMethod ? call(envelope) : response(envelope, hasResult, hasError);
    }

    /**
     * Refuses a member that is named like one that is judged, but for its case. We would overlook it, while a peer that
     * matches names regardless of case would act on it.
     */
    private static void refuseOtherCase(Envelope envelope) throws MalformedMessageException {
        for (int i = 0; i < envelope.count(); i++) {
            List<String> judged = JUDGED.getOrDefault(envelope.part(i), List.of());
            for (String name : judged) {
                if (envelope.isNamedLike(i, name) && !envelope.isNamed(i, name)) {
                    throw new MalformedMessageException(
                            Kind.NOT_A_MESSAGE,
                            "a member is named like \"" + name + "\", but for its case",
                            envelope.nameStart(i),
                            id(envelope));
                }
            }
        }
    }

    private static Message call(Envelope envelope) throws MalformedMessageException {
        String method = stringMember(envelope, "method");
        if (method == null || method.isEmpty()) {
            throw invalid(envelope, "method", "\"method\" must be a string that is not empty");
        }
        JsonValue params = envelope.get(Part.MESSAGE, "params");
        if (params != null && !params.isObject()) {
            throw invalid(envelope, "params", "\"params\" must be an object");
        }
        JsonValue meta = envelope.get(Part.PARAMS, Part.META);
        if (meta != null && !meta.isObject()) {
            throw invalid(envelope, "params", "\"_meta\" must be an object");
        }
        if (envelope.find(Part.MESSAGE, "id") < 0) {
            return new Notification(envelope, method);
        }
        RequestId id = id(envelope);
        if (id == null) {
            throw invalid(envelope, "id", "\"id\" must be a string or a number; a notification has none");
        }
        return new Request(envelope, method, id);
    }

    private static Message response(Envelope envelope, boolean hasResult, boolean hasError)
            throws MalformedMessageException {
        if (hasResult && hasError) {
            throw invalid(envelope, "error", "\"result\" and \"error\" exclude each other");
        }
        JsonValue body = requireNonNull(envelope.get(Part.MESSAGE, hasResult ? "result" : "error"));
        if (!body.isObject()) {
            throw invalid(envelope, hasResult ? "result" : "error", "\"result\" and \"error\" must be objects");
        }
        if (hasError) {
            JsonValue code = envelope.get(Part.ERROR, "code");
            JsonValue message = envelope.get(Part.ERROR, "message");
            if (code == null || code.asLong().isEmpty() || message == null || message.kind() != JsonValue.Kind.STRING) {
                throw invalid(envelope, "error", "\"error\" needs an integer \"code\" and a string \"message\"");
            }
        }
        RequestId id = id(envelope);
        if (id == null && hasResult) {
            throw invalid(envelope, "id", "a result needs the \"id\" of its request");
        }
        JsonValue noId = id == null ? envelope.get(Part.MESSAGE, "id") : null;
        if (noId != null && noId.kind() != JsonValue.Kind.NULL) {
            throw invalid(envelope, "id", "\"id\" must be a string, a number or null");
        }
        return new Response(envelope, id, hasError);
    }

    private static @Nullable RequestId id(Envelope envelope) {
        JsonValue id = envelope.get(Part.MESSAGE, "id");
        return id != null && (id.kind() == JsonValue.Kind.STRING || id.kind() == JsonValue.Kind.NUMBER)
                ? new RequestId(id.toJson())
                : null;
    }

    private static @Nullable String stringMember(Envelope envelope, String name) {
        JsonValue value = envelope.get(Part.MESSAGE, name);
        return value == null ? null : value.asString().orElse(null);
    }

    private static MalformedMessageException invalid(Envelope envelope, String member, String reason) {
        JsonValue at = envelope.get(Part.MESSAGE, member);
        return new MalformedMessageException(Kind.NOT_A_MESSAGE, reason, at == null ? 0 : at.start, id(envelope));
    }

    /** Returns a member of one of the remembered parts, or nothing if there is none. */
    public final Optional<JsonValue> get(Part part, String name) {
        return Optional.ofNullable(envelope.get(part, name));
    }

    /** Returns a member of one of the remembered parts if it is a string. */
    public final Optional<String> getString(Part part, String name) {
        JsonValue value = envelope.get(part, name);
        return value == null ? Optional.empty() : value.asString();
    }

    /** Returns a whole part as a value, or nothing if the message does not have it. */
    public final Optional<JsonValue> get(Part part) {
        return part == Part.MESSAGE
                ? Optional.of(whole())
                : Optional.ofNullable(envelope.get(part.parent(), part.memberName()));
    }

    private JsonValue whole() {
        byte[] bytes = envelope.bytes;
        int start = 0;
        while (bytes[start] != '{') {
            start++;
        }
        int end = bytes.length;
        while (bytes[end - 1] != '}') {
            end--;
        }
        return new JsonValue(bytes, start, end);
    }

    /** Begins an edit of this message, which itself stays as it is. */
    public final MessageEdit edit() {
        return new MessageEdit(this);
    }

    /** Returns the number of bytes. */
    public final int size() {
        return envelope.bytes.length;
    }

    /** Writes the bytes. */
    public final void writeTo(OutputStream out) throws IOException {
        out.write(envelope.bytes);
    }

    /** Returns a read-only view of the bytes. */
    public final ByteBuffer asByteBuffer() {
        return ByteBuffer.wrap(envelope.bytes).asReadOnlyBuffer();
    }

    /**
     * Returns the bytes on one line: line breaks between tokens became spaces. The result is not to be changed.
     *
     * <p>Needed where a line break ends a message (stdio, server-sent events): what follows a nested one would be taken
     * for a message of its own that nobody has judged. Inside strings JSON has no line breaks.
     */
    public final Message onOneLine() {
        if (!envelope.hasLineBreaks) {
            return this;
        }
        byte[] line = envelope.bytes.clone();
        for (int i = 0; i < line.length; i++) {
            if (line[i] == '\n' || line[i] == '\r') {
                line[i] = ' ';
            }
        }
        return trusted(line);
    }

    /** Returns the message as text. */
    public final String toJson() {
        return new String(envelope.bytes, StandardCharsets.UTF_8);
    }

    /** Returns what the message is, without its content, which may be anybody's secret. */
    @Override
    public abstract String toString();
}
