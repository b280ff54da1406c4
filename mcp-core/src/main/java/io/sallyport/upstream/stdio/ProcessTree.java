package io.sallyport.upstream.stdio;

import java.io.UncheckedIOException;
import java.util.concurrent.TimeUnit;

/** The processes that one child brought into being, itself included. Implementations are safe for several threads. */
interface ProcessTree {

    /**
     * Returns how many processes of the tree run now.
     *
     * @throws UncheckedIOException if the system cannot be asked, for instance for lack of descriptors
     */
    int size();

    /** Sends SIGTERM to every process of the tree, where the system has it, and returns how many there were. */
    int terminate();

    /** Sends SIGKILL to every process of the tree, or what the system has for it, and returns how many there were. */
    int kill();

    /**
     * Kills until nothing is left, and returns whether that was reached before {@link System#nanoTime()} passes {@code
     * deadline}. Looks at least twice: a process may be born behind the back of one look.
     */
    default boolean killAll(long deadline) throws InterruptedException {
        long pauseMillis = 1;
        for (int emptyLooks = 0; emptyLooks < 2; ) {
            if (killUnlessEmpty()) {
                emptyLooks = 0;
                if (System.nanoTime() - deadline >= 0) {
                    return false;
                }
                TimeUnit.MILLISECONDS.sleep(pauseMillis);
                pauseMillis = Math.min(50, pauseMillis * 2);
            } else {
                emptyLooks++;
            }
        }
        return true;
    }

    private boolean killUnlessEmpty() {
        try {
            return kill() > 0;
        } catch (UncheckedIOException e) {
            return true; // Not knowing is not the same as being done: ask again.
        }
    }
}
