package io.sallyport.protocol;

import static java.util.Objects.requireNonNull;

import java.util.function.IntPredicate;

/**
 * A JSON-RPC request id, kept as the exact JSON token that the requester sent, so that it is echoed byte for byte.
 *
 * <p>Two ids are equal if their tokens are; {@code 1} and {@code 1.0} are therefore two ids, as they are for most
 * peers.
 *
 * @param token a JSON string with its quotes, or a JSON number
 */
public record RequestId(String token) {

    /**
     * Checks that the token is a string or a number, whole and nothing beside it.
     *
     * @throws IllegalArgumentException if it is not
     */
    public RequestId {
        requireNonNull(token, "token");
        if (!isWholeNumber(token) && !isPlainString(token) && !isStringOrNumber(token)) {
            throw new IllegalArgumentException("a request id is a JSON string or number, but was " + token);
        }
    }

    /** Returns the id for a number of our own making. */
    public static RequestId of(long number) {
        return new RequestId(Long.toString(number));
    }

    /** Nearly all ids are this, so that no scanner is needed. */
    private static boolean isWholeNumber(String token) {
        return isAll(token, 0, token.length(), c -> c >= '0' && c <= '9')
                && (token.length() == 1 || token.charAt(0) != '0');
    }

    /** Or this. */
    private static boolean isPlainString(String token) {
        return token.length() > 2
                && token.charAt(0) == '"'
                && token.charAt(token.length() - 1) == '"'
                && isAll(token, 1, token.length() - 1, c -> c >= 0x20 && c < 0x7F && c != '"' && c != '\\');
    }

    private static boolean isAll(String token, int start, int end, IntPredicate wanted) {
        for (int i = start; i < end; i++) {
            if (!wanted.test(token.charAt(i))) {
                return false;
            }
        }
        return start < end;
    }

    private static boolean isStringOrNumber(String token) {
        try {
            JsonValue value = JsonValue.trusted(token);
            return (value.kind() == JsonValue.Kind.STRING || value.kind() == JsonValue.Kind.NUMBER)
                    && value.toJson().equals(token);
        } catch (IllegalArgumentException notJson) {
            return false;
        }
    }

    @Override
    public String toString() {
        return token;
    }
}
