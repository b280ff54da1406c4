package io.sallyport.security.vault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.security.vault.KeyRotation.End;
import io.sallyport.security.vault.VaultStore.Ring;
import io.sallyport.security.vault.VaultStore.Row;
import io.sallyport.security.vault.VaultStore.RowId;
import io.sallyport.security.vault.VaultStore.WrappedKey;
import io.sallyport.spi.StoreUnavailableException;
import io.sallyport.testing.Incident;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class KeyRotationTest {

    private static final String TENANT = "acme";

    private final VaultStore store = new InMemoryVaultStore();
    private final List<Vault> vaults = new ArrayList<>();
    private final KekProvider kek = LocalKeks.random(LocalKeks.SUN);
    private final Vault vault = vault(kek);
    private final KeyRotation rotation = vault.rotation().build();

    @AfterEach
    void close() {
        vaults.forEach(Vault::close);
    }

    private Vault vault(byte[]... keys) {
        return vault(new LocalKek(Primitives.ofJdk(), List.of(keys)));
    }

    private Vault vault(KekProvider with) {
        Vault made = Vault.builder(store, with).build();
        vaults.add(made);
        return made;
    }

    private void putMany(int count) throws Exception {
        for (int i = 0; i < count; i++) {
            vault.put(TENANT, "secret-" + i, SecretValue.of(("value-" + i).toCharArray()));
        }
    }

    private void assertAllAreThere(int count) throws Exception {
        for (int i = 0; i < count; i++) {
            String value = vault.get(TENANT, "secret-" + i)
                    .orElseThrow()
                    .use(bytes -> new String(bytes, StandardCharsets.UTF_8));
            assertThat(value).isEqualTo("value-" + i);
        }
    }

    private KeyRotation impatient() {
        return vault.rotation().patience(Duration.ZERO).build();
    }

    private List<KeyState> states() {
        return store.ring(TENANT).keys().stream().map(WrappedKey::state).toList();
    }

    private long keyOf(String name) {
        return store.read(new RowId(TENANT, "secrets", name)).map(Row::keyId).orElseThrow();
    }

    @Test
    void allSecretsComeUnderTheNewKey() throws Exception {
        putMany(450);
        long old = keyOf("secret-0");

        KeyRotation.Report report = rotation.rotate(TENANT);

        assertThat(report).isEqualTo(new KeyRotation.Report(450, 0, End.DONE));
        assertThat(store.countUnder(TENANT, old)).isZero();
        assertThat(states()).containsExactly(KeyState.DISABLED, KeyState.PRIMARY);
        assertAllAreThere(450);
    }

    @Test
    void aNodeThatDoesNotKnowTheNewKeyIsWaitedFor() throws Exception {
        putMany(3);
        store.beat("node", store.newestRing(), Duration.ofMinutes(1));

        assertThat(impatient().rotate(TENANT).end()).isEqualTo(End.WAITS_FOR_NODES);
        assertThat(states()).containsExactly(KeyState.PRIMARY, KeyState.DISTRIBUTED);

        store.beat("node", store.newestRing(), Duration.ofMinutes(1));
        assertThat(rotation.rotate(TENANT).isDone()).isTrue();
        assertThat(states()).containsExactly(KeyState.DISABLED, KeyState.PRIMARY);
    }

    @Test
    void aRotationThatHasNotBegunToSealIsGivenUpWithoutATrace() throws Exception {
        putMany(3);
        long old = keyOf("secret-0");
        store.beat("node", store.newestRing(), Duration.ofMinutes(1));
        impatient().rotate(TENANT);

        assertThat(rotation.abort(TENANT).isDone()).isTrue();

        assertThat(states()).containsExactly(KeyState.PRIMARY, KeyState.DESTROYED);
        assertThat(keyOf("secret-0")).isEqualTo(old);
        assertAllAreThere(3);
    }

    @Test
    void aRowThatDoesNotOpenKeepsItsKey() throws Exception {
        putMany(3);
        Row row = store.read(new RowId(TENANT, "secrets", "secret-1")).orElseThrow();
        byte[] broken = row.sealed().clone();
        broken[broken.length - 1] ^= 1;
        store.write(row.id(), row.version(), row.keyId(), broken);

        KeyRotation.Report report = rotation.rotate(TENANT);

        assertThat(report).isEqualTo(new KeyRotation.Report(2, 1, End.UNREADABLE_ROWS));
        assertThat(states()).containsExactly(KeyState.DECRYPT_ONLY, KeyState.PRIMARY);
    }

    @Test
    void aRotationThatWasPromotedIsGivenUpByRotatingBack() throws Exception {
        putMany(3);
        long old = keyOf("secret-0");
        // One that does not open keeps the rotation from its end.
        Row row = store.read(new RowId(TENANT, "secrets", "secret-1")).orElseThrow();
        store.write(row.id(), row.version(), row.keyId(), new byte[Envelope.OVERHEAD]);
        rotation.rotate(TENANT);
        assertThat(keyOf("secret-0")).isNotEqualTo(old);

        assertThat(rotation.abort(TENANT).isDone()).isTrue();

        assertThat(keyOf("secret-0")).isEqualTo(old);
        assertThat(states()).containsExactly(KeyState.PRIMARY, KeyState.DISABLED);
    }

    @Test
    void aDestroyedKeyIsErased() throws Exception {
        putMany(3);
        rotation.rotate(TENANT);

        assertThat(rotation.destroy(TENANT)).isEqualTo(1);

        assertThat(store.ring(TENANT).keys().get(0).wrapped()).isEmpty();
        assertAllAreThere(3);
    }

    @Test
    void anotherKeyEncryptionKeyWrapsAnewAndTouchesNoRow() throws Exception {
        byte[] oldKek = LocalKeks.randomKey();
        byte[] newKek = LocalKeks.randomKey();
        vault(oldKek).put("other", "a", SecretValue.of("one".toCharArray()));
        Row before = store.read(new RowId("other", "secrets", "a")).orElseThrow();
        Vault both = vault(newKek, oldKek);

        assertThat(both.rotation().build().rewrap("other")).isEqualTo(1);

        assertThat(store.read(new RowId("other", "secrets", "a")))
                .get()
                .usingRecursiveComparison()
                .isEqualTo(before);
        assertThat(vault(newKek).get("other", "a")).isPresent();
    }

    @Test
    void aTenantWithoutSecretsHasANewKeyToo() throws Exception {
        assertThat(rotation.rotate("new").isDone()).isTrue();

        assertThat(store.ring("new").keys()).hasSize(2);
        assertThat(store.list("new", Optional.empty(), 1)).isEmpty();
    }

    @Test
    @Incident("S123")
    void aRotationThatLosesItsStoreHalfWayCanBeLookedThroughAndComesToItsEnd() throws Exception {
        putMany(450);
        String old = DataKey.word(keyOf("secret-0"));
        VaultStore failing = new ForwardingVaultStore(store) {
            private int calls;

            @Override
            public OptionalLong reseal(String tenant, long keyId, List<VaultStore.Resealed> rows) {
                if (++calls == 2) {
                    throw new StoreUnavailableException("down", new IllegalStateException());
                }
                return super.reseal(tenant, keyId, rows);
            }
        };
        try (Vault dying = Vault.builder(failing, kek).build()) {
            assertThatThrownBy(() -> dying.rotation().build().rotate(TENANT))
                    .isInstanceOf(StoreUnavailableException.class);
        }
        long before = store.newestRing();

        KeyRotation.Check check = rotation.verify(TENANT);

        assertThat(check.rows()).isEqualTo(450);
        assertThat(check.unreadable()).isZero();
        assertThat(check.rowsByKey()).containsEntry(old, 250L).hasSize(2).containsValue(200L);
        assertThat(rotation.verify(TENANT)).isEqualTo(check);
        assertThat(store.newestRing()).isEqualTo(before);
        assertAllAreThere(450);
        assertThat(rotation.goOn(TENANT)).isEqualTo(new KeyRotation.Report(250, 0, End.DONE));
        assertAllAreThere(450);
    }

    @Test
    @Incident("S52")
    void nothingThatIsDoneToKeysTakesASecretAway() throws Exception {
        putMany(3);

        rotation.rotate(TENANT);
        rotation.destroy(TENANT);
        store.beat("node", store.newestRing(), Duration.ofMinutes(1));
        impatient().rotate(TENANT);
        rotation.abort(TENANT);
        rotation.rewrap(TENANT);
        rotation.verify(TENANT);
        Vault stranger = vault(LocalKeks.randomKey());
        assertThatThrownBy(() -> stranger.put(TENANT, "secret-0", SecretValue.of("theirs".toCharArray())))
                .isInstanceOf(KekUnavailableException.class);
        vault.shred("other");

        assertAllAreThere(3);
    }

    /** Lets time pass for keys: what is in a state came into it so many days before. */
    private void letPass(int days) {
        Ring ring = store.ring(TENANT);
        List<WrappedKey> aged = ring.keys().stream()
                .map(key -> new WrappedKey(
                        key.id(),
                        key.state(),
                        key.wrapped(),
                        key.kek(),
                        key.created().minus(Duration.ofDays(days))))
                .toList();
        assertThat(store.replaceRing(TENANT, ring.version(), aged, OptionalLong.empty()))
                .isTrue();
    }

    @Test
    void aKeyThatWasDestroyedLongAgoIsForgotten() throws Exception {
        putMany(3);
        rotation.rotate(TENANT);
        rotation.destroy(TENANT);
        letPass(29);
        rotation.destroy(TENANT);
        assertThat(states()).containsExactly(KeyState.DESTROYED, KeyState.PRIMARY);

        letPass(2);
        assertThat(rotation.destroy(TENANT)).isZero();

        assertThat(states()).containsExactly(KeyState.PRIMARY);
        assertAllAreThere(3);
    }

    @Test
    void aRingDoesNotGrowWithTheRotationsThatThereWere() throws Exception {
        putMany(3);

        for (int month = 0; month < 12; month++) {
            rotation.rotate(TENANT);
            rotation.destroy(TENANT);
            letPass(31);
        }

        assertThat(states()).containsExactly(KeyState.DESTROYED, KeyState.PRIMARY);
        assertAllAreThere(3);
    }

    @Test
    void onlyDestroyedKeysAreForgotten() throws Exception {
        // Without rows nothing else would keep them.
        rotation.rotate(TENANT);
        letPass(1000);

        assertThat(rotation.destroy(TENANT)).isEqualTo(1);
        rotation.destroy(TENANT);

        assertThat(states()).containsExactly(KeyState.DESTROYED, KeyState.PRIMARY);
    }

    private static List<WrappedKey> asPrimary(List<WrappedKey> keys, long id) {
        return keys.stream()
                .map(key -> new WrappedKey(
                        key.id(),
                        key.id() == id ? KeyState.PRIMARY : KeyState.DESTROYED,
                        key.wrapped(),
                        key.kek(),
                        key.created()))
                .toList();
    }

    private long versionOf(RowId id) {
        return store.read(id).map(Row::version).orElseThrow();
    }

    @Test
    void aDestroyedKeyThatARowIsUnderIsNotForgotten() throws Exception {
        putMany(3);
        Row row = store.read(new RowId(TENANT, "secrets", "secret-1")).orElseThrow();
        rotation.rotate(TENANT);
        rotation.destroy(TENANT);
        letPass(31);
        // Somebody puts a row of an older copy back, past the vault.
        Ring ring = store.ring(TENANT);
        store.replaceRing(TENANT, ring.version(), asPrimary(ring.keys(), row.keyId()), OptionalLong.empty());
        store.write(row.id(), versionOf(row.id()), row.keyId(), row.sealed());
        store.replaceRing(TENANT, store.ring(TENANT).version(), ring.keys(), OptionalLong.empty());

        rotation.destroy(TENANT);

        assertThat(states()).containsExactly(KeyState.DESTROYED, KeyState.PRIMARY);
    }

    @Test
    void aShreddedTenantKeepsNothingForEver() throws Exception {
        putMany(3);
        vault.shred(TENANT);
        letPass(31);

        rotation.destroy(TENANT);

        assertThat(states()).isEmpty();
        putMany(3);
        assertAllAreThere(3);
    }

    @Test
    void whoWritesWhileAKeyIsForgottenLosesNothing() throws Exception {
        putMany(3);
        rotation.rotate(TENANT);
        rotation.destroy(TENANT);
        letPass(31);
        VaultStore racing = new ForwardingVaultStore(store) {
            @Override
            public boolean replaceRing(String tenant, long version, List<WrappedKey> keys, OptionalLong unused) {
                try {
                    putMany(4);
                } catch (Exception e) {
                    throw new AssertionError(e);
                }
                return super.replaceRing(tenant, version, keys, unused);
            }
        };

        try (Vault forgetting = Vault.builder(racing, kek).build()) {
            forgetting.rotation().build().destroy(TENANT);
        }

        assertThat(states()).containsExactly(KeyState.PRIMARY);
        assertAllAreThere(4);
    }
}
