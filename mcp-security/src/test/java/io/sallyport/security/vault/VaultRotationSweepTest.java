package io.sallyport.security.vault;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import io.sallyport.testing.Postgres;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Many secrets in PostgreSQL come under a new key while they are read; prints how fast, and what readers notice. */
class VaultRotationSweepTest {

    private static final boolean FULL = "full".equals(System.getProperty("sallyport.proof"));
    private static final int ROWS = FULL ? 100_000 : 5_000;
    private static final int BYTES = 800;
    private static final int READERS = 4;
    private static final int WRITERS = 8;

    /** Each reader reads and then does something else, as they do; four that do nothing else are a benchmark of themselves. */
    private static final Duration PAUSE = Duration.ofMillis(2);

    private static final Duration BEFORE = Duration.ofSeconds(FULL ? 10 : 1);
    private static final String TENANT = "acme";

    private HikariDataSource database;
    private JdbcVaultStore store;
    private Vault vault;

    @BeforeEach
    void fill() throws Exception {
        database = VaultDatabase.postgres("vault_rotation");
        store = VaultDatabase.emptied(database);
        vault = Vault.builder(store, LocalKeks.random(LocalKeks.SUN)).build();
        ExecutorService pool = Executors.newFixedThreadPool(WRITERS);
        try {
            List<CompletableFuture<Void>> all = new ArrayList<>();
            for (int writer = 0; writer < WRITERS; writer++) {
                int first = writer;
                all.add(CompletableFuture.runAsync(() -> put(first), pool));
            }
            CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).get(10, TimeUnit.MINUTES);
        } finally {
            pool.shutdownNow();
        }
        Postgres.run(database, "vacuum analyze sallyport_vault_row", "checkpoint");
    }

    @AfterEach
    void disconnect() {
        vault.close();
        database.close();
    }

    private static char[] value(int number) {
        return String.format("%-" + BYTES + "d", number).toCharArray();
    }

    private void put(int first) {
        try {
            for (int i = first; i < ROWS; i += WRITERS) {
                vault.put(TENANT, "secret-" + i, SecretValue.of(value(i)));
            }
        } catch (KekUnavailableException e) {
            throw new AssertionError(e);
        }
    }

    /** Reads secrets by chance, and looks at each, until it is over; returns how long each took, in nanoseconds. */
    private LongStream read(int seed, AtomicBoolean isOver) {
        Random random = new Random(seed);
        LongStream.Builder took = LongStream.builder();
        try {
            while (!isOver.get()) {
                int number = random.nextInt(ROWS);
                long begun = System.nanoTime();
                byte[] content;
                try (SecretValue value = vault.get(TENANT, "secret-" + number).orElseThrow()) {
                    took.add(System.nanoTime() - begun);
                    content = value.use(byte[]::clone);
                }
                assertThat(content).asString().isEqualTo(new String(value(number)));
                TimeUnit.NANOSECONDS.sleep(PAUSE.toNanos());
            }
        } catch (Exception e) {
            throw new AssertionError(e);
        }
        return took.build();
    }

    /** What some readers noticed. */
    private record Reading(long reads, long medianMicros, long p99Micros) {

        static Reading of(List<LongStream> all) {
            long[] sorted = all.stream().flatMapToLong(its -> its).sorted().toArray();
            return new Reading(
                    sorted.length,
                    TimeUnit.NANOSECONDS.toMicros(sorted[sorted.length / 2]),
                    TimeUnit.NANOSECONDS.toMicros(sorted[sorted.length * 99 / 100]));
        }
    }

    private interface Doing {
        void run() throws Exception;
    }

    private Reading readDuring(Doing doing) throws Exception {
        AtomicBoolean isOver = new AtomicBoolean();
        ExecutorService pool = Executors.newFixedThreadPool(READERS);
        try {
            List<CompletableFuture<LongStream>> readers = new ArrayList<>();
            for (int reader = 0; reader < READERS; reader++) {
                int seed = reader;
                readers.add(CompletableFuture.supplyAsync(() -> read(seed, isOver), pool));
            }
            try {
                doing.run();
            } finally {
                isOver.set(true);
            }
            List<LongStream> all = new ArrayList<>();
            for (CompletableFuture<LongStream> reader : readers) {
                all.add(reader.get(1, TimeUnit.MINUTES));
            }
            return Reading.of(all);
        } finally {
            pool.shutdownNow();
        }
    }

    @Test
    void allComeUnderTheNewKeyAndNobodyWhoReadsMissesOne() throws Exception {
        KeyRotation rotation = vault.rotation().build();
        Reading before = readDuring(() -> TimeUnit.NANOSECONDS.sleep(BEFORE.toNanos()));

        long begun = System.nanoTime();
        KeyRotation.Report alone = rotation.rotate(TENANT);
        double aloneSeconds = (System.nanoTime() - begun) / 1e9;

        long[] took = new long[1];
        KeyRotation.Report[] report = new KeyRotation.Report[1];
        Reading during = readDuring(() -> {
            long start = System.nanoTime();
            report[0] = rotation.rotate(TENANT);
            took[0] = System.nanoTime() - start;
        });

        System.out.printf(
                "vault rotation on PostgreSQL: rows=%d of %d bytes, alone %.0f rows/s, beside %d readers %.0f rows/s%n",
                ROWS, BYTES, ROWS / aloneSeconds, READERS, ROWS / (took[0] / 1e9));
        System.out.println("vault rotation, readers before: " + before + " during: " + during);
        assertThat(alone).isEqualTo(new KeyRotation.Report(ROWS, 0, KeyRotation.End.DONE));
        assertThat(report[0]).isEqualTo(new KeyRotation.Report(ROWS, 0, KeyRotation.End.DONE));
    }
}
