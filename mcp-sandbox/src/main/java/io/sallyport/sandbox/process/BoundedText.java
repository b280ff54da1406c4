package io.sallyport.sandbox.process;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** What code says, up to a limit. Confined to one thread. */
final class BoundedText {

    private final int most;
    private final ByteArrayOutputStream said = new ByteArrayOutputStream();
    private boolean isExceeded;

    BoundedText(int most) {
        this.most = most;
    }

    void add(byte[] bytes, int count) {
        int room = most - said.size();
        said.write(bytes, 0, Math.min(room, count));
        isExceeded |= count > room;
    }

    /** Returns whether there was more than fits. */
    boolean isExceeded() {
        return isExceeded;
    }

    /** Returns what was said; what is no UTF-8, or was cut within a character, is replaced. */
    String text() {
        return said.toString(StandardCharsets.UTF_8);
    }
}
