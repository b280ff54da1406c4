package io.sallyport.spi;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** For redactors that know texts only: keeps a line back until it is complete. */
final class LineStream implements RedactingStream {

    static final int MOST_BYTES = 1024 * 1024;

    private final Redactor redactor;
    private final ByteArrayOutputStream kept = new ByteArrayOutputStream();

    LineStream(Redactor redactor) {
        this.redactor = redactor;
    }

    @Override
    public byte[] accept(byte[] piece, int offset, int length) {
        int end = offset + length;
        while (end > offset && piece[end - 1] != '\n' && piece[end - 1] != '\r') {
            end--;
        }
        byte[] complete = {};
        if (end > offset) {
            kept.write(piece, offset, end - offset);
            complete = finish();
        }
        int rest = offset + length - end;
        if (kept.size() + rest > MOST_BYTES) {
            kept.reset();
            throw new IllegalStateException("a line is longer than the " + MOST_BYTES
                    + " bytes that are kept back for a redactor without a stream of its own");
        }
        kept.write(piece, end, rest);
        return complete;
    }

    @Override
    public byte[] finish() {
        byte[] all = kept.toByteArray();
        kept.reset();
        String text = new String(all, StandardCharsets.UTF_8);
        String redacted = redactor.redact(text);
        // What is no text keeps its bytes if nothing was found in it.
        return redacted.equals(text) ? all : redacted.getBytes(StandardCharsets.UTF_8);
    }
}
