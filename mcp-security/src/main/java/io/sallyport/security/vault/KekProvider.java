package io.sallyport.security.vault;

import java.util.Optional;

/**
 * Wraps data keys by a key of its own, the key-encryption key, which never leaves it: a file, a key store, a service. Asked
 * when a data key is made and when one is needed for the first time, not for each secret. {@link KekProviders} has those whose
 * key is in this process. Thread-safe.
 *
 * <p>A provider limits its own time, and says then that it cannot be had: nobody else can end a call that hangs. Its calls are
 * checked, so that a wrong answer is an error of an operator's, and no data key is lost by it.
 */
public interface KekProvider {

    /**
     * A data key, wrapped.
     *
     * @param kek the stable name of the key that has wrapped it, at most 2048 characters. It stands beside what was wrapped, so
     *     it must not tell the key
     * @param bytes what {@link #unwrap} takes, at most 4096
     */
    record Wrapped(String kek, byte[] bytes) {}

    /** Returns the name of the key that wraps now. */
    String current();

    /**
     * Wraps a data key, by whichever key wraps when it does.
     *
     * @param context what has to be the same when it is unwrapped
     * @throws KekUnavailableException if it cannot be done now
     */
    Wrapped wrap(byte[] dataKey, byte[] context) throws KekUnavailableException;

    /**
     * Unwraps a data key.
     *
     * @param kek the name of the key that has wrapped it
     * @return the data key, which is the caller's to erase; nothing if it was not wrapped by that key and for that context
     * @throws KekUnavailableException if it cannot be told now, or there is no key of that name here
     */
    Optional<byte[]> unwrap(String kek, byte[] wrapped, byte[] context) throws KekUnavailableException;
}
