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

    /** Puts a result together from JSON text that is an object. */
    public static Response resultJson(RequestId id, String json) {
        return (Response) Message.of("{\"jsonrpc\":\"2.0\",\"id\":" + id.token() + ",\"result\":" + json + "}");
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

    /** Returns the error's code, or 0 for a result. */
    public int errorCode() {
        return get(Part.ERROR, "code")
                .map(code -> (int) code.asLong().orElse(0))
                .orElse(0);
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
