package io.sallyport.security.vault;

import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * A key that data is encrypted under, by way of a key derived for each message. It is in memory only as long as it is used;
 * where it is kept it is wrapped. Immutable until it is {@linkplain #destroy() destroyed}; thread-safe.
 */
final class DataKey {

    static final int BYTES = 32;

    private final long id;
    private final byte[] bytes;

    /** Takes the bytes as its own. */
    DataKey(long id, byte[] bytes) {
        if (bytes.length != BYTES) {
            throw new IllegalArgumentException("a data key has 32 bytes, but this had " + bytes.length);
        }
        this.id = id;
        this.bytes = bytes;
    }

    static DataKey random(SecureRandom random) {
        byte[] bytes = new byte[BYTES];
        random.nextBytes(bytes);
        return new DataKey(random.nextLong(), bytes);
    }

    /** Returns its name, which stands in clear in what was sealed under it. */
    long id() {
        return id;
    }

    /** Returns what it is called in logs. */
    static String word(long id) {
        return HexFormat.of().toHexDigits(id);
    }

    /** Returns the bytes, not a copy. */
    byte[] bytes() {
        return bytes;
    }

    /** Overwrites it. What is sealed under it afterwards opens for nobody. */
    void destroy() {
        Arrays.fill(bytes, (byte) 0);
    }

    @Override
    public String toString() {
        return "DataKey[" + word(id) + "]";
    }
}
