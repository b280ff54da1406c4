package io.sallyport.spi;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.crypto.SecretKey;

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

    /** Returns a sealer with a random key that lives as long as the object: for a gateway that is one process. */
    static Sealer ephemeral() {
        return new AesSealer();
    }

    /**
     * Returns a sealer with keys of the host's, AES-256-GCM, which all nodes of a gateway share. To rotate, let all nodes
     * open with the new key first, then seal with it, and take the old one away when all that it sealed has expired.
     *
     * @param sealsWith what is sealed from now on is sealed with this one
     * @param opensToo others that what is presented may have been sealed with
     * @throws IllegalArgumentException if one of them is no AES key of 32 bytes, or there twice
     */
    static Sealer withKeys(SecretKey sealsWith, SecretKey... opensToo) {
        List<SecretKey> ring = new ArrayList<>();
        ring.add(requireNonNull(sealsWith, "sealsWith"));
        ring.addAll(List.of(opensToo));
        return new AesSealer(ring);
    }
}
