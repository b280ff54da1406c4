package io.sallyport.security.vault;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A provider of key-encryption keys with whatever may happen to one. */
final class FaultyKek implements KekProvider {

    /** What it does instead of what it has to. */
    enum Fault {
        NONE,
        DOWN,
        THROWS,
        HANGS,
        WRAPS_SOMETHING_ELSE,
        WRAPS_NOTHING,
        WRAPS_NULL,
        WRAPS_TOO_MUCH,
        WRAPS_WITHOUT_A_NAME,
        WRAPS_UNDER_A_NAME_TOO_LONG,
        CHANGES_ITS_KEY,
        UNWRAPS_ANOTHER_KEY,
        UNWRAPS_FEWER_BYTES,
        UNWRAPS_MORE_BYTES,
        UNWRAPS_NULL,
        ERASES_WHAT_IT_IS_GIVEN
    }

    private final byte[] first = LocalKeks.randomKey();
    private volatile KekProvider real = new LocalKek(LocalKeks.SUN, List.of(first));
    private final AtomicInteger calls = new AtomicInteger();
    private final Semaphore hanging = new Semaphore(0);
    private final CountDownLatch released = new CountDownLatch(1);
    private volatile Fault fault = Fault.NONE;

    void set(Fault now) {
        fault = now;
    }

    /** Wraps by another key from now on. */
    void changeKey() {
        real = new LocalKek(LocalKeks.SUN, List.of(LocalKeks.randomKey(), first));
    }

    int calls() {
        return calls.get();
    }

    /** Waits until so many calls hang. */
    boolean awaitHanging(int calls) throws InterruptedException {
        return hanging.tryAcquire(calls, 30, TimeUnit.SECONDS);
    }

    void release() {
        fault = Fault.NONE;
        released.countDown();
    }

    @Override
    public String current() {
        return real.current();
    }

    @Override
    public Wrapped wrap(byte[] dataKey, byte[] context) throws KekUnavailableException {
        begin();
        Wrapped wrapped = real.wrap(dataKey, context);
        return switch (fault) {
            case WRAPS_SOMETHING_ELSE -> real.wrap(LocalKeks.randomKey(), context);
            case WRAPS_NOTHING -> new Wrapped(wrapped.kek(), new byte[0]);
            case WRAPS_NULL -> null;
            case WRAPS_TOO_MUCH ->
                new Wrapped(wrapped.kek(), Arrays.copyOf(wrapped.bytes(), CheckedKek.MOST_WRAPPED_BYTES + 1));
            case WRAPS_WITHOUT_A_NAME -> new Wrapped("", wrapped.bytes());
            case WRAPS_UNDER_A_NAME_TOO_LONG ->
                new Wrapped("k".repeat(CheckedKek.MOST_NAME_CHARS + 1), wrapped.bytes());
            case CHANGES_ITS_KEY -> {
                changeKey();
                yield wrapped;
            }
            case ERASES_WHAT_IT_IS_GIVEN -> {
                Arrays.fill(dataKey, (byte) 0);
                Arrays.fill(context, (byte) 0);
                yield wrapped;
            }
            default -> wrapped;
        };
    }

    @Override
    public Optional<byte[]> unwrap(String kek, byte[] wrapped, byte[] context) throws KekUnavailableException {
        begin();
        // So that its length is all that is wrong with it.
        byte[] cut = wrapped.length > CheckedKek.MOST_WRAPPED_BYTES ? Arrays.copyOf(wrapped, 40) : wrapped;
        Optional<byte[]> dataKey = real.unwrap(kek, cut, context);
        return switch (fault) {
            case UNWRAPS_ANOTHER_KEY -> Optional.of(LocalKeks.randomKey());
            case UNWRAPS_FEWER_BYTES -> Optional.of(new byte[16]);
            case UNWRAPS_MORE_BYTES -> dataKey.map(bytes -> Arrays.copyOf(bytes, 33));
            case UNWRAPS_NULL -> null;
            case ERASES_WHAT_IT_IS_GIVEN -> {
                Arrays.fill(wrapped, (byte) 0);
                Arrays.fill(context, (byte) 0);
                yield dataKey;
            }
            default -> dataKey;
        };
    }

    private void begin() throws KekUnavailableException {
        calls.incrementAndGet();
        if (fault == Fault.DOWN) {
            throw new KekUnavailableException("the service of keys is down");
        }
        if (fault == Fault.THROWS) {
            throw new IllegalStateException("the client of the service is broken");
        }
        if (fault == Fault.HANGS) {
            hanging.release();
            try {
                if (!released.await(30, TimeUnit.SECONDS)) {
                    throw new AssertionError("nobody has released it");
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new KekUnavailableException("interrupted", e);
            }
        }
    }
}
