package io.sallyport.sandbox.wasm;

import java.util.concurrent.atomic.AtomicLong;
import run.endive.runtime.Memory;

/** The heap that all code of a sandbox may have at once. Thread-safe. */
final class MemoryBudget {

    private final AtomicLong pagesLeft;

    MemoryBudget(long bytes) {
        this.pagesLeft = new AtomicLong(bytes / Memory.PAGE_SIZE);
    }

    /** Takes pages out of it, if there are as many. */
    boolean take(int pages) {
        if (pagesLeft.addAndGet(-pages) >= 0) {
            return true;
        }
        pagesLeft.addAndGet(pages);
        return false;
    }

    void giveBack(int pages) {
        pagesLeft.addAndGet(pages);
    }

    long bytesLeft() {
        return pagesLeft.get() * Memory.PAGE_SIZE;
    }
}
