package io.sallyport.security.vault;

import io.sallyport.testing.Waiting;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/** A node that reads secrets all the time, and notes what it did not expect. It is started again without a pause. */
final class ReadingNode implements AutoCloseable {

    static final List<String> TENANTS = List.of("acme", "globex");
    static final String NAME = "github";
    static final String OLD = "old-token";
    static final String NEW = "new-token";
    static final String REFUSED = "refused";

    private static final long PAUSE_NANOS = 1_000_000;

    private final ReentrantLock lock = new ReentrantLock();
    private final AtomicBoolean ended = new AtomicBoolean();
    private final AtomicLong reads = new AtomicLong();
    private final List<String> faults = new CopyOnWriteArrayList<>();
    private final Thread thread = new Thread(this::readOn, "reading-node");

    /** Changed, and read from, under the lock. */
    private Vault vault;

    private volatile Set<String> allowed = Set.of(OLD);

    ReadingNode(Callable<Vault> first) throws Exception {
        this.vault = first.call();
    }

    void start() {
        thread.start();
    }

    Vault vault() {
        lock.lock();
        try {
            return vault;
        } finally {
            lock.unlock();
        }
    }

    /** Puts another vault in the place of the one that it has, which is closed when nobody reads from it any more. */
    void restart(Callable<Vault> next) {
        Vault before;
        lock.lock();
        try {
            before = vault;
            vault = next.call();
        } catch (Exception e) {
            throw new AssertionError(e);
        } finally {
            lock.unlock();
        }
        before.close();
    }

    private void readOn() {
        while (!ended.get()) {
            for (String tenant : TENANTS) {
                read(tenant);
            }
            reads.incrementAndGet();
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }

    private void read(String tenant) {
        Set<String> before = allowed;
        String found = found(tenant);
        if (!before.contains(found) && !allowed.contains(found)) {
            faults.add(tenant + ": " + found);
        }
    }

    private String found(String tenant) {
        lock.lock();
        try (SecretValue value = vault.get(tenant, NAME).orElseThrow()) {
            return new String(value.characters());
        } catch (SecretUnreadableException e) {
            return REFUSED;
        } catch (KekUnavailableException | RuntimeException e) {
            return e.toString();
        } finally {
            lock.unlock();
        }
    }

    /** Sets what may come of reading from now on. */
    void allow(String... outcomes) {
        allowed = Set.of(outcomes);
    }

    List<String> faults() {
        return List.copyOf(faults);
    }

    void awaitMoreReads() {
        long before = reads.get();
        // The one that is under way has begun before.
        Waiting.until("the node has read on", () -> reads.get() > before + 1 ? true : null);
    }

    @Override
    public void close() {
        ended.set(true);
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        vault().close();
    }
}
