package io.sallyport.security.vault;

import java.util.concurrent.TimeUnit;

/** Holds work back to so much per second. Confined to one thread. */
final class Pace {

    private final int perSecond;
    private final long start = System.nanoTime();

    Pace(int perSecond) {
        this.perSecond = perSecond;
    }

    /** Waits until so much may have been done since it was made. */
    void keep(long done) throws InterruptedException {
        long due = (long) (done * (double) TimeUnit.SECONDS.toNanos(1) / perSecond);
        long early = due - (System.nanoTime() - start);
        if (early > 0) {
            TimeUnit.NANOSECONDS.sleep(early);
        }
    }
}
