package io.sallyport.upstream.stdio;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;

/**
 * Reads one pipe of a child to its end, on a thread of its own. It goes on reading when its sink wants no more: a child
 * whose pipe is full hangs, and cannot end in good order.
 */
final class PipeReader {

    /** Takes what is read, on the thread of the reader. */
    interface Sink {

        /** Takes a chunk and returns whether more is wanted. */
        boolean accept(byte[] chunk, int length);

        /**
         * There is no more to read.
         *
         * @param wanted whether more was wanted until the end
         */
        void end(boolean wanted);
    }

    private static final int CHUNK_BYTES = 16 * 1024;

    private final InputStream pipe;
    private final Sink sink;
    private final Thread thread;
    private long count; // Confined to the thread.
    private volatile long reads;
    private volatile boolean blocked;

    PipeReader(String name, InputStream pipe, Sink sink) {
        this.pipe = pipe;
        this.sink = sink;
        this.thread = new Thread(this::read, name);
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    /** Wakes up a sink that waits for something. */
    void interrupt() {
        thread.interrupt();
    }

    boolean isCurrentThread() {
        return Thread.currentThread() == thread;
    }

    /** Returns once the thread has ended, or after {@code bound}. */
    void awaitEnd(Duration bound) throws InterruptedException {
        thread.join(bound.toMillis());
    }

    /**
     * Returns once the thread has ended, however long the sink takes; or if one and the same read has lasted for {@code
     * silence}: then a process that we do not know of holds the other end.
     */
    void awaitEndOrSilence(Duration silence) throws InterruptedException {
        long blockedIn = -1;
        thread.join(silence.toMillis());
        while (thread.isAlive()) {
            long current = reads;
            if (blocked && current == blockedIn) {
                return;
            }
            blockedIn = blocked ? current : -1;
            thread.join(silence.toMillis());
        }
    }

    private void read() {
        boolean wanted = true;
        try (pipe) {
            byte[] chunk = new byte[CHUNK_BYTES];
            for (int length = next(chunk); length >= 0; length = next(chunk)) {
                wanted = wanted && sink.accept(chunk, length);
            }
        } catch (IOException e) {
            // The pipe is gone, which is an end like another.
        } finally {
            sink.end(wanted);
        }
    }

    private int next(byte[] chunk) throws IOException {
        reads = ++count;
        blocked = true;
        try {
            return pipe.read(chunk);
        } finally {
            blocked = false;
        }
    }
}
