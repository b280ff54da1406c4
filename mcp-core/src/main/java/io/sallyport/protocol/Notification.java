package io.sallyport.protocol;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A message that wants no answer. */
public final class Notification extends Message {

    private final String method;

    Notification(Envelope envelope, String method) {
        super(envelope);
        this.method = method;
    }

    /**
     * Puts a notification together.
     *
     * @param params see {@link Json#write} for what it may hold; null for none
     */
    public static Notification of(String method, @Nullable Map<String, ?> params) {
        String head = "{\"jsonrpc\":\"2.0\",\"method\":" + Json.quote(method);
        return (Notification)
                Message.of(params == null ? head + "}" : head + ",\"params\":" + Json.write(params) + "}");
    }

    /** Returns the method's name. */
    public String method() {
        return method;
    }

    @Override
    public String toString() {
        return "Notification[" + Json.quote(method) + ", " + size() + " bytes]";
    }
}
