package io.sallyport.security.vault;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.security.vault.VaultStore.Resealed;
import io.sallyport.security.vault.VaultStore.Row;
import io.sallyport.security.vault.VaultStore.RowId;
import io.sallyport.security.vault.VaultStore.WrappedKey;
import io.sallyport.security.vault.VaultStore.Written;
import io.sallyport.testing.Waiting;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
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
    void aRowThatIsNotThereIsNotRead() {
        assertThat(store.read(id("a"))).isEmpty();
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
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try {
            List<CompletableFuture<Void>> all = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                all.add(CompletableFuture.runAsync(
                        () -> {
                            if (store.write(id("a"), seen, OLD, OTHER) == Written.WRITTEN) {
                                written.incrementAndGet();
                            }
                        },
                        threads));
            }
            CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).get(30, TimeUnit.SECONDS);
        } finally {
            threads.shutdownNow();
        }

        assertThat(written).hasValue(1);
    }
}
