package io.sallyport.protocol;

import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The answer to a {@link Request}: a result or an error. */
public final class Response extends Message {

    private final @Nullable RequestId id;
    private final boolean error;

    Response(Envelope envelope, @Nullable RequestId id, boolean error) {
        super(envelope);
        this.id = id;
        this.error = error;
    }

    /** Puts a result together; see {@link Json#write} for what it may hold. */
    public static Response result(RequestId id, Map<String, ?> result) {
        return resultJson(id, Json.write(result));
    }

    /**
     * Puts a result together from JSON text.
     *
     * @throws IllegalArgumentException if the text is not one JSON object
     */
    public static Response resultJson(RequestId id, String json) {
        Message message = Message.of("{\"jsonrpc\":\"2.0\",\"id\":" + id.token() + ",\"result\":" + json + "}");
        if (message.envelope.count(Part.MESSAGE) != 3) {
            // The text ended the result and went on.
            throw new IllegalArgumentException("a result is one JSON object");
        }
        return (Response) message;
    }

    /**
     * Puts an error together.
     *
     * @param id the request's, or null if the request was not understood so far
     */
    public static Response error(@Nullable RequestId id, McpError error) {
        return (Response) Message.of("{\"jsonrpc\":\"2.0\",\"id\":" + (id == null ? "null" : id.token()) + ",\"error\":"
                + Json.write(error.toJson()) + "}");
    }

    /** Returns the id of the request; empty only for an error about a request that was not understood. */
    public Optional<RequestId> id() {
        return Optional.ofNullable(id);
    }

    /** Returns whether it is an error. */
    public boolean isError() {
        return error;
    }

    /**
     * Returns the error's code, or 0 for a result. A code that is no {@code int}, which nobody has defined, counts as
     * {@link ErrorCodes#INTERNAL_ERROR}.
     */
    public int errorCode() {
        if (!error) {
            return 0;
        }
        long code = get(Part.ERROR, "code").orElseThrow().asLong().orElseThrow();
        return code == (int) code ? (int) code : ErrorCodes.INTERNAL_ERROR;
    }

    /** Returns the same response under another id. */
    public Response withId(RequestId other) {
        return (Response) edit().set(Part.MESSAGE, "id", other.token()).apply();
    }

    @Override
    public String toString() {
        return "Response[" + (error ? "error " + errorCode() : "result") + ", id=" + id + ", " + size() + " bytes]";
    }
}
