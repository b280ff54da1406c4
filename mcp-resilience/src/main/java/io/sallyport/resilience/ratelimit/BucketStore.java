package io.sallyport.resilience.ratelimit;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.CompletionStage;

/**
 * Where the buckets are that limits are counted in, and what operators have changed at run time: in this process, or in one
 * place for several nodes. The host's: it stays open when the {@link RateLimits} that use it close.
 *
 * <p>Thread-safe. A bucket's methods do not wait; the store's own wait for about one round trip, and throw a {@link
 * io.sallyport.spi.StoreUnavailableException} if the store cannot be reached. What tests an implementation is {@code
 * BucketStoreContract}.
 */
public interface BucketStore extends AutoCloseable {

    /** Calls that may still be made. It begins full. */
    interface Bucket {

        /**
         * Takes so many calls out, or none if it has not as many. A store that cannot be asked fails the result, in its own time
         * or at once, and never keeps the caller waiting.
         *
         * @param calls at least 1
         */
        CompletionStage<Taken> take(long calls);

        /** Puts back what was taken and not used, up to the burst. */
        void giveBack(long calls);

        /** Fills it. */
        CompletionStage<?> fill();

        /**
         * Has another rate from now on. What is in it stays in proportion.
         *
         * @param version counts the rates; that of the highest is the one that counts where nodes differ
         */
        void become(Rate rate, long version);
    }

    /**
     * What came of taking.
     *
     * @param granted whether the calls may be made
     * @param left how many more may be made now, as far as this node knows
     * @param retryIn after which time as many as were asked for may be made; zero if they were granted
     */
    record Taken(boolean granted, long left, Duration retryIn) {}

    /** Returns whether several nodes count in the same buckets. */
    boolean isShared();

    /**
     * Returns a bucket. Asks nobody: the bucket comes to be when something is taken out of it.
     *
     * @param name at most 256 characters of ASCII; the same bucket on all nodes
     * @param version see {@link Bucket#become}
     */
    Bucket bucket(String name, Rate rate, long version);

    /** Returns all settings by their names. */
    Map<String, String> settings();

    /**
     * Changes a setting, unless somebody else has changed it meanwhile.
     *
     * @param name at most 64 characters of ASCII
     * @param expected what it was; empty if it was not
     * @param text what it is to be; at most 1000 characters of ASCII
     * @return whether it was as expected, and is changed
     */
    boolean change(String name, String expected, String text);

    /**
     * Returns the time by the clock of the store. Asks nobody.
     *
     * @throws io.sallyport.spi.StoreUnavailableException if the store was never reached, so that nobody knows
     */
    Instant now();

    /** Ends connections and threads of its own. May be called twice. */
    @Override
    void close();

    /** Returns a store in this process. */
    static BucketStore local() {
        return new LocalBucketStore(System::nanoTime, Instant::now);
    }
}
