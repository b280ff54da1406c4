package io.sallyport.security.vault;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.security.vault.VaultStore.Resealed;
import io.sallyport.security.vault.VaultStore.Ring;
import io.sallyport.security.vault.VaultStore.Row;
import io.sallyport.security.vault.VaultStore.RowId;
import io.sallyport.security.vault.VaultStore.WrappedKey;
import io.sallyport.security.vault.VaultStore.Written;
import io.sallyport.testing.Waiting;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every store of a vault does. */
public abstract class VaultStoreContract {

    private static final long OLD = 0x8000_0000_0000_0001L;
    private static final long NEW = 2;
    private static final byte[] SEALED = {1, 2, 3};
    private static final byte[] OTHER = {4, 5};

    private VaultStore store;

    /** Returns a store that has nothing in it. */
    protected abstract VaultStore open() throws Exception;

    @BeforeEach
    void openStore() throws Exception {
        store = open();
    }

    @AfterEach
    void closeStore() {
        store.close();
    }

    private static RowId id(String name) {
        return new RowId("acme", "secrets", name);
    }

    private static WrappedKey key(long id, KeyState state) {
        byte[] wrapped = state == KeyState.DESTROYED ? new byte[0] : new byte[] {9, 9};
        return new WrappedKey(id, state, wrapped, "kek-1", Instant.parse("2026-01-02T03:04:05Z"));
    }

    private void setRing(WrappedKey... keys) {
        assertThat(store.replaceRing("acme", store.ring("acme").version(), List.of(keys), OptionalLong.empty()))
                .isTrue();
    }

    private void beginWithOneKey() {
        setRing(key(OLD, KeyState.PRIMARY));
    }

    private void promoteNewKey() {
        setRing(key(OLD, KeyState.DECRYPT_ONLY), key(NEW, KeyState.PRIMARY));
    }

    private Row row(String name) {
        return store.read(id(name)).orElseThrow();
    }

    @Test
    void aTenantWithoutKeysHasARingOfVersionZero() {
        assertThat(store.ring("acme").version()).isZero();
        assertThat(store.ring("acme").keys()).isEmpty();
        assertThat(store.tenants()).isEmpty();
    }

    @Test
    void keysComeBackAsTheyWere() {
        setRing(key(OLD, KeyState.DECRYPT_ONLY), key(NEW, KeyState.PRIMARY), key(3, KeyState.DESTROYED));

        assertThat(store.ring("acme").keys())
                .usingRecursiveFieldByFieldElementComparator()
                .containsExactly(
                        key(OLD, KeyState.DECRYPT_ONLY), key(NEW, KeyState.PRIMARY), key(3, KeyState.DESTROYED));
        assertThat(store.tenants()).containsExactly("acme");
    }

    @Test
    void whoeverHasSeenAnOlderRingChangesNothing() {
        beginWithOneKey();
        long seen = store.ring("acme").version();
        promoteNewKey();

        boolean done = store.replaceRing("acme", seen, List.of(key(3, KeyState.PRIMARY)), OptionalLong.empty());

        assertThat(done).isFalse();
        assertThat(store.ring("acme").keys()).hasSize(2);
    }

    @Test
    void eachChangeOfAnyRingMakesItTheNewest() {
        beginWithOneKey();
        store.replaceRing("other", 0, List.of(key(5, KeyState.PRIMARY)), OptionalLong.empty());

        assertThat(store.ring("other").version())
                .isGreaterThan(store.ring("acme").version());
        assertThat(store.newestRing()).isEqualTo(store.ring("other").version());
    }

    @Test
    void aKeyThatARowIsUnderIsNotGivenUp() {
        beginWithOneKey();
        store.write(id("a"), 0, OLD, SEALED);
        promoteNewKey();
        long seen = store.ring("acme").version();
        List<WrappedKey> without = List.of(key(OLD, KeyState.DISABLED), key(NEW, KeyState.PRIMARY));

        assertThat(store.replaceRing("acme", seen, without, OptionalLong.of(OLD)))
                .isFalse();

        store.reseal("acme", NEW, List.of(new Resealed(id("a"), row("a").version(), OTHER)));
        assertThat(store.replaceRing("acme", seen, without, OptionalLong.of(OLD)))
                .isTrue();
    }

    @Test
    void aRowComesBackAsItWasWritten() {
        beginWithOneKey();

        assertThat(store.write(id("a"), 0, OLD, SEALED)).isEqualTo(Written.WRITTEN);

        assertThat(row("a").sealed()).isEqualTo(SEALED);
        assertThat(row("a").keyId()).isEqualTo(OLD);
        assertThat(row("a").id()).isEqualTo(id("a"));
    }

    @Test
    void namesAreToldApartWhateverTheyAreMadeOf() {
        beginWithOneKey();
        List<String> names = List.of(
                "",
                "a",
                "A",
                "a ",
                " a",
                "a/b",
                "a\nb",
                "%",
                "_",
                "'\"\\",
                "\u00e4",
                "a\u0308",
                "\u4e2d",
                "\ud83d\udd11",
                "b".repeat(500));

        for (String name : names) {
            byte[] sealed = name.getBytes(StandardCharsets.UTF_8);
            assertThat(store.write(id(name), 0, OLD, sealed)).as(name).isEqualTo(Written.WRITTEN);
            assertThat(store.write(new RowId("acme", name, "a"), 0, OLD, sealed))
                    .as(name)
                    .isEqualTo(Written.WRITTEN);
        }

        for (String name : names) {
            byte[] sealed = name.getBytes(StandardCharsets.UTF_8);
            assertThat(row(name).sealed()).isEqualTo(sealed);
            assertThat(store.read(new RowId("acme", name, "a")).orElseThrow().id())
                    .isEqualTo(new RowId("acme", name, "a"));
        }
        assertThat(store.list("acme", Optional.empty(), 100)).hasSize(2 * names.size());
    }

    @Test
    void tenantsAreToldApartWhateverTheyAreMadeOf() {
        List<String> tenants = List.of("acme", "Acme", "acme ", "acm", "acme\u0308", "\ud83d\udd11");
        for (String tenant : tenants) {
            assertThat(store.replaceRing(tenant, 0, List.of(key(OLD, KeyState.PRIMARY)), OptionalLong.empty()))
                    .as(tenant)
                    .isTrue();
            store.write(new RowId(tenant, "secrets", "a"), 0, OLD, tenant.getBytes(StandardCharsets.UTF_8));
        }

        assertThat(store.tenants()).containsExactlyInAnyOrderElementsOf(tenants);
        for (String tenant : tenants) {
            assertThat(store.list(tenant, Optional.empty(), 10))
                    .extracting(row -> new String(row.sealed(), StandardCharsets.UTF_8))
                    .containsExactly(tenant);
        }
    }

    @Test
    void aRowMayBeAsLargeAsASecretMay() {
        beginWithOneKey();
        byte[] large = new byte[Envelope.OVERHEAD + Envelope.MOST_PLAINTEXT_BYTES];
        new Random(1).nextBytes(large);

        store.write(id("a"), 0, OLD, large);

        assertThat(row("a").sealed()).isEqualTo(large);
    }

    @Test
    void whatCallersDoToTheirBytesChangesNothing() {
        byte[] wrapped = {9, 9};
        byte[] sealed = SEALED.clone();
        byte[] resealed = OTHER.clone();
        setRing(new WrappedKey(OLD, KeyState.PRIMARY, wrapped, "kek-1", Instant.EPOCH));
        store.write(id("a"), 0, OLD, sealed);
        store.write(id("b"), 0, OLD, SEALED);
        store.reseal("acme", OLD, List.of(new Resealed(id("b"), row("b").version(), resealed)));

        List.of(wrapped, sealed, resealed).forEach(bytes -> Arrays.fill(bytes, (byte) 7));
        Arrays.fill(store.ring("acme").keys().get(0).wrapped(), (byte) 7);
        Arrays.fill(row("a").sealed(), (byte) 7);
        store.list("acme", Optional.empty(), 9).forEach(row -> Arrays.fill(row.sealed(), (byte) 7));
        store.under("acme", OLD, Optional.empty(), 9).forEach(row -> Arrays.fill(row.sealed(), (byte) 7));

        assertThat(row("a").sealed()).isEqualTo(SEALED);
        assertThat(row("b").sealed()).isEqualTo(OTHER);
        assertThat(store.ring("acme").keys().get(0).wrapped()).isEqualTo(new byte[] {9, 9});
    }

    @Test
    void aKeyOfOneTenantIsNoneOfAnother() {
        beginWithOneKey();
        store.replaceRing("other", 0, List.of(key(NEW, KeyState.PRIMARY)), OptionalLong.empty());

        assertThat(store.write(id("a"), 0, NEW, SEALED)).isEqualTo(Written.KEY_NOT_PRIMARY);
        assertThat(store.reseal("acme", NEW, List.of())).isEmpty();
    }

    @Test
    void sealingNothingAnewIsDone() {
        beginWithOneKey();

        assertThat(store.reseal("acme", OLD, List.of())).hasValue(0);
        assertThat(store.reseal("acme", OLD, List.of(new Resealed(id("a"), 1, SEALED))))
                .hasValue(0);
        assertThat(store.read(id("a"))).isEmpty();
    }

    @Test
    void aRowThatIsNotThereIsNotRead() {
        assertThat(store.read(id("a"))).isEmpty();
    }

    @Test
    void aRowOfTheLargestSecretComesBackAsItWasWritten() {
        beginWithOneKey();
        byte[] large = new byte[Envelope.OVERHEAD + Envelope.MOST_PLAINTEXT_BYTES];
        new Random(1).nextBytes(large);

        store.write(id("a"), 0, OLD, large);
        assertThat(row("a").sealed()).isEqualTo(large);

        large[0]++;
        store.reseal("acme", OLD, List.of(new Resealed(id("a"), row("a").version(), large)));
        assertThat(row("a").sealed()).isEqualTo(large);
    }

    @Test
    void namesAreToldApartAndOrderedByTheirCodePoints() {
        beginWithOneKey();
        String longest = "\ud83d\ude00".repeat(255);
        List<String> names =
                List.of("", "A", "a", "a ", "e\u0301", "\u00e9", "\uff5e", "\ud83d\ude00", longest, longest + "a");
        List<String> mixed = new ArrayList<>(names);
        Collections.shuffle(mixed, new Random(1));

        mixed.forEach(name ->
                assertThat(store.write(id(name), 0, OLD, SEALED)).as(name).isEqualTo(Written.WRITTEN));

        assertThat(store.list("acme", Optional.empty(), 99))
                .extracting(row -> row.id().name())
                .isEqualTo(names);
        for (int i = 0; i < names.size() - 1; i++) {
            assertThat(store.under("acme", OLD, Optional.of(id(names.get(i))), 1))
                    .extracting(row -> row.id().name())
                    .containsExactly(names.get(i + 1));
        }
    }

    @Test
    void pagesGoOnInTheNextNamespace() {
        beginWithOneKey();
        List<RowId> ids =
                List.of(new RowId("acme", "a", "z"), new RowId("acme", "ab", "a"), new RowId("acme", "b", "a"));
        ids.forEach(id -> store.write(id, 0, OLD, SEALED));

        assertThat(store.list("acme", Optional.of(ids.get(0)), 2))
                .extracting(Row::id)
                .containsExactly(ids.get(1), ids.get(2));
        assertThat(store.under("acme", OLD, Optional.of(ids.get(1)), 2))
                .extracting(Row::id)
                .containsExactly(ids.get(2));
    }

    @Test
    void aRowThatSomebodyElseHasWrittenMeanwhileIsNotReplaced() {
        beginWithOneKey();
        store.write(id("a"), 0, OLD, SEALED);
        long seen = row("a").version();
        store.write(id("a"), seen, OLD, OTHER);

        assertThat(store.write(id("a"), seen, OLD, SEALED)).isEqualTo(Written.CONFLICT);
        assertThat(store.write(id("a"), 0, OLD, SEALED)).isEqualTo(Written.CONFLICT);

        assertThat(row("a").sealed()).isEqualTo(OTHER);
    }

    @Test
    void aRowThatIsGoneIsNotReplaced() {
        beginWithOneKey();
        store.write(id("a"), 0, OLD, SEALED);
        long seen = row("a").version();
        assertThat(store.delete(id("a"))).isTrue();

        assertThat(store.write(id("a"), seen, OLD, SEALED)).isEqualTo(Written.CONFLICT);
        assertThat(store.delete(id("a"))).isFalse();
    }

    @Test
    void aRowIsNotMistakenForOneOfTheSameNameThatWasDeleted() {
        beginWithOneKey();
        store.write(id("a"), 0, OLD, SEALED);
        long before = row("a").version();
        store.delete(id("a"));
        store.write(id("a"), 0, OLD, OTHER);

        assertThat(store.reseal("acme", OLD, List.of(new Resealed(id("a"), before, SEALED))))
                .hasValue(0);
        assertThat(row("a").sealed()).isEqualTo(OTHER);
    }

    @Test
    void nothingIsWrittenUnderAKeyThatIsNotPrimary() {
        beginWithOneKey();
        promoteNewKey();

        assertThat(store.write(id("a"), 0, OLD, SEALED)).isEqualTo(Written.KEY_NOT_PRIMARY);
        assertThat(store.write(id("a"), 0, 77, SEALED)).isEqualTo(Written.KEY_NOT_PRIMARY);
        assertThat(store.reseal("acme", OLD, List.of())).isEmpty();

        assertThat(store.read(id("a"))).isEmpty();
    }

    @Test
    void whatIsSealedAnewIsAsOldAsItWas() {
        beginWithOneKey();
        store.write(id("a"), 0, OLD, SEALED);
        Row before = row("a");
        promoteNewKey();

        assertThat(store.reseal("acme", NEW, List.of(new Resealed(id("a"), before.version(), OTHER))))
                .hasValue(1);

        assertThat(row("a").written()).isEqualTo(before.written());
        assertThat(row("a").sealed()).isEqualTo(OTHER);
        assertThat(row("a").keyId()).isEqualTo(NEW);
    }

    @Test
    void whatWasWrittenMeanwhileIsNotSealedAnew() {
        beginWithOneKey();
        store.write(id("a"), 0, OLD, SEALED);
        store.write(id("b"), 0, OLD, SEALED);
        Row a = row("a");
        Row b = row("b");
        promoteNewKey();
        store.write(id("a"), a.version(), NEW, OTHER);

        List<Resealed> both =
                List.of(new Resealed(id("a"), a.version(), SEALED), new Resealed(id("b"), b.version(), OTHER));

        assertThat(store.reseal("acme", NEW, both)).hasValue(1);
        assertThat(row("a").sealed()).isEqualTo(OTHER);
        assertThat(row("b").sealed()).isEqualTo(OTHER);
    }

    @Test
    void rowsAreFoundByTheirKey() {
        beginWithOneKey();
        store.write(id("a"), 0, OLD, SEALED);
        promoteNewKey();
        store.write(id("b"), 0, NEW, SEALED);

        assertThat(store.under("acme", OLD, Optional.empty(), 10))
                .extracting(row -> row.id().name())
                .containsExactly("a");
        assertThat(store.under("acme", OLD, Optional.of(id("a")), 10)).isEmpty();
        assertThat(store.countUnder("acme", OLD)).isEqualTo(1);
        assertThat(store.countUnder("other", OLD)).isZero();
    }

    @Test
    void rowsOfAKeyAreFoundPageByPageWhileTheyAreSealedAnew() {
        beginWithOneKey();
        List<String> names = List.of("a", "b", "c", "d", "e");
        names.forEach(name -> store.write(id(name), 0, OLD, SEALED));
        promoteNewKey();

        List<String> found = new ArrayList<>();
        Optional<RowId> after = Optional.empty();
        List<Row> page = store.under("acme", OLD, after, 2);
        while (!page.isEmpty()) {
            page.forEach(row -> found.add(row.id().name()));
            store.reseal(
                    "acme",
                    NEW,
                    page.stream()
                            .map(row -> new Resealed(row.id(), row.version(), OTHER))
                            .toList());
            after = Optional.of(page.get(page.size() - 1).id());
            page = store.under("acme", OLD, after, 2);
        }

        assertThat(found).isEqualTo(names);
        assertThat(store.countUnder("acme", OLD)).isZero();
        assertThat(store.countUnder("acme", NEW)).isEqualTo(5);
    }

    @Test
    void rowsOfATenantAreListedPageByPage() {
        beginWithOneKey();
        store.replaceRing("acme2", 0, List.of(key(OLD, KeyState.PRIMARY)), OptionalLong.empty());
        store.write(new RowId("acme2", "secrets", "a"), 0, OLD, SEALED);
        List<String> names = List.of("a", "b", "c", "d", "e");
        names.forEach(name -> store.write(id(name), 0, OLD, SEALED));

        List<String> found = new ArrayList<>();
        Optional<RowId> after = Optional.empty();
        List<Row> page = store.list("acme", after, 2);
        while (!page.isEmpty()) {
            page.forEach(row -> found.add(row.id().name()));
            after = Optional.of(page.get(page.size() - 1).id());
            page = store.list("acme", after, 2);
        }

        assertThat(found).isEqualTo(names);
    }

    @Test
    void theOldestRingThatALivingNodeKnowsIsKnown() {
        assertThat(store.oldestKnown()).isEmpty();

        store.beat("one", 3, Duration.ofMinutes(1));
        store.beat("two", 5, Duration.ofMinutes(1));
        assertThat(store.oldestKnown()).hasValue(3);

        store.beat("one", 6, Duration.ofMinutes(1));
        assertThat(store.oldestKnown()).hasValue(5);

        store.leave("two");
        assertThat(store.oldestKnown()).hasValue(6);
    }

    @Test
    void aNodeThatWasNotHeardOfForLongerThanItsLeaseCountsForNothing() {
        store.beat("dead", 1, Duration.ZERO);
        store.beat("alive", 5, Duration.ofMinutes(1));

        Waiting.until("its lease is over", () -> store.oldestKnown().getAsLong() == 5 ? true : null);
    }

    @Test
    void ofManyWhoWriteTheSameRowOneAtATimeGetsItsWay() throws Exception {
        beginWithOneKey();
        store.write(id("a"), 0, OLD, SEALED);
        long seen = row("a").version();
        AtomicInteger written = new AtomicInteger();

        atOnce(8, () -> {
            if (store.write(id("a"), seen, OLD, OTHER) == Written.WRITTEN) {
                written.incrementAndGet();
            }
        });

        assertThat(written).hasValue(1);
    }

    @Test
    void ofManyWhoCountInTheSameRowNoneIsLost() throws Exception {
        beginWithOneKey();
        store.write(id("a"), 0, OLD, new byte[] {0});

        atOnce(4, () -> {
            for (int counted = 0; counted < 10; ) {
                Row row = row("a");
                byte[] next = {(byte) (row.sealed()[0] + 1)};
                counted += store.write(id("a"), row.version(), OLD, next) == Written.WRITTEN ? 1 : 0;
            }
        });

        assertThat(row("a").sealed()).containsExactly(40);
    }

    private static void atOnce(int times, Runnable work) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(times);
        try {
            CompletableFuture.allOf(IntStream.range(0, times)
                            .mapToObj(i -> CompletableFuture.runAsync(work, threads))
                            .toArray(CompletableFuture[]::new))
                    .get(30, TimeUnit.SECONDS);
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void aTenantWhoseKeysWereForgottenIsStillAtAVersion() {
        setRing(key(OLD, KeyState.DESTROYED));
        long before = store.ring("acme").version();

        assertThat(store.replaceRing("acme", before, List.of(), OptionalLong.of(OLD)))
                .isTrue();

        Ring empty = store.ring("acme");
        assertThat(empty.keys()).isEmpty();
        assertThat(empty.version()).isGreaterThan(before);
        assertThat(store.replaceRing("acme", 0, List.of(), OptionalLong.empty()))
                .isFalse();
        assertThat(store.replaceRing(
                        "acme", empty.version(), List.of(key(NEW, KeyState.PRIMARY)), OptionalLong.empty()))
                .isTrue();
    }
}
