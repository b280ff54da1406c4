package io.sallyport.upstream.stdio;

import java.util.Arrays;
import java.util.function.Consumer;

/**
 * Cuts a stream of bytes into lines that end with LF or CRLF. Holds at most one line of the largest size. Confined to
 * the thread that reads the stream.
 */
final class LineSplitter {

    /** A buffer that a large line has blown up beyond this is not kept for the small ones that follow. */
    private static final int KEPT_BYTES = 64 * 1024;

    private static final byte[] NOTHING = {};

    private final int maxLineBytes;
    private final Consumer<byte[]> lines;
    private byte[] pending = NOTHING;
    private int pendingBytes;

    /**
     * @param maxLineBytes the longest line, without its end
     * @param lines takes each line without its end; an empty one is left out
     */
    LineSplitter(int maxLineBytes, Consumer<byte[]> lines) {
        this.maxLineBytes = maxLineBytes;
        this.lines = lines;
    }

    /** Takes more of the stream and returns false if a line is longer than allowed; the splitter is then of no use. */
    boolean accept(byte[] chunk, int length) {
        int from = 0;
        for (int at = 0; at < length; at++) {
            if (chunk[at] == '\n') {
                if (!append(chunk, from, at) || !emit()) {
                    return false;
                }
                from = at + 1;
            }
        }
        return append(chunk, from, length);
    }

    /** Hands out what came after the last line end: a process may end without writing one. */
    boolean finish() {
        return emit();
    }

    private boolean append(byte[] chunk, int from, int to) {
        int total = pendingBytes + to - from;
        // One more than a line may have: it can be the CR of its end.
        if (total > maxLineBytes + 1) {
            return false;
        }
        if (total > pending.length) {
            long doubled = Math.max(total, 2L * pending.length);
            pending = Arrays.copyOf(pending, (int) Math.min(doubled, maxLineBytes + 1L));
        }
        System.arraycopy(chunk, from, pending, pendingBytes, to - from);
        pendingBytes = total;
        return true;
    }

    private boolean emit() {
        int end = pendingBytes > 0 && pending[pendingBytes - 1] == '\r' ? pendingBytes - 1 : pendingBytes;
        if (end > maxLineBytes) {
            return false;
        }
        byte[] line = Arrays.copyOf(pending, end);
        pendingBytes = 0;
        if (pending.length > KEPT_BYTES) {
            pending = NOTHING;
        }
        if (line.length > 0) {
            lines.accept(line);
        }
        return true;
    }
}
