package io.sallyport.security.vault;

import static java.util.Objects.requireNonNull;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * What a ciphertext belongs to: it opens for the same four words only, so that none can stand in for another.
 *
 * @param tenant whose it is; its key is the tenant's
 * @param namespace a part of the tenant's, such as one for each kind of secret
 * @param name what it is called there
 * @param purpose a constant word for what it is used for
 */
record SealContext(String tenant, String namespace, String name, String purpose) {

    /** Checks that no word is missing. */
    SealContext {
        requireNonNull(tenant, "tenant");
        requireNonNull(namespace, "namespace");
        requireNonNull(name, "name");
        requireNonNull(purpose, "purpose");
    }

    /** Returns bytes that no other context has: each word with its length in front. */
    byte[] bytes() {
        return lengthPrefixed(utf8(tenant), utf8(namespace), utf8(name), utf8(purpose));
    }

    private static byte[] utf8(String word) {
        return word.getBytes(StandardCharsets.UTF_8);
    }

    /** Returns bytes that no other parts have. */
    static byte[] lengthPrefixed(byte[]... parts) {
        int size = 0;
        for (byte[] part : parts) {
            size += Integer.BYTES + part.length;
        }
        ByteBuffer bytes = ByteBuffer.allocate(size);
        for (byte[] part : parts) {
            bytes.putInt(part.length).put(part);
        }
        return bytes.array();
    }
}
