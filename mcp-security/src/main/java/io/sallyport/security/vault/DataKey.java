package io.sallyport.security.vault;

import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.concurrent.locks.StampedLock;

/**
 * A key that data is encrypted under, by way of a key derived for each message. It is in memory only as long as it is used;
 * where it is kept it is wrapped. Immutable until it is {@linkplain #destroy() destroyed}; thread-safe.
 */
final class DataKey {

    static final int BYTES = 32;

    private final long id;
    private final byte[] bytes;

    /** Held for ever by whoever has destroyed the key. Reading under it writes nothing that threads share. */
    private final StampedLock lock = new StampedLock();

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

    /**
     * Returns what is made of its bytes, which are not a copy.
     *
     * @throws IllegalStateException if it is destroyed, or was while this was under way: what was made then is of other bytes
     */
    <T, E extends Exception> T use(Use<T, E> use) throws E {
        long stamp = lock.tryOptimisticRead();
        if (stamp != 0) {
            T made = use.of(bytes);
            if (lock.validate(stamp)) {
                return made;
            }
        }
        throw new IllegalStateException("the vault was closed");
    }

    /** What is made of a key. */
    interface Use<T, E extends Exception> {
        T of(byte[] bytes) throws E;
    }

    /** Overwrites it. Idempotent. */
    void destroy() {
        if (lock.tryWriteLock() != 0) {
            Arrays.fill(bytes, (byte) 0);
        }
    }

    @Override
    public String toString() {
        return "DataKey[" + word(id) + "]";
    }
}
