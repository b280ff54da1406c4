package io.sallyport.security.vault;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetEncoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/**
 * A secret in memory. It shows itself to whoever is given it by {@link #use}, and to nothing else: not by {@code toString}, not
 * to serializers. {@link #close()} erases it. Thread-safe.
 *
 * <p>What the JVM has copied, and what libraries have made of it since, cannot be erased from here.
 */
public final class SecretValue implements AutoCloseable {

    private static final String SHOWN = "***";

    private final ReentrantLock lock = new ReentrantLock();
    private final byte[] bytes;
    private boolean closed;

    private SecretValue(byte[] bytes) {
        this.bytes = bytes;
    }

    /** Returns a secret of these bytes, which it copies; the caller erases its own. */
    public static SecretValue of(byte[] bytes) {
        return new SecretValue(bytes.clone());
    }

    /** Returns a secret of these characters as UTF-8; the caller erases its own. */
    public static SecretValue of(char[] characters) {
        CharsetEncoder encoder = StandardCharsets.UTF_8.newEncoder().onMalformedInput(CodingErrorAction.REPLACE);
        ByteBuffer encoded = ByteBuffer.allocate((int) Math.ceil(characters.length * encoder.maxBytesPerChar()));
        encoder.encode(CharBuffer.wrap(characters), encoded, true);
        encoded.flip();
        byte[] bytes = new byte[encoded.remaining()];
        encoded.get(bytes);
        Arrays.fill(encoded.array(), (byte) 0);
        return new SecretValue(bytes);
    }

    /** Takes the bytes as its own. */
    static SecretValue taking(byte[] bytes) {
        return new SecretValue(bytes);
    }

    /**
     * Returns what is made of its bytes. They are a copy, which is erased when the function returns.
     *
     * @throws IllegalStateException if it is closed
     */
    public <T> T use(Function<byte[], T> function) {
        byte[] copy = copy();
        try {
            return function.apply(copy);
        } finally {
            Arrays.fill(copy, (byte) 0);
        }
    }

    private byte[] copy() {
        lock.lock();
        try {
            if (closed) {
                throw new IllegalStateException("the secret was closed");
            }
            return bytes.clone();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Returns its characters, which are the caller's to erase.
     *
     * @throws IllegalStateException if it is closed, or no UTF-8
     */
    public char[] characters() {
        return use(copy -> {
            try {
                CharBuffer decoded = StandardCharsets.UTF_8
                        .newDecoder()
                        .onMalformedInput(CodingErrorAction.REPORT)
                        .decode(ByteBuffer.wrap(copy));
                char[] characters = new char[decoded.remaining()];
                decoded.get(characters);
                Arrays.fill(decoded.array(), '\0');
                return characters;
            } catch (CharacterCodingException e) {
                throw new IllegalStateException("the secret is no text, but bytes");
            }
        });
    }

    /** Returns how many bytes it has. */
    public int length() {
        return bytes.length;
    }

    /** Erases it. Idempotent. */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            Arrays.fill(bytes, (byte) 0);
        } finally {
            lock.unlock();
        }
    }

    /** Returns whether the other has the same bytes. Takes as long wherever they differ. */
    @Override
    public boolean equals(Object other) {
        return other instanceof SecretValue that
                && this.<Boolean>use(mine -> that.use(theirs -> MessageDigest.isEqual(mine, theirs)));
    }

    /** Returns the same for all: what depends on its bytes would tell of them. */
    @Override
    public int hashCode() {
        return SecretValue.class.hashCode();
    }

    @Override
    public String toString() {
        return SHOWN;
    }
}
