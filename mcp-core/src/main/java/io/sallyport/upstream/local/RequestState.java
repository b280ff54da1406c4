package io.sallyport.upstream.local;

import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.Part;
import io.sallyport.protocol.Request;
import io.sallyport.spi.Principal;
import io.sallyport.spi.Sealer;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Optional;

/**
 * The state between two rounds of a call, in the hands of the client: sealed, bound to the principal, the method, the
 * name and the arguments, and good for ten minutes (revision 2026-07-28, "Multi round-trip requests").
 */
final class RequestState {

    private static final String PURPOSE = "request-state";
    private static final Duration LIFE = Duration.ofMinutes(10);

    private RequestState() {}

    static String seal(Sealer sealer, String state, Request request, Principal principal, Instant now) {
        byte[] text = state.getBytes(StandardCharsets.UTF_8);
        byte[] plaintext = ByteBuffer.allocate(Long.BYTES + text.length)
                .putLong(now.plus(LIFE).toEpochMilli())
                .put(text)
                .array();
        return Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString(sealer.seal(PURPOSE, context(request, principal), plaintext));
    }

    /** Returns the state, or nothing if it is not one that was given out for such a call, or too old. */
    static Optional<String> open(Sealer sealer, String sealed, Request request, Principal principal, Instant now) {
        byte[] bytes;
        try {
            bytes = Base64.getUrlDecoder().decode(sealed);
        } catch (IllegalArgumentException notBase64) {
            return Optional.empty();
        }
        return sealer.open(PURPOSE, context(request, principal), bytes)
                .map(ByteBuffer::wrap)
                .filter(plaintext -> plaintext.getLong() > now.toEpochMilli())
                .map(plaintext -> StandardCharsets.UTF_8.decode(plaintext).toString());
    }

    private static byte[] context(Request request, Principal principal) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            add(digest, principal.issuer());
            add(digest, principal.clientId());
            add(digest, principal.subject());
            add(digest, principal.tenant());
            add(digest, request.method());
            for (String param : new String[] {"name", "uri", "arguments"}) {
                add(
                        digest,
                        request.get(Part.PARAMS, param).map(JsonValue::toJson).orElse(""));
            }
            return digest.digest();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /** The length in front keeps neighbours from running into each other. */
    private static void add(MessageDigest digest, String part) {
        byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
        digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(bytes.length).array());
        digest.update(bytes);
    }
}
