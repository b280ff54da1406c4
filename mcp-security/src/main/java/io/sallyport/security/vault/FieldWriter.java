package io.sallyport.security.vault;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;

/** Writes fields one behind the other, as {@link FieldReader} reads them. Refuses what would not be read. */
final class FieldWriter {

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final int mostBytes;

    FieldWriter(int mostBytes) {
        this.mostBytes = mostBytes;
    }

    void raw(byte[] bytes) {
        if (bytes.length > mostBytes - out.size()) {
            throw new IllegalStateException("the vault is full: its file would have more than " + mostBytes
                    + " bytes, and nothing was changed; delete what is not needed, or keep the vault in a database");
        }
        out.writeBytes(bytes);
    }

    void number1(int number) {
        raw(new byte[] {(byte) number});
    }

    void number4(int number) {
        raw(ByteBuffer.allocate(Integer.BYTES).putInt(number).array());
    }

    void number8(long number) {
        raw(ByteBuffer.allocate(Long.BYTES).putLong(number).array());
    }

    void bytes(String what, byte[] bytes, int most) {
        if (bytes.length > most) {
            throw new IllegalArgumentException(what + " must have at most " + most + " bytes, but had " + bytes.length);
        }
        number4(bytes.length);
        raw(bytes);
    }

    void text(String what, String text, int mostBytes) {
        try {
            ByteBuffer encoded = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
            byte[] bytes = new byte[encoded.remaining()];
            encoded.get(bytes);
            bytes(what, bytes, mostBytes);
        } catch (CharacterCodingException e) {
            // Two names that differ in such a place only would become one.
            throw new IllegalArgumentException(what + " must be Unicode, but has half a surrogate pair", e);
        }
    }

    void time(Instant time) {
        number8(time.getEpochSecond());
        number4(time.getNano());
    }

    byte[] toBytes() {
        return out.toByteArray();
    }
}
