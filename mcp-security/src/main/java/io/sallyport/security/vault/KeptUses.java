package io.sallyport.security.vault;

import io.sallyport.security.vault.SecretUses.Use;
import io.sallyport.security.vault.VaultStore.RowId;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.time.DateTimeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The last uses of secrets, kept in the store: one row for each tenant, sealed as secrets are, which all nodes add to. Who uses
 * a secret waits for nothing here, and hears of no fault: uses are written behind it, all those of a while at once. What was used
 * in the while before a process was killed is lost. Thread-safe.
 *
 * <p>A row is 1 byte of version (1), 4 bytes of how many there are, and for each, in the words of {@link FieldWriter}, text name,
 * text upstream, time; the one that was used last first.
 */
final class KeptUses implements AutoCloseable {

    /** How many are kept of a tenant; beyond it what was used longest ago is forgotten. They fit into a row. */
    static final int MOST_OF_TENANT = 5_000;

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.vault");

    private static final String USES = "uses";
    private static final int VERSION = 1;
    private static final int MOST_TEXT_BYTES = 64;
    private static final long ENDS_WITHIN_SECONDS = 5;

    private final SealedRows rows;
    private final Duration behind;
    private final SecretUses unkept = new SecretUses();
    private final AtomicBoolean isPlanned = new AtomicBoolean();
    private final ScheduledThreadPoolExecutor thread;

    /**
     * Creates it. It has no thread until something is used.
     *
     * @param behind how long after a use it is written; so long there is no other write
     */
    KeptUses(SealedRows rows, Duration behind) {
        this.rows = rows;
        this.behind = behind;
        this.thread = new ScheduledThreadPoolExecutor(1, work -> {
            Thread daemon = new Thread(work, "sallyport-vault-uses");
            daemon.setDaemon(true);
            return daemon;
        });
        // Who closes it does not wait for the time of the next write.
        thread.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    /** Does not wait for anything. */
    void add(Use use) {
        unkept.add(use);
        plan();
    }

    private void plan() {
        if (isPlanned.compareAndSet(false, true)) {
            try {
                thread.schedule(this::keep, behind.toNanos(), TimeUnit.NANOSECONDS);
            } catch (RejectedExecutionException e) {
                // It is closed.
            }
        }
    }

    private void keep() {
        isPlanned.set(false);
        List<Use> failed = kept(unkept.take());
        failed.forEach(unkept::add);
        if (!failed.isEmpty()) {
            plan();
        }
    }

    /** Returns those that could not be written. */
    private List<Use> kept(List<Use> uses) {
        List<Use> failed = new ArrayList<>();
        Map<String, List<Use>> byTenant = uses.stream().collect(Collectors.groupingBy(Use::tenant));
        byTenant.forEach((tenant, those) -> {
            try {
                rows.change(row(tenant), before -> encode(merged(before.map(it -> decode(tenant, it)), those)));
            } catch (KekUnavailableException | RuntimeException e) {
                LOGGER.atWarn()
                        .addKeyValue("tenant", tenant)
                        .addKeyValue("error", e.toString())
                        .log("uses of secrets cannot be written down; it is tried again");
                failed.addAll(those);
            }
        });
        return failed;
    }

    private static RowId row(String tenant) {
        return new RowId(tenant, USES, USES);
    }

    private static List<Use> merged(Optional<List<Use>> before, List<Use> those) {
        record Key(String name, String upstream) {}

        Map<Key, Use> all = new HashMap<>();
        before.orElse(List.of()).forEach(use -> all.put(new Key(use.name(), use.upstream()), use));
        those.forEach(use -> all.merge(new Key(use.name(), use.upstream()), use, SecretUses::later));
        return all.values().stream()
                .sorted(Comparator.comparing(Use::last).reversed())
                .limit(MOST_OF_TENANT)
                .toList();
    }

    private static byte[] encode(List<Use> uses) {
        FieldWriter out = new FieldWriter(Envelope.MOST_PLAINTEXT_BYTES);
        out.number1(VERSION);
        out.number4(uses.size());
        for (Use use : uses) {
            out.text("a name", use.name(), MOST_TEXT_BYTES);
            out.text("an upstream", use.upstream(), MOST_TEXT_BYTES);
            out.time(use.last());
        }
        return out.toBytes();
    }

    /** What cannot be read is nothing that anybody should be kept from working by: it is written anew. */
    private static List<Use> decode(String tenant, byte[] bytes) {
        try {
            FieldReader in = new FieldReader(ByteBuffer.wrap(bytes));
            if (in.number1() != VERSION) {
                throw UnusableFileException.damaged("they are of another version");
            }
            List<Use> uses = new ArrayList<>();
            int count = in.count();
            for (int i = 0; i < count; i++) {
                uses.add(new Use(tenant, in.text(MOST_TEXT_BYTES), in.text(MOST_TEXT_BYTES), in.time()));
            }
            in.end();
            return List.copyOf(uses);
        } catch (UnusableFileException | BufferUnderflowException | DateTimeException e) {
            LOGGER.atWarn()
                    .addKeyValue("tenant", tenant)
                    .addKeyValue("error", e.toString())
                    .log("the uses of secrets that were written down cannot be read");
            return List.of();
        }
    }

    /** Returns those of a tenant, the one that was used last first. */
    List<Use> of(String tenant) throws KekUnavailableException {
        List<Use> here =
                unkept.all().stream().filter(use -> use.tenant().equals(tenant)).toList();
        Optional<List<Use>> kept;
        try {
            kept = rows.get(row(tenant)).map(it -> decode(tenant, it));
        } catch (SecretUnreadableException e) {
            kept = Optional.empty();
        }
        return merged(kept, here);
    }

    /** Writes what was not written yet, unless that takes too long. Idempotent. */
    @Override
    public void close() {
        if (thread.isShutdown()) {
            return;
        }
        thread.execute(() -> kept(unkept.take()));
        // Not interrupted: that would close what files are read by.
        thread.shutdown();
        try {
            if (!thread.awaitTermination(ENDS_WITHIN_SECONDS, TimeUnit.SECONDS)) {
                LOGGER.warn("uses of secrets were not written down before the end");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
