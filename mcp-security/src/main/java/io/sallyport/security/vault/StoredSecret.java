package io.sallyport.security.vault;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;

/**
 * What is sealed of a secret: its policy and whether it has been expired together with its value, so that whoever can write
 * to the store can change none of them alone.
 *
 * <pre>
 *  0  version, 1       1
 *  1  expired, 0 or 1  1
 *  2  length of policy 4
 *  6  policy
 *     value            the rest
 * </pre>
 *
 * <p>Closing it erases the value.
 */
record StoredSecret(boolean expired, SecretPolicy policy, SecretValue value) implements AutoCloseable {

    /** What is in front of a value, with the largest policy. */
    static final int MOST_OVERHEAD = 64 * 1024;

    private static final byte VERSION = 1;
    private static final int HEAD_BYTES = 6;

    /** Returns the bytes, which are the caller's to erase. */
    byte[] bytes() {
        byte[] encoded = policy.encode();
        return value.use(content -> ByteBuffer.allocate(HEAD_BYTES + encoded.length + content.length)
                .put(VERSION)
                .put((byte) (expired ? 1 : 0))
                .putInt(encoded.length)
                .put(encoded)
                .put(content)
                .array());
    }

    /** Returns what bytes say, and erases them; nothing if they say something that this release does not know. */
    static Optional<StoredSecret> of(byte[] bytes) {
        try {
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            byte version = buffer.get();
            byte expired = buffer.get();
            int length = buffer.getInt();
            if (version != VERSION || expired < 0 || expired > 1 || length < 0 || length > buffer.remaining()) {
                return Optional.empty();
            }
            byte[] encoded = new byte[length];
            buffer.get(encoded);
            SecretPolicy policy = SecretPolicy.decode(encoded);
            byte[] value = new byte[buffer.remaining()];
            buffer.get(value);
            return Optional.of(new StoredSecret(expired == 1, policy, SecretValue.taking(value)));
        } catch (BufferUnderflowException | IllegalArgumentException e) {
            return Optional.empty();
        } finally {
            Arrays.fill(bytes, (byte) 0);
        }
    }

    StoredSecret asExpired() {
        return new StoredSecret(true, policy, value);
    }

    @Override
    public void close() {
        value.close();
    }
}
