package io.sallyport.security.vault;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * The ciphertext format, version 1. It says itself what it is, and each byte of it is authenticated:
 *
 * <pre>
 *  0  'M' 'V'        2
 *  2  version, 1     1
 *  3  suite, 1       1
 *  4  key id         8   the data key
 * 12  salt          32   random
 * 44  nonce         12   random
 * 56  commitment    32   to the key of this message
 * 88  ciphertext    as many as the plaintext
 *     tag           16
 * </pre>
 *
 * <p>Suite 1 derives 64 bytes from the data key by HKDF-Expand-SHA-256 with the salt in its info: the key of this one message,
 * and the commitment to it. Encryption is AES-256-GCM; what is authenticated with it is the header, the commitment and the
 * {@link SealContext}. AES-GCM does not commit to its key: without the commitment one could make a ciphertext that opens under
 * two keys.
 *
 * <p>There is one suite and no choice: what says another is refused. Thread-safe.
 */
final class Envelope {

    /** How many bytes a ciphertext has more than its plaintext. */
    static final int OVERHEAD = 104;

    /** More than any secret has. What is larger is not for one message. */
    static final int MOST_PLAINTEXT_BYTES = 1024 * 1024;

    static final byte VERSION = 1;
    static final byte SUITE = 1;

    static final int SUITE_AT = 3;
    private static final int SALT_AT = 12;
    private static final int NONCE_AT = 44;
    private static final int COMMITMENT_AT = 56;
    private static final int CIPHERTEXT_AT = 88;
    private static final int COMMITMENT_BYTES = CIPHERTEXT_AT - COMMITMENT_AT;
    private static final int MESSAGE_KEY_BYTES = 32;

    private static final short MAGIC = 'M' << Byte.SIZE | 'V';
    private static final byte[] LABEL = "mcp-vault/v1".getBytes(StandardCharsets.US_ASCII);

    /** Why something does not open. For operators: whoever presented it learns only that it does not. */
    enum Flaw {
        /** Too short, or not ours. */
        NO_ENVELOPE,
        /** A version of the format that this release does not know. */
        UNKNOWN_VERSION,
        /** A suite that this release does not know. */
        UNKNOWN_SUITE,
        /** Its data key is not here: destroyed, disabled, or another vault's. */
        UNKNOWN_KEY,
        /** The data key of that name is not the one that it was sealed under. */
        OTHER_KEY,
        /** Changed, or presented for something else than it was sealed for. */
        FORGED
    }

    /**
     * What came of opening.
     *
     * @param plaintext null if there is a flaw
     * @param flaw null if there is none
     */
    record Opened(byte @Nullable [] plaintext, @Nullable Flaw flaw) {

        private static Opened not(Flaw flaw) {
            return new Opened(null, flaw);
        }
    }

    private final Primitives primitives;
    private final SecureRandom random;

    Envelope(Primitives primitives, SecureRandom random) {
        this.primitives = primitives;
        this.random = random;
    }

    /**
     * Returns the plaintext, sealed.
     *
     * @throws IllegalArgumentException if it has more than 1 MiB
     */
    byte[] seal(DataKey key, SealContext context, byte[] plaintext) {
        if (plaintext.length > MOST_PLAINTEXT_BYTES) {
            throw new IllegalArgumentException(
                    "what is sealed must have at most 1048576 bytes (1 MiB), but had " + plaintext.length);
        }
        // Salt and nonce at once: to ask twice takes twice as long.
        byte[] drawn = new byte[COMMITMENT_AT - SALT_AT];
        random.nextBytes(drawn);
        byte[] sealed = new byte[OVERHEAD + plaintext.length];
        ByteBuffer.wrap(sealed)
                .putShort(MAGIC)
                .put(VERSION)
                .put(SUITE)
                .putLong(key.id())
                .put(drawn);
        byte[] derived = derive(key, sealed);
        System.arraycopy(derived, MESSAGE_KEY_BYTES, sealed, COMMITMENT_AT, COMMITMENT_BYTES);
        byte[] messageKey = Arrays.copyOf(derived, MESSAGE_KEY_BYTES);
        byte[] nonce = Arrays.copyOfRange(sealed, NONCE_AT, COMMITMENT_AT);
        primitives.encrypt(messageKey, nonce, authenticated(sealed, context), plaintext, sealed, CIPHERTEXT_AT);
        wipe(derived, messageKey);
        return sealed;
    }

    /**
     * Opens what was sealed.
     *
     * @param keys returns the data key of a name, or null; it is asked for the one key that the header names
     */
    Opened open(LongFunction<@Nullable DataKey> keys, SealContext context, byte[] sealed) {
        Optional<Flaw> flaw = flawOfHeader(sealed);
        if (flaw.isPresent()) {
            return Opened.not(flaw.get());
        }
        DataKey key = keys.apply(keyId(sealed));
        if (key == null) {
            return Opened.not(Flaw.UNKNOWN_KEY);
        }
        byte[] derived = derive(key, sealed);
        byte[] messageKey = Arrays.copyOf(derived, MESSAGE_KEY_BYTES);
        try {
            byte[] commitment = Arrays.copyOfRange(derived, MESSAGE_KEY_BYTES, derived.length);
            if (!MessageDigest.isEqual(commitment, Arrays.copyOfRange(sealed, COMMITMENT_AT, CIPHERTEXT_AT))) {
                return Opened.not(Flaw.OTHER_KEY);
            }
            byte[] nonce = Arrays.copyOfRange(sealed, NONCE_AT, COMMITMENT_AT);
            return primitives
                    .decrypt(messageKey, nonce, authenticated(sealed, context), sealed, CIPHERTEXT_AT)
                    .map(plaintext -> new Opened(plaintext, null))
                    .orElseGet(() -> Opened.not(Flaw.FORGED));
        } finally {
            wipe(derived, messageKey);
        }
    }

    private static Optional<Flaw> flawOfHeader(byte[] sealed) {
        if (sealed.length < OVERHEAD
                || sealed.length > OVERHEAD + MOST_PLAINTEXT_BYTES
                || ByteBuffer.wrap(sealed).getShort() != MAGIC) {
            return Optional.of(Flaw.NO_ENVELOPE);
        }
        if (sealed[SUITE_AT - 1] != VERSION) {
            return Optional.of(Flaw.UNKNOWN_VERSION);
        }
        return sealed[SUITE_AT] == SUITE ? Optional.empty() : Optional.of(Flaw.UNKNOWN_SUITE);
    }

    /** Returns the name of the data key of something that was sealed. */
    static long keyId(byte[] sealed) {
        return ByteBuffer.wrap(sealed).getLong(SUITE_AT + 1);
    }

    /** Returns the key of one message, and the commitment to it. */
    private byte[] derive(DataKey key, byte[] sealed) {
        byte[] info = SealContext.lengthPrefixed(LABEL, Arrays.copyOf(sealed, NONCE_AT));
        return key.use(bytes -> primitives.expand(bytes, info, MESSAGE_KEY_BYTES + COMMITMENT_BYTES));
    }

    private static byte[] authenticated(byte[] sealed, SealContext context) {
        return SealContext.lengthPrefixed(Arrays.copyOf(sealed, CIPHERTEXT_AT), context.bytes());
    }

    private static void wipe(byte[]... keys) {
        for (byte[] key : keys) {
            Arrays.fill(key, (byte) 0);
        }
    }
}
