package io.sallyport.upstream.stdio;

import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayDeque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The lines on their way to a child's standard input. Senders never wait: a child that does not read fills its queue,
 * and only its own. Safe for use by several threads, of which one drains.
 */
final class LineQueue {

    /**
     * What became of a line.
     *
     * @param number of the accepted lines, from 1 in the order in which they are written; 0 if it was not accepted
     */
    record Sent(Status status, long number) {
        boolean accepted() {
            return status == Status.ACCEPTED;
        }
    }

    /** Whether a line was accepted, or why not. */
    enum Status {
        /** It will be written, unless the child ends before. */
        ACCEPTED,
        /** The child does not read fast enough; the line may be sent again later. */
        FULL,
        /** The line is larger than the whole queue and can never be sent. */
        TOO_LONG,
        /** The child is gone, is being closed or has closed its standard input. */
        CLOSED
    }

    private final int maxLines;
    private final int maxBytes;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    // Guarded by lock. Bytes and lines count until they are written: the one in the hands of the writer as well.
    private final ArrayDeque<byte[]> lines = new ArrayDeque<>();
    private int unwrittenLines;
    private int unwrittenBytes;
    private long accepted;
    private long begun;
    private boolean closed;

    LineQueue(int maxLines, int maxBytes) {
        this.maxLines = maxLines;
        this.maxBytes = maxBytes;
    }

    /** Takes a line without its end. The array belongs to the queue from then on. */
    Sent offer(byte[] line) {
        // A line break inside would make a second line of the rest, which nobody has judged.
        for (int at = 0; at < line.length; at++) {
            if (line[at] == '\n' || line[at] == '\r') {
                throw new IllegalArgumentException(
                        "a line must not hold a line break, but has one at byte " + at + "; replace it by a space");
            }
        }
        lock.lock();
        try {
            if (closed) {
                return new Sent(Status.CLOSED, 0);
            }
            if (line.length > maxBytes) {
                return new Sent(Status.TOO_LONG, 0);
            }
            if (unwrittenLines == maxLines || line.length > maxBytes - unwrittenBytes) {
                return new Sent(Status.FULL, 0);
            }
            lines.addLast(line);
            unwrittenLines++;
            unwrittenBytes += line.length;
            changed.signal();
            return new Sent(Status.ACCEPTED, ++accepted);
        } finally {
            lock.unlock();
        }
    }

    /** Writes lines as they come, and closes the stream after the last one that was accepted before {@link #close}. */
    void drainTo(OutputStream out) throws IOException, InterruptedException {
        try (out) {
            for (byte[] line = next(out); line != null; line = next(out)) {
                out.write(line);
                out.write('\n');
                written(line);
            }
        }
    }

    private byte @Nullable [] next(OutputStream out) throws IOException, InterruptedException {
        byte[] line = poll();
        if (line == null) {
            // Flushed only when nothing follows at once: a burst of small lines goes out together.
            out.flush();
            line = take();
        }
        return line;
    }

    private byte @Nullable [] poll() {
        lock.lock();
        try {
            return begin(lines.pollFirst());
        } finally {
            lock.unlock();
        }
    }

    private byte @Nullable [] take() throws InterruptedException {
        lock.lock();
        try {
            while (lines.isEmpty() && !closed) {
                changed.await();
            }
            return begin(lines.pollFirst());
        } finally {
            lock.unlock();
        }
    }

    private byte @Nullable [] begin(byte @Nullable [] line) {
        if (line != null) {
            begun++;
        }
        return line;
    }

    private void written(byte[] line) {
        lock.lock();
        try {
            unwrittenLines--;
            unwrittenBytes -= line.length;
        } finally {
            lock.unlock();
        }
    }

    /** Accepts no more. What was accepted is still written. */
    void close() {
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Accepts no more and forgets what no writer has begun. */
    void closeNow() {
        lock.lock();
        try {
            lines.clear();
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Returns the number of the last line that a writer has begun. */
    long begun() {
        lock.lock();
        try {
            return begun;
        } finally {
            lock.unlock();
        }
    }

    /** Returns how many bytes wait to be written. */
    int unwrittenBytes() {
        lock.lock();
        try {
            return unwrittenBytes;
        } finally {
            lock.unlock();
        }
    }
}
