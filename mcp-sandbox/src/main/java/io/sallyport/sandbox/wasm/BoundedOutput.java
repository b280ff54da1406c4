package io.sallyport.sandbox.wasm;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** What code says, up to a limit. Confined to one thread while code runs; then to whoever waits for it. */
final class BoundedOutput extends OutputStream {

    /** Ends code that has said too much: it is not for the code to catch. */
    static final class ExceededException extends RuntimeException {

        private static final long serialVersionUID = 1;

        ExceededException(int most) {
            super("more than " + most + " bytes were said", null, false, false);
        }
    }

    private final int most;
    private final ByteArrayOutputStream said = new ByteArrayOutputStream();

    BoundedOutput(int most) {
        this.most = most;
    }

    @Override
    public void write(int one) {
        write(new byte[] {(byte) one}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
        int room = most - said.size();
        said.write(bytes, offset, Math.min(room, length));
        if (length > room) {
            throw new ExceededException(most);
        }
    }

    /** Returns what was said; what is no UTF-8, or was cut within a character, is replaced. */
    String text() {
        return said.toString(StandardCharsets.UTF_8);
    }
}
