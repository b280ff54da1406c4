package io.sallyport.security.vault;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.security.vault.VaultStore.Resealed;
import io.sallyport.security.vault.VaultStore.Ring;
import io.sallyport.security.vault.VaultStore.Row;
import io.sallyport.security.vault.VaultStore.RowId;
import io.sallyport.security.vault.VaultStore.WrappedKey;
import io.sallyport.security.vault.VaultStore.Written;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every store of a vault does when several are at it at once. */
public abstract class VaultStoreRacesContract {

    private static final String TENANT = "acme";
    private static final int WRITERS = 4;
    private static final int NAMES = 20;
    private static final int ROTATIONS = 25;
    private static final int RINGS = 25;
    private static final int PATIENCE_SECONDS = 120;

    private VaultStore store;

    /** Returns a store that has nothing in it, and serves eight threads at once. */
    protected abstract VaultStore open() throws Exception;

    @BeforeEach
    void openStore() throws Exception {
        store = open();
    }

    @AfterEach
    void closeStore() {
        store.close();
    }

    private static RowId id(int name) {
        return new RowId(TENANT, "secrets", "name-" + name);
    }

    private static WrappedKey key(long id, KeyState state) {
        return new WrappedKey(id, state, new byte[] {9}, "kek-1", Instant.parse("2026-01-02T03:04:05Z"));
    }

    private static <T> List<T> atOnce(int threads, IntFunction<Callable<T>> tasks) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            CyclicBarrier start = new CyclicBarrier(threads);
            List<Future<T>> all = IntStream.range(0, threads)
                    .mapToObj(i -> pool.submit(() -> {
                        start.await();
                        return tasks.apply(i).call();
                    }))
                    .toList();
            List<T> results = new ArrayList<>();
            for (Future<T> one : all) {
                results.add(one.get(PATIENCE_SECONDS, TimeUnit.SECONDS));
            }
            return results;
        } finally {
            pool.shutdownNow();
        }
    }

    private long primary() {
        return store.ring(TENANT).keys().stream()
                .filter(key -> key.state() == KeyState.PRIMARY)
                .findFirst()
                .orElseThrow()
                .id();
    }

    private Written write(int name, long keyId, long content) {
        long version = store.read(id(name)).map(Row::version).orElse(0L);
        return store.write(id(name), version, keyId, Long.toString(content).getBytes());
    }

    /** Makes another key primary, seals all rows anew, and disables the former key; returns how many rows were sealed anew. */
    private long rotate(long from, long to) {
        long resealed = 0;
        promote(from, to);
        while (true) {
            List<Row> rows = store.under(TENANT, from, Optional.empty(), NAMES);
            resealed += store.reseal(TENANT, to, anew(rows)).orElseThrow();
            List<WrappedKey> without = List.of(key(from, KeyState.DISABLED), key(to, KeyState.PRIMARY));
            if (store.replaceRing(TENANT, store.ring(TENANT).version(), without, OptionalLong.of(from))) {
                return resealed;
            }
        }
    }

    private void promote(long from, long to) {
        List<WrappedKey> keys = List.of(key(from, KeyState.DECRYPT_ONLY), key(to, KeyState.PRIMARY));
        assertThat(store.replaceRing(TENANT, store.ring(TENANT).version(), keys, OptionalLong.empty()))
                .isTrue();
    }

    private static List<Resealed> anew(List<Row> rows) {
        return rows.stream()
                .map(row -> new Resealed(row.id(), row.version(), row.sealed()))
                .toList();
    }

    @Test
    void noRowStaysUnderAKeyThatIsGivenUpWhileManyWrite() throws Exception {
        assertThat(store.replaceRing(TENANT, 0, List.of(key(0, KeyState.PRIMARY)), OptionalLong.empty()))
                .isTrue();
        AtomicBoolean isOver = new AtomicBoolean();
        List<Long> left = Collections.synchronizedList(new ArrayList<>());

        List<Long> written = atOnce(WRITERS + 1, thread -> () -> {
            if (thread == WRITERS) {
                try {
                    for (long key = 0; key < ROTATIONS; key++) {
                        rotate(key, key + 1);
                        left.add(store.countUnder(TENANT, key));
                    }
                } finally {
                    isOver.set(true);
                }
                return 1L;
            }
            long count = 0;
            for (int i = 0; !isOver.get() || count == 0; i++) {
                // Behind the ring's back by as much as reading a row takes.
                count += write((thread + i) % NAMES, primary(), i) == Written.WRITTEN ? 1 : 0;
            }
            return count;
        });

        assertThat(written).allSatisfy(count -> assertThat(count).isPositive());
        assertThat(left).hasSize(ROTATIONS).containsOnly(0L);
        for (long key = 0; key < ROTATIONS; key++) {
            assertThat(store.countUnder(TENANT, key)).isZero();
        }
    }

    @Test
    void noWriteIsLostToOneThatSealsAnew() throws Exception {
        store.replaceRing(TENANT, 0, List.of(key(0, KeyState.PRIMARY)), OptionalLong.empty());
        AtomicBoolean isOver = new AtomicBoolean();
        long[] last = new long[WRITERS];

        atOnce(WRITERS + 1, thread -> () -> {
            if (thread == WRITERS) {
                try {
                    for (long key = 0; key < ROTATIONS; key++) {
                        rotate(key, key + 1);
                    }
                } finally {
                    isOver.set(true);
                }
                return true;
            }
            // A rotation in memory may be over before some have begun.
            for (long i = 1; !isOver.get() || last[thread] == 0; i++) {
                // Each has a row of its own, which only it writes.
                if (write(thread, primary(), i) == Written.WRITTEN) {
                    last[thread] = i;
                }
            }
            return true;
        });

        for (int thread = 0; thread < WRITERS; thread++) {
            assertThat(store.read(id(thread)).orElseThrow().sealed()).asString().isEqualTo(Long.toString(last[thread]));
        }
    }

    @Test
    void ofSeveralWhoSealTheSameRowsAnewOneGetsEach() throws Exception {
        store.replaceRing(TENANT, 0, List.of(key(0, KeyState.PRIMARY)), OptionalLong.empty());
        for (int name = 0; name < NAMES; name++) {
            write(name, 0, name);
        }
        promote(0, 1);
        List<Resealed> anew = anew(store.under(TENANT, 0, Optional.empty(), NAMES));
        List<Resealed> backwards = new ArrayList<>(anew);
        Collections.reverse(backwards);

        List<Long> counts = atOnce(
                8,
                thread -> () -> store.reseal(TENANT, 1, thread % 2 == 0 ? anew : backwards)
                        .orElseThrow());

        assertThat(counts.stream().mapToLong(Long::longValue).sum()).isEqualTo(NAMES);
        assertThat(store.countUnder(TENANT, 1)).isEqualTo(NAMES);
    }

    @Test
    void ofSeveralWhoBeginATenantOneDoes() throws Exception {
        List<Boolean> begun = atOnce(
                8,
                thread -> () ->
                        store.replaceRing(TENANT, 0, List.of(key(thread, KeyState.PRIMARY)), OptionalLong.empty()));

        assertThat(begun.stream().filter(it -> it)).hasSize(1);
        assertThat(store.ring(TENANT).keys()).extracting(WrappedKey::id).containsExactly((long) begun.indexOf(true));
    }

    @Test
    void whoHasSeenTheNewestRingSeesAllBeforeIt() throws Exception {
        record Seen(long newest, List<Long> versions) {}
        List<NavigableSet<Long>> versions = Stream.generate(() -> (NavigableSet<Long>) new TreeSet<Long>())
                .limit(WRITERS)
                .toList();
        List<Seen> seen = new ArrayList<>();
        AtomicLong left = new AtomicLong(WRITERS);

        atOnce(WRITERS + 1, thread -> () -> {
            if (thread == WRITERS) {
                do {
                    long newest = store.newestRing();
                    seen.add(new Seen(
                            newest,
                            IntStream.range(0, WRITERS)
                                    .mapToObj(tenant ->
                                            store.ring("tenant-" + tenant).version())
                                    .toList()));
                } while (left.get() > 0);
                return true;
            }
            String tenant = "tenant-" + thread;
            try {
                for (int i = 0; i < RINGS; i++) {
                    Ring ring = store.ring(tenant);
                    store.replaceRing(tenant, ring.version(), List.of(key(i, KeyState.PRIMARY)), OptionalLong.empty());
                    versions.get(thread).add(store.ring(tenant).version());
                }
            } finally {
                left.decrementAndGet();
            }
            return true;
        });

        assertThat(seen).isNotEmpty().allSatisfy(it -> {
            for (int tenant = 0; tenant < WRITERS; tenant++) {
                Long last = versions.get(tenant).floor(it.newest());
                assertThat(it.versions().get(tenant)).isGreaterThanOrEqualTo(last == null ? 0 : last);
            }
        });
    }
}
