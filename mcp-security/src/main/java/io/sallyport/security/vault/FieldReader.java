package io.sallyport.security.vault;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;

/**
 * Reads what {@link FieldWriter} has written, and checks each length before it believes it. At the end of the bytes it throws
 * a {@link java.nio.BufferUnderflowException}.
 */
final class FieldReader {

    private final ByteBuffer in;

    FieldReader(ByteBuffer in) {
        this.in = in;
    }

    /** Reads so many bytes. */
    byte[] raw(int length) {
        byte[] bytes = new byte[length];
        in.get(bytes);
        return bytes;
    }

    int number1() {
        return in.get() & 0xff;
    }

    long number8() {
        return in.getLong();
    }

    /** Reads how many there are; each has a byte at least. */
    int count() throws UnusableFileException {
        return length(in.getInt(), in.remaining());
    }

    private int length(int length, int most) throws UnusableFileException {
        if (length < 0 || length > most || length > in.remaining()) {
            throw UnusableFileException.damaged("a length in it is " + length + ", where at most "
                    + Math.min(most, in.remaining()) + " was possible");
        }
        return length;
    }

    byte[] bytes(int most) throws UnusableFileException {
        byte[] bytes = new byte[length(in.getInt(), most)];
        in.get(bytes);
        return bytes;
    }

    String text(int mostBytes) throws UnusableFileException {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes(mostBytes)))
                    .toString();
        } catch (CharacterCodingException e) {
            throw UnusableFileException.damaged("a text in it is not UTF-8");
        }
    }

    Instant time() {
        return Instant.ofEpochSecond(in.getLong(), in.getInt());
    }

    /** Checks that nothing is left. */
    void end() throws UnusableFileException {
        if (in.hasRemaining()) {
            throw UnusableFileException.damaged(in.remaining() + " bytes are left behind its contents");
        }
    }
}
