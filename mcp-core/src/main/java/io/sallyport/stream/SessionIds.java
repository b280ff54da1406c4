package io.sallyport.stream;

import io.sallyport.spi.Principal;
import io.sallyport.spi.Sealer;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Optional;

/**
 * The ids of legacy sessions: sealed, so that what is forged, has expired, or is another's, dies without a look at the
 * store. Bound to the endpoint and the principal that the session was opened at and by. Thread-safe.
 *
 * @since 0.1
 */
public final class SessionIds {

    private static final String PREFIX = "s1.";
    private static final String PURPOSE = "session-id";

    private static final Base64.Encoder ENCODER = Base64.getUrlEncoder().withoutPadding();

    private static final int RANDOM_BYTES = 16;
    private static final int PRINCIPAL_BYTES = 16;
    private static final int KEY_DIGITS = 32;
    private static final int MAX_CHARS = 8 * 1024;

    /** Clocks of nodes differ; the store has the last word. */
    private static final Duration SKEW = Duration.ofMinutes(1);

    /**
     * What an id says.
     *
     * @param key what the store knows the session by; by itself it opens nothing
     * @param isExpired whether the session has reached its greatest age
     * @param isOwn whether the principal is the one that opened it
     * @param node the node that opened it
     * @param content what the session consists of, if no store keeps it
     */
    public record Opened(String key, boolean isExpired, boolean isOwn, String node, Optional<String> content) {}

    /**
     * A new id.
     *
     * @param id what the client shows
     * @param key what the store knows the session by
     */
    public record Made(String id, String key) {}

    private final Sealer sealer;
    private final InstantSource clock;
    private final SecureRandom random = new SecureRandom();

    /** Creates what makes and opens ids, by a sealer and a clock that all nodes have the same of. */
    public SessionIds(Sealer sealer, InstantSource clock) {
        this.sealer = sealer;
        this.clock = clock;
    }

    /**
     * Returns an id that nobody has had before.
     *
     * @param lives how long, at most
     * @param node the node that opens the session
     * @param content what the session consists of if no store keeps it, else empty
     */
    public Made make(String endpoint, Principal principal, Duration lives, String node, String content) {
        byte[] name = new byte[RANDOM_BYTES];
        random.nextBytes(name);
        byte[] nodeName = node.getBytes(StandardCharsets.UTF_8);
        byte[] rest = content.getBytes(StandardCharsets.UTF_8);
        ByteBuffer plain =
                ByteBuffer.allocate(RANDOM_BYTES + PRINCIPAL_BYTES + Long.BYTES + 1 + nodeName.length + rest.length);
        plain.put(name).put(hash(principal)).putLong(endAfter(lives));
        plain.put((byte) nodeName.length).put(nodeName).put(rest);
        byte[] sealed = sealer.seal(PURPOSE, context(endpoint), plain.array());
        return new Made(PREFIX + ENCODER.encodeToString(sealed), keyOf(name));
    }

    /** Who wants no end at all gives a length that no moment can be that far from. */
    private long endAfter(Duration lives) {
        Instant now = clock.instant();
        return lives.compareTo(Duration.between(now, Instant.MAX)) >= 0
                ? Instant.MAX.getEpochSecond()
                : now.plus(lives).getEpochSecond();
    }

    /** Returns what an id says to a principal at an endpoint; nothing if it was not made here, or for another endpoint. */
    public Optional<Opened> open(String id, String endpoint, Principal principal) {
        if (!id.startsWith(PREFIX) || id.length() > MAX_CHARS) {
            return Optional.empty();
        }
        byte[] sealed;
        try {
            sealed = Base64.getUrlDecoder().decode(id.substring(PREFIX.length()));
        } catch (IllegalArgumentException notBase64) {
            return Optional.empty();
        }
        // A decoder overlooks padding and the last character's spare bits: one id would have several spellings.
        if (!id.equals(PREFIX + ENCODER.encodeToString(sealed))) {
            return Optional.empty();
        }
        return sealer.open(PURPOSE, context(endpoint), sealed).map(plain -> read(ByteBuffer.wrap(plain), principal));
    }

    private Opened read(ByteBuffer plain, Principal principal) {
        byte[] name = bytes(plain, RANDOM_BYTES);
        boolean isOwn = MessageDigest.isEqual(bytes(plain, PRINCIPAL_BYTES), hash(principal));
        boolean isExpired = clock.instant().minus(SKEW).getEpochSecond() >= plain.getLong();
        String node = new String(bytes(plain, plain.get()), StandardCharsets.UTF_8);
        Optional<String> content = plain.hasRemaining()
                ? Optional.of(new String(bytes(plain, plain.remaining()), StandardCharsets.UTF_8))
                : Optional.empty();
        return new Opened(keyOf(name), isExpired, isOwn, node, content);
    }

    private static byte[] bytes(ByteBuffer from, int count) {
        byte[] bytes = new byte[count];
        from.get(bytes);
        return bytes;
    }

    private static byte[] context(String endpoint) {
        return endpoint.getBytes(StandardCharsets.UTF_8);
    }

    private static String keyOf(byte[] name) {
        return HexFormat.of().formatHex(sha256(name)).substring(0, KEY_DIGITS);
    }

    /** With the length of each part, so that no two principals run into each other. */
    private static byte[] hash(Principal principal) {
        StringBuilder parts = new StringBuilder();
        for (String part :
                new String[] {principal.issuer(), principal.clientId(), principal.subject(), principal.tenant()}) {
            parts.append(part.length()).append(':').append(part);
        }
        return Arrays.copyOf(sha256(parts.toString().getBytes(StandardCharsets.UTF_8)), PRINCIPAL_BYTES);
    }

    private static byte[] sha256(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
