package io.sallyport.security.vault;

import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.Provider;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * The cryptography that the vault stands on, as a provider of the JCA offers it: AES-GCM (NIST SP 800-38D), HMAC-SHA-256 (RFC
 * 2104), HKDF-Expand (RFC 5869, 2.3) upon it, and AES key wrap with padding (RFC 5649). Thread-safe.
 */
final class Primitives {

    static final int HASH_BYTES = 32;
    static final int TAG_BYTES = 16;

    private static final int MOST_BLOCKS_TO_EXPAND = 255;

    /** As many threads as seal at once need not look up what they need; it costs several times what sealing does. */
    private static final int KEPT = 64;

    /** Ciphers and MACs of one thread at a time. */
    private record Tools(Cipher gcm, Mac mac) {}

    private final @Nullable Provider provider;
    private final BlockingQueue<Tools> kept = new ArrayBlockingQueue<>(KEPT);

    private Primitives(@Nullable Provider provider) {
        this.provider = provider;
    }

    /** Returns those of whatever provider the JDK prefers. */
    static Primitives ofJdk() {
        return new Primitives(null);
    }

    /** Returns those of one provider, which need not be registered. */
    static Primitives of(Provider provider) {
        return new Primitives(provider);
    }

    /** Writes ciphertext and tag where there is room for them. */
    void encrypt(byte[] key, byte[] iv, byte[] aad, byte[] plaintext, byte[] into, int at) {
        with(tools ->
                gcm(tools.gcm(), Cipher.ENCRYPT_MODE, key, iv, aad).doFinal(plaintext, 0, plaintext.length, into, at));
    }

    /** Returns the plaintext, or nothing if it is not what was encrypted. */
    Optional<byte[]> decrypt(byte[] key, byte[] iv, byte[] aad, byte[] ciphertext, int from) {
        return with(tools -> {
            Cipher cipher = gcm(tools.gcm(), Cipher.DECRYPT_MODE, key, iv, aad);
            try {
                return Optional.of(cipher.doFinal(ciphertext, from, ciphertext.length - from));
            } catch (AEADBadTagException forged) {
                return Optional.empty();
            }
        });
    }

    private static Cipher gcm(Cipher cipher, int mode, byte[] key, byte[] iv, byte[] aad)
            throws GeneralSecurityException {
        cipher.init(mode, new SecretKeySpec(key, "AES"), new GCMParameterSpec(TAG_BYTES * Byte.SIZE, iv));
        cipher.updateAAD(aad);
        return cipher;
    }

    /** Returns the MAC of a text. */
    byte[] hmac(byte[] key, byte[] text) {
        return with(tools -> {
            tools.mac().init(new SecretKeySpec(key, "HMAC"));
            return tools.mac().doFinal(text);
        });
    }

    /**
     * Returns key material.
     *
     * @param key uniformly random already, so that there is nothing to extract
     * @param bytes at most 8160
     */
    byte[] expand(byte[] key, byte[] info, int bytes) {
        if (bytes < 1 || bytes > MOST_BLOCKS_TO_EXPAND * HASH_BYTES) {
            throw new IllegalArgumentException("bytes must be from 1 to 8160, but were " + bytes);
        }
        return with(tools -> {
            Mac mac = tools.mac();
            mac.init(new SecretKeySpec(key, "HMAC"));
            byte[] material = new byte[(bytes + HASH_BYTES - 1) / HASH_BYTES * HASH_BYTES];
            for (int at = 0; at < material.length; at += HASH_BYTES) {
                if (at > 0) {
                    mac.update(material, at - HASH_BYTES, HASH_BYTES);
                }
                mac.update(info);
                mac.update((byte) (at / HASH_BYTES + 1));
                mac.doFinal(material, at);
            }
            return Arrays.copyOf(material, bytes);
        });
    }

    /** Returns a key, wrapped by another. */
    byte[] wrap(byte[] wrapping, byte[] key) {
        try {
            Cipher cipher = keyWrap();
            cipher.init(Cipher.WRAP_MODE, new SecretKeySpec(wrapping, "AES"));
            return cipher.wrap(new SecretKeySpec(key, "AES"));
        } catch (GeneralSecurityException e) {
            throw missing(e);
        }
    }

    /** Returns the key that was wrapped, or nothing if it was not, by this one. */
    Optional<byte[]> unwrap(byte[] wrapping, byte[] wrapped) {
        try {
            Cipher cipher = keyWrap();
            cipher.init(Cipher.UNWRAP_MODE, new SecretKeySpec(wrapping, "AES"));
            return Optional.of(cipher.unwrap(wrapped, "AES", Cipher.SECRET_KEY).getEncoded());
        } catch (InvalidKeyException forged) {
            return Optional.empty();
        } catch (GeneralSecurityException e) {
            throw missing(e);
        }
    }

    private Cipher keyWrap() throws GeneralSecurityException {
        // By the name that all providers know.
        return cipher("AESWrapPad");
    }

    private Cipher cipher(String transformation) throws GeneralSecurityException {
        return provider == null ? Cipher.getInstance(transformation) : Cipher.getInstance(transformation, provider);
    }

    private interface Work<T> {
        T with(Tools tools) throws GeneralSecurityException;
    }

    private <T> T with(Work<T> work) {
        try {
            Tools tools = kept.poll();
            if (tools == null) {
                tools = new Tools(
                        cipher("AES/GCM/NoPadding"),
                        provider == null ? Mac.getInstance("HmacSHA256") : Mac.getInstance("HmacSHA256", provider));
            }
            T done = work.with(tools);
            // Not after a failure: who knows what state it left them in.
            kept.offer(tools);
            return done;
        } catch (GeneralSecurityException e) {
            throw missing(e);
        }
    }

    private static IllegalStateException missing(GeneralSecurityException e) {
        return new IllegalStateException(
                "the provider of cryptography does not do what it has to: " + e.getMessage(), e);
    }
}
