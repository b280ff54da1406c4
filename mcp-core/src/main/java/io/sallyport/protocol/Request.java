package io.sallyport.protocol;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A message that wants a {@link Response}. */
public final class Request extends Message {

    private final String method;
    private final RequestId id;

    Request(Envelope envelope, String method, RequestId id) {
        super(envelope);
        this.method = method;
        this.id = id;
    }

    /**
     * Puts a request together.
     *
     * @param params see {@link Json#write} for what it may hold; null for none
     */
    public static Request of(RequestId id, String method, @Nullable Map<String, ?> params) {
        String head = "{\"jsonrpc\":\"2.0\",\"id\":" + id.token() + ",\"method\":" + Json.quote(method);
        return (Request) Message.of(params == null ? head + "}" : head + ",\"params\":" + Json.write(params) + "}");
    }

    /** Returns the method's name. */
    public String method() {
        return method;
    }

    /** Returns the id, as the requester wrote it. */
    public RequestId id() {
        return id;
    }

    /** Returns the same request under another id. */
    public Request withId(RequestId other) {
        return (Request) edit().set(Part.MESSAGE, "id", other.token()).apply();
    }

    @Override
    public String toString() {
        return "Request[" + Json.quote(method) + ", id=" + id + ", " + size() + " bytes]";
    }
}
