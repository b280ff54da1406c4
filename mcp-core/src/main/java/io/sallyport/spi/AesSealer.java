package io.sallyport.spi;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * AES-256-GCM (NIST SP 800-38D) under a ring of keys. Layout: 8 bytes that name the key, 12 of nonce, then ciphertext and
 * tag. Nonces are random, so that a key is good for 2^32 seals (SP 800-38D, 8.3). Thread-safe.
 */
final class AesSealer implements Sealer {

    private static final int KEY_BYTES = 32;
    private static final int NONCE_BYTES = 12;
    private static final int TAG_BITS = 128;

    private final SecureRandom random = new SecureRandom();
    private final Map<Long, SecretKey> ring = new LinkedHashMap<>();
    private final long sealsWith;

    /** Creates a sealer with a random key. */
    AesSealer() {
        this(List.of(randomKey()));
    }

    /**
     * Creates a sealer with these keys.
     *
     * @param keys the one to seal with, then others that open
     * @throws IllegalArgumentException if one of them is no AES key of 32 bytes, or there twice
     */
    AesSealer(List<SecretKey> keys) {
        for (SecretKey key : keys) {
            byte[] bytes = key.getEncoded();
            if (bytes == null || bytes.length != KEY_BYTES) {
                throw new IllegalArgumentException("a key to seal with is an AES key of 32 bytes that can be read, but "
                        + "was " + key.getAlgorithm() + " with "
                        + (bytes == null ? "no" : Integer.toString(bytes.length)) + " bytes; KeyGenerator makes one");
            }
            if (ring.put(nameOf(bytes), new SecretKeySpec(bytes, "AES")) != null) {
                throw new IllegalArgumentException("a key to seal with was given twice; leave one out");
            }
        }
        sealsWith = ring.keySet().iterator().next();
    }

    private static SecretKey randomKey() {
        byte[] bytes = new byte[KEY_BYTES];
        new SecureRandom().nextBytes(bytes);
        return new SecretKeySpec(bytes, "AES");
    }

    private static long nameOf(byte[] key) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update("sallyport sealing key".getBytes(StandardCharsets.UTF_8));
            return ByteBuffer.wrap(digest.digest(key)).getLong();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    @Override
    public byte[] seal(String purpose, byte[] context, byte[] plaintext) {
        byte[] nonce = new byte[NONCE_BYTES];
        random.nextBytes(nonce);
        ByteBuffer head = ByteBuffer.allocate(Long.BYTES + NONCE_BYTES);
        head.putLong(sealsWith).put(nonce);
        try {
            Cipher cipher = cipher(Cipher.ENCRYPT_MODE, sealsWith, nonce, purpose, context);
            byte[] sealed = Arrays.copyOf(head.array(), head.capacity() + cipher.getOutputSize(plaintext.length));
            cipher.doFinal(plaintext, 0, plaintext.length, sealed, head.capacity());
            return sealed;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("AES-256-GCM is not available", e);
        }
    }

    @Override
    public Optional<byte[]> open(String purpose, byte[] context, byte[] sealed) {
        int head = Long.BYTES + NONCE_BYTES;
        if (sealed.length < head + TAG_BITS / Byte.SIZE) {
            return Optional.empty();
        }
        long key = ByteBuffer.wrap(sealed).getLong();
        if (!ring.containsKey(key)) {
            return Optional.empty();
        }
        byte[] nonce = Arrays.copyOfRange(sealed, Long.BYTES, head);
        try {
            return Optional.of(cipher(Cipher.DECRYPT_MODE, key, nonce, purpose, context)
                    .doFinal(sealed, head, sealed.length - head));
        } catch (AEADBadTagException forged) {
            return Optional.empty();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("AES-256-GCM is not available", e);
        }
    }

    private Cipher cipher(int mode, long key, byte[] nonce, String purpose, byte[] context)
            throws GeneralSecurityException {
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, ring.get(key), new GCMParameterSpec(TAG_BITS, nonce));
        cipher.updateAAD(ByteBuffer.allocate(Long.BYTES).putLong(key).array());
        byte[] word = purpose.getBytes(StandardCharsets.UTF_8);
        // The length in front keeps a purpose and a context from running into each other.
        cipher.updateAAD(ByteBuffer.allocate(Integer.BYTES).putInt(word.length).array());
        cipher.updateAAD(word);
        cipher.updateAAD(context);
        return cipher;
    }
}
