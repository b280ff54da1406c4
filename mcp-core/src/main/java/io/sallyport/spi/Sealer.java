package io.sallyport.spi;

import java.util.Optional;

/**
 * Authenticated encryption with a purpose: what was sealed for one purpose and context opens for no other. Keys are the
 * implementation's affair; it may rotate them, as long as what it sealed opens for as long as its users were promised.
 */
public interface Sealer {

    /**
     * Returns the plaintext, encrypted and authenticated.
     *
     * @param purpose a constant word per use, such as {@code request-state}
     * @param context what else has to be the same when it is opened
     */
    byte[] seal(String purpose, byte[] context, byte[] plaintext);

    /**
     * Returns the plaintext, or nothing if the bytes were not sealed by this for the same purpose and context: changed,
     * foreign, too old. Callers cannot tell which.
     */
    Optional<byte[]> open(String purpose, byte[] context, byte[] sealed);

    /** Returns a sealer with a random key that lives as long as the object. */
    static Sealer ephemeral() {
        return new EphemeralSealer();
    }
}
