package io.sallyport.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** Messages as a peer would put them on the wire, and what we say to them. */
final class Wire {

    private static final String HEAD = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":{\"arguments\":";
    private static final String TAIL = "}}";

    private Wire() {}

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static byte[] hex(String digits) {
        return HexFormat.of().parseHex(digits);
    }

    static byte[] join(byte[]... parts) {
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            whole.writeBytes(part);
        }
        return whole.toByteArray();
    }

    /** Returns a request in which {@code value} stands where policy does not look. */
    static byte[] holding(byte[] value) {
        return join(utf8(HEAD), value, utf8(TAIL));
    }

    static String holding(String value) {
        return HEAD + value + TAIL;
    }

    /** Returns the offset that the value of {@link #holding} has. */
    static int offsetHeld() {
        return HEAD.length();
    }

    static Message parse(String json) {
        return parse(utf8(json), MessageLimits.forClients());
    }

    static Message parse(byte[] bytes, MessageLimits limits) {
        try {
            return Message.parse(bytes, limits);
        } catch (MalformedMessageException e) {
            throw new AssertionError("refused, though it is a message: " + e.getMessage(), e);
        }
    }

    static MalformedMessageException refusal(String json) {
        return refusal(utf8(json));
    }

    static MalformedMessageException refusal(byte[] bytes) {
        return refusal(bytes, MessageLimits.forClients());
    }

    static MalformedMessageException refusal(byte[] bytes, MessageLimits limits) {
        MalformedMessageException refusal =
                catchThrowableOfType(MalformedMessageException.class, () -> Message.parse(bytes, limits));
        assertThat(refusal)
                .as("%s was accepted", new String(bytes, StandardCharsets.UTF_8))
                .isNotNull();
        return refusal;
    }

    static boolean accepts(byte[] bytes) {
        try {
            Message.parse(bytes, MessageLimits.forClients());
            return true;
        } catch (MalformedMessageException refused) {
            return false;
        }
    }

    static JsonValue value(String json) {
        try {
            return JsonValue.parse(json, MessageLimits.forClients());
        } catch (MalformedMessageException e) {
            throw new AssertionError("refused, though it is JSON: " + e.getMessage(), e);
        }
    }
}
