package io.sallyport.security.vault;

import io.sallyport.spi.StoreUnavailableException;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A vault among those that share its store: says again and again that it lives, and which rings it knows, for which rotations
 * wait; and learns what the others have changed.
 */
final class VaultNode implements AutoCloseable {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.vault");

    /** One that is late by one beat is still believed. */
    private static final int BEATS_PER_LEASE = 3;

    private static final long ENDS_WITHIN_SECONDS = 5;

    private final String name;
    private final VaultStore store;
    private final TenantKeys keys;
    private final Duration lease;
    private final ScheduledThreadPoolExecutor thread;
    // Of the beating thread alone.
    private boolean isFailing;

    VaultNode(String name, VaultStore store, TenantKeys keys, Duration lease) {
        this.name = name;
        this.store = store;
        this.keys = keys;
        this.lease = lease;
        this.thread = new ScheduledThreadPoolExecutor(1, work -> {
            Thread daemon = new Thread(work, "sallyport-vault");
            daemon.setDaemon(true);
            return daemon;
        });
    }

    void start() {
        long period = lease.dividedBy(BEATS_PER_LEASE).toNanos();
        thread.scheduleWithFixedDelay(this::beat, 0, period, TimeUnit.NANOSECONDS);
    }

    /** Does not wait for it. Call it when rings have changed, so that others need not wait for the next one. */
    void beatSoon() {
        try {
            thread.execute(this::beat);
        } catch (RejectedExecutionException e) {
            // It is closed.
        }
    }

    private void beat() {
        try {
            refresh();
            store.beat(name, keys.refreshed(), lease);
            if (isFailing) {
                LOGGER.info("the store of the vault is back");
            }
            isFailing = false;
        } catch (RuntimeException e) {
            // There would be no next beat after what is thrown here.
            failed(e);
        }
    }

    /** A node that cannot learn a new key says that it does not know it: whoever rotates waits. */
    private void refresh() {
        try {
            keys.refresh();
        } catch (KekUnavailableException e) {
            LOGGER.atWarn().addKeyValue("error", e.getMessage()).log("a new data key cannot be unwrapped");
        }
    }

    private void failed(RuntimeException e) {
        if (!isFailing) {
            LOGGER.atWarn().addKeyValue("error", e.toString()).log("a vault cannot say that it lives; it tries again");
        }
        isFailing = true;
    }

    /** Says that it lives no more. */
    @Override
    public void close() {
        // Not interrupted: that would close what files are read by.
        thread.shutdown();
        try {
            if (thread.awaitTermination(ENDS_WITHIN_SECONDS, TimeUnit.SECONDS)) {
                store.leave(name);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (StoreUnavailableException e) {
            LOGGER.atDebug().addKeyValue("error", e.toString()).log("a vault cannot say that it ends; its lease will");
        }
    }
}
