package io.sallyport.upstream.stdio;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/**
 * The last lines that a child wrote to its standard error, however much it writes. Fed by one thread, readable by any.
 *
 * <p>Bounded: {@value #MAX_LINES} lines of {@value #MAX_LINE_BYTES} bytes. CR ends a line as LF does, because progress
 * bars never write anything else; empty lines are left out.
 */
final class StderrTail {

    static final int MAX_LINES = 50;
    static final int MAX_LINE_BYTES = 2_000;
    static final String CUT = " … (cut)";
    static final String WITHHELD = "(line withheld: the redactor failed)";

    private final UnaryOperator<String> redactor;
    private final Consumer<String> lines;

    private final ReentrantLock lock = new ReentrantLock();
    private final ArrayDeque<String> ring = new ArrayDeque<>(MAX_LINES);
    private final byte[] pending = new byte[MAX_LINE_BYTES];
    private int pendingBytes;
    private boolean cut;

    /**
     * @param redactor takes out of a line what nobody may see
     * @param lines is told of each line, after it was cleaned, redacted and kept
     */
    StderrTail(UnaryOperator<String> redactor, Consumer<String> lines) {
        this.redactor = redactor;
        this.lines = lines;
    }

    /** Takes what was read. Only one thread may feed. */
    void accept(byte[] chunk, int length) {
        for (String line : split(chunk, length)) {
            // Neither is called under the lock: both are foreign code.
            String shown = redact(line);
            keep(shown);
            lines.accept(shown);
        }
    }

    /** Takes what came after the last line end. */
    void finish() {
        accept(new byte[] {'\n'}, 1);
    }

    /** Returns the last lines, the oldest first, and what the child has written of the next. */
    List<String> lines() {
        List<String> last;
        String begun = "";
        lock.lock();
        try {
            last = new ArrayList<>(ring);
            if (pendingBytes > 0) {
                begun = text();
            }
        } finally {
            lock.unlock();
        }
        if (!begun.isEmpty()) {
            last.add(redact(begun));
        }
        return List.copyOf(last.subList(Math.max(0, last.size() - MAX_LINES), last.size()));
    }

    private List<String> split(byte[] chunk, int length) {
        List<String> complete = new ArrayList<>();
        lock.lock();
        try {
            for (int at = 0; at < length; at++) {
                byte next = chunk[at];
                if (next == '\n' || next == '\r') {
                    if (pendingBytes > 0) {
                        complete.add(text());
                    }
                    pendingBytes = 0;
                    cut = false;
                } else if (pendingBytes < MAX_LINE_BYTES) {
                    pending[pendingBytes++] = next;
                } else {
                    cut = true;
                }
            }
        } finally {
            lock.unlock();
        }
        return complete;
    }

    private void keep(String line) {
        lock.lock();
        try {
            if (ring.size() == MAX_LINES) {
                ring.removeFirst();
            }
            ring.addLast(line);
        } finally {
            lock.unlock();
        }
    }

    private String text() {
        return TerminalText.clean(new String(pending, 0, pendingBytes, StandardCharsets.UTF_8)) + (cut ? CUT : "");
    }

    private String redact(String line) {
        try {
            return redactor.apply(line);
        } catch (RuntimeException e) {
            // Closed: a line that could not be looked through is shown to nobody.
            return WITHHELD;
        }
    }
}
