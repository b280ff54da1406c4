package io.sallyport.security.vault;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Keys that are in this process: one that wraps, and others that were used before. Thread-safe.
 *
 * <p>A wrapped data key is 40 bytes: AES key wrap with padding (RFC 5649) of its 32, under HKDF-Expand-SHA-256 of the
 * key-encryption key with {@code LP("mcp-vault/kek/v1", context)} for info, so that it unwraps for no other context. LP puts
 * four bytes of length in front of each part. A key is called {@code local-} and 16 hex digits, which are HKDF-Expand of it
 * with {@code LP("mcp-vault/kek-name/v1")}: the same key has the same name wherever it was read from.
 */
final class LocalKek implements KekProvider {

    static final int BYTES = 32;

    private static final byte[] LABEL = "mcp-vault/kek/v1".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] NAME_LABEL = "mcp-vault/kek-name/v1".getBytes(StandardCharsets.US_ASCII);
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

    private String nameOf(byte[] key) {
        byte[] name = primitives.expand(key, SealContext.lengthPrefixed(NAME_LABEL), NAME_BYTES);
        return "local-" + HexFormat.of().formatHex(name);
    }

    @Override
    public String current() {
        return keys.keySet().iterator().next();
    }

    private byte[] wrappingKey(byte[] key, byte[] context) {
        return primitives.expand(key, SealContext.lengthPrefixed(LABEL, context), BYTES);
    }

    @Override
    public Wrapped wrap(byte[] dataKey, byte[] context) {
        byte[] wrapping = wrappingKey(keys.values().iterator().next(), context);
        try {
            return new Wrapped(current(), primitives.wrap(wrapping, dataKey));
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
