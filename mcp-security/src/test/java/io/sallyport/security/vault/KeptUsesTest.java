package io.sallyport.security.vault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNoException;

import com.zaxxer.hikari.HikariDataSource;
import io.sallyport.security.vault.SecretUses.Use;
import io.sallyport.security.vault.Vault.SecretUse;
import io.sallyport.security.vault.VaultStore.Row;
import io.sallyport.security.vault.VaultStore.RowId;
import io.sallyport.spi.SecretResolver;
import io.sallyport.spi.StoreUnavailableException;
import io.sallyport.testing.Incident;
import io.sallyport.testing.Waiting;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeptUsesTest {

    private static final Instant NOW = Instant.parse("2026-08-01T12:00:00Z");
    private static final Duration LONG = Duration.ofHours(1);
    private static final RowId ROW = new RowId("acme", "uses", "uses");
    private static final SecretResolver.Use HEADER =
            new SecretResolver.Use("github", Optional.of("api.example"), SecretResolver.Use.HEADER);

    private final VaultStore memory = new InMemoryVaultStore();
    private final List<Vault> vaults = new ArrayList<>();
    private final KekProvider kek = kek();

    @TempDir
    private Path folder;

    private static KekProvider kek() {
        byte[] key = new byte[LocalKek.BYTES];
        new SecureRandom().nextBytes(key);
        return new LocalKek(Primitives.ofJdk(), List.of(key));
    }

    private Vault vault(VaultStore store, Duration behind, Instant now) {
        Vault made =
                Vault.builder(store, kek).usesBehind(behind).clock(() -> now).build();
        vaults.add(made);
        return made;
    }

    @AfterEach
    void close() {
        vaults.forEach(Vault::close);
    }

    private static void put(Vault vault, String name) throws Exception {
        SecretPolicy policy = SecretPolicy.builder()
                .upstreams("github")
                .hosts("api.example")
                .positions(SecretPolicy.Position.HEADER)
                .build();
        try (SecretValue value = SecretValue.of("a long value".toCharArray())) {
            vault.put("acme", name, value, policy);
        }
    }

    private static void use(Vault vault, String name) {
        SecretResolver resolver = vault.resolver(VaultRedactor.create());
        assertThat(resolver.resolve("secret://acme/" + name, HEADER)).isPresent();
    }

    private void assertAnotherVaultKnowsWhatWasUsed(VaultStore store) throws Exception {
        Vault first = vault(store, LONG, NOW);
        Vault second = vault(store, LONG, NOW.plusSeconds(5));
        put(first, "github");
        put(first, "other");
        use(first, "github");
        use(second, "github");
        use(first, "other");

        first.close();
        second.close();

        assertThat(vault(store, LONG, NOW).uses("acme"))
                .containsExactly(
                        new SecretUse("github", "github", NOW.plusSeconds(5)), new SecretUse("other", "github", NOW));
    }

    @Test
    @Incident("S125")
    void usesAreKeptInMemory() throws Exception {
        assertAnotherVaultKnowsWhatWasUsed(memory);
    }

    @Test
    void usesAreKeptInAFolder() throws Exception {
        try (VaultStore store = FileVaultStore.open(folder.resolve("vault"))) {
            assertAnotherVaultKnowsWhatWasUsed(store);
            vaults.forEach(Vault::close);
        }
    }

    @Test
    void usesAreKeptInADatabase() throws Exception {
        try (HikariDataSource database = VaultDatabase.postgres("kept_uses")) {
            assertAnotherVaultKnowsWhatWasUsed(VaultDatabase.emptied(database));
            vaults.forEach(Vault::close);
        }
    }

    @Test
    void usesAreWrittenAWhileAfterThem() throws Exception {
        Vault vault = vault(memory, Duration.ofMillis(1), NOW);
        put(vault, "github");

        use(vault, "github");

        Waiting.until("uses are written", () -> memory.read(ROW).orElse(null));
    }

    @Test
    void severalUsesAreOneWrite() throws Exception {
        Vault vault = vault(memory, LONG, NOW);
        put(vault, "github");
        put(vault, "other");
        long before = memory.read(new RowId("acme", "secrets", "other"))
                .map(Row::version)
                .orElseThrow();

        for (int i = 0; i < 10; i++) {
            use(vault, "github");
            use(vault, "other");
        }
        vault.close();

        assertThat(memory.read(ROW).map(Row::version)).contains(before + 1);
    }

    @Test
    void usesOfAVaultThatIsOpenAreKnownToItAtOnce() throws Exception {
        Vault vault = vault(memory, LONG, NOW);
        put(vault, "github");

        use(vault, "github");

        assertThat(vault.uses("acme")).containsExactly(new SecretUse("github", "github", NOW));
    }

    @Test
    void whatIsKeptIsSealed() throws Exception {
        Vault vault = vault(memory, LONG, NOW);
        put(vault, "github");
        use(vault, "github");

        vault.close();

        byte[] sealed = memory.read(ROW).orElseThrow().sealed();
        assertThat(new String(sealed, StandardCharsets.ISO_8859_1)).doesNotContain("github");
    }

    @Test
    void aRotationTakesThemAlong() throws Exception {
        Vault vault = vault(memory, LONG, NOW);
        put(vault, "github");
        use(vault, "github");
        vault.close();
        Vault other = vault(memory, LONG, NOW);

        KeyRotation rotation = other.rotation().build();
        assertThat(rotation.rotate("acme").isDone()).isTrue();
        rotation.destroy("acme");

        assertThat(vault(memory, LONG, NOW).uses("acme")).containsExactly(new SecretUse("github", "github", NOW));
    }

    @Test
    void theyAreNoSecrets() throws Exception {
        Vault vault = vault(memory, LONG, NOW);
        put(vault, "github");
        use(vault, "github");
        vault.close();

        assertThat(vault(memory, LONG, NOW).list("acme", Optional.empty(), 10))
                .extracting(Vault.SecretInfo::name)
                .containsExactly("github");
    }

    @Test
    void aTenantThatWasShreddedGetsNoKeysForThem() throws Exception {
        Vault vault = vault(memory, LONG, NOW);
        put(vault, "github");
        use(vault, "github");
        vault.shred("acme");

        vault.close();

        assertThat(memory.ring("acme").keys())
                .extracting(VaultStore.WrappedKey::state)
                .containsOnly(KeyState.DESTROYED);
    }

    /** Fails, or waits, whenever uses are looked at. */
    private final class Faulty extends ForwardingVaultStore {

        private final CountDownLatch asked = new CountDownLatch(1);
        private final CountDownLatch mayAnswer = new CountDownLatch(1);
        private volatile boolean isDown = true;

        Faulty() {
            super(memory);
        }

        @Override
        public Optional<Row> read(RowId id) {
            if (id.equals(ROW) && isDown) {
                asked.countDown();
                await(mayAnswer);
                throw new StoreUnavailableException("down");
            }
            return super.read(id);
        }

        private void await(CountDownLatch latch) {
            try {
                latch.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
    }

    @Test
    void noUseWaitsForAStoreThatHangs() throws Exception {
        Faulty store = new Faulty();
        Vault vault = vault(store, Duration.ofMillis(1), NOW);
        put(vault, "github");
        use(vault, "github");
        store.await(store.asked);

        assertThatNoException().isThrownBy(() -> use(vault, "github"));

        store.mayAnswer.countDown();
    }

    @Test
    void whatCouldNotBeWrittenIsWrittenLater() throws Exception {
        Faulty store = new Faulty();
        store.mayAnswer.countDown();
        Vault vault = vault(store, Duration.ofMillis(1), NOW);
        put(vault, "github");
        use(vault, "github");
        store.await(store.asked);

        store.isDown = false;

        Waiting.until("uses are written", () -> memory.read(ROW).orElse(null));
    }

    @Test
    void whatWasUsedLongestAgoIsForgotten() throws Exception {
        Vault vault = vault(memory, LONG, NOW);
        put(vault, "github");
        try (KeptUses uses = new KeptUses(vault.rows(), LONG)) {
            IntStream.rangeClosed(0, KeptUses.MOST_OF_TENANT)
                    .forEach(i -> uses.add(new Use("acme", "s".repeat(58) + i, "u".repeat(32), NOW.plusSeconds(i))));
        }

        assertThat(vault.uses("acme"))
                .hasSize(KeptUses.MOST_OF_TENANT)
                .noneMatch(use -> use.name().endsWith("s0"));
    }

    @Test
    void forgetsTheOldestOfTooManyThatAreNotKeptYet() {
        SecretUses uses = new SecretUses();
        for (int i = 0; i < SecretUses.MOST; i++) {
            uses.add(new Use("acme", "s" + i, "github", NOW));
        }
        uses.add(new Use("acme", "s0", "github", NOW));
        uses.add(new Use("acme", "more", "github", NOW));

        assertThat(uses.all())
                .hasSize(SecretUses.MOST)
                .extracting(Use::name)
                .contains("s0", "more")
                .doesNotContain("s1");
    }
}
