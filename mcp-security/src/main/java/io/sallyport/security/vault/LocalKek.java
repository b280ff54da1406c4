package io.sallyport.security.vault;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Keys that are in this process: one that wraps, and others that were used before. Each data key is wrapped (RFC 5649) by a
 * key that is derived for its context, so that it unwraps for no other. Thread-safe.
 */
final class LocalKek implements KekProvider {

    static final int BYTES = 32;

    private static final byte[] LABEL = "mcp-vault/kek/v1".getBytes(StandardCharsets.US_ASCII);
    private static final int NAME_BYTES = 8;

    private final Primitives primitives;
    private final Map<String, byte[]> keys = new LinkedHashMap<>();

    /**
     * Takes copies of keys of 32 bytes, which must be uniformly random.
     *
     * @param all the one that wraps, then others that unwrap
     */
    LocalKek(Primitives primitives, List<byte[]> all) {
        this.primitives = primitives;
        for (byte[] key : all) {
            if (key.length != BYTES) {
                throw new IllegalArgumentException("a key-encryption key has 32 bytes, but this had " + key.length
                        + "; openssl rand 32 makes one");
            }
            keys.put(nameOf(key), key.clone());
        }
        if (keys.size() != all.size() || keys.isEmpty()) {
            throw new IllegalArgumentException("there must be one key-encryption key at least, and each only once");
        }
    }

    private static String nameOf(byte[] key) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(LABEL);
            return "local-" + HexFormat.of().formatHex(digest.digest(key), 0, NAME_BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    @Override
    public String current() {
        return keys.keySet().iterator().next();
    }

    private byte[] wrappingKey(byte[] key, byte[] context) {
        return primitives.expand(key, SealContext.lengthPrefixed(LABEL, context), BYTES);
    }

    @Override
    public byte[] wrap(byte[] dataKey, byte[] context) {
        byte[] wrapping = wrappingKey(keys.values().iterator().next(), context);
        try {
            return primitives.wrap(wrapping, dataKey);
        } finally {
            Arrays.fill(wrapping, (byte) 0);
        }
    }

    @Override
    public Optional<byte[]> unwrap(String kek, byte[] wrapped, byte[] context) throws KekUnavailableException {
        byte[] key = keys.get(kek);
        if (key == null) {
            throw new KekUnavailableException("there is no key-encryption key " + kek + " here, but " + keys.keySet());
        }
        byte[] wrapping = wrappingKey(key, context);
        try {
            return primitives.unwrap(wrapping, wrapped);
        } finally {
            Arrays.fill(wrapping, (byte) 0);
        }
    }
}
