package io.sallyport.protocol;

import static java.util.Objects.requireNonNull;

/**
 * A JSON-RPC request id, kept as the exact JSON token that the requester sent, so that it is echoed byte for byte.
 *
 * <p>Two ids are equal if their tokens are; {@code 1} and {@code 1.0} are therefore two ids, as they are for most
 * peers.
 *
 * @param token a JSON string with its quotes, or a JSON number
 */
public record RequestId(String token) {

    /** Checks that the token is a string or a number. */
    public RequestId {
        requireNonNull(token, "token");
        if (token.isEmpty() || !isStringOrNumber(token.charAt(0))) {
            throw new IllegalArgumentException("a request id is a JSON string or number, but was " + token);
        }
    }

    /** Returns the id for a number of our own making. */
    public static RequestId of(long number) {
        return new RequestId(Long.toString(number));
    }

    private static boolean isStringOrNumber(char first) {
        return first == '"' || first == '-' || first >= '0' && first <= '9';
    }

    @Override
    public String toString() {
        return token;
    }
}
