package io.sallyport.security.vault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.security.vault.VaultStore.Row;
import io.sallyport.security.vault.VaultStore.RowId;
import io.sallyport.security.vault.VaultStore.WrappedKey;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class VaultTest {

    private static final SecureRandom RANDOM = new SecureRandom();

    private final VaultStore store = new InMemoryVaultStore();
    private final KekProvider kek = kek();
    private final Vault vault = vault();

    private static KekProvider kek() {
        byte[] key = new byte[LocalKek.BYTES];
        RANDOM.nextBytes(key);
        return new LocalKek(Primitives.ofJdk(), List.of(key));
    }

    private Vault vault() {
        return new Vault(store, kek, Primitives.ofJdk(), RANDOM, InstantSource.system());
    }

    private static SecretValue secret(String text) {
        return SecretValue.of(text.toCharArray());
    }

    private static String shown(SecretValue value) {
        return value.use(bytes -> new String(bytes, StandardCharsets.UTF_8));
    }

    @Test
    void whatWasPutInIsThereForAnotherProcess() throws Exception {
        vault.put("acme", "github", secret("hunter2"));

        assertThat(shown(vault().get("acme", "github").orElseThrow())).isEqualTo("hunter2");
    }

    @Test
    void theLastOneCounts() throws Exception {
        vault.put("acme", "github", secret("one"));
        vault.put("acme", "github", secret("two"));

        assertThat(shown(vault.get("acme", "github").orElseThrow())).isEqualTo("two");
    }

    @Test
    void whatWasNeverPutInIsNotThere() throws Exception {
        assertThat(vault.get("acme", "github")).isEmpty();
    }

    @Test
    void theStoreSeesNoSecret() throws Exception {
        vault.put("acme", "github", secret("hunter2"));

        Row row = store.read(new RowId("acme", "secrets", "github")).orElseThrow();
        assertThat(new String(row.sealed(), StandardCharsets.ISO_8859_1)).doesNotContain("hunter2");
    }

    @Test
    void aRowThatStandsInForAnotherDoesNotOpen() throws Exception {
        vault.put("acme", "github", secret("hunter2"));
        Row stolen = store.read(new RowId("acme", "secrets", "github")).orElseThrow();
        store.write(new RowId("acme", "secrets", "mine"), 0, stolen.keyId(), stolen.sealed());

        assertThatThrownBy(() -> vault.get("acme", "mine"))
                .isInstanceOf(SecretUnreadableException.class)
                .hasMessage("the secret cannot be opened");
    }

    @Test
    void whoeverHasAnOldRingWritesUnderTheNewKeyAllTheSame() throws Exception {
        vault.put("acme", "github", secret("one"));
        promoteAnother();

        vault.put("acme", "github", secret("two"));

        assertThat(shown(vault().get("acme", "github").orElseThrow())).isEqualTo("two");
    }

    @Test
    void whoeverHasAnOldRingReadsWhatIsUnderTheNewKey() throws Exception {
        vault.put("acme", "github", secret("one"));
        promoteAnother();
        vault().put("acme", "github", secret("two"));

        assertThat(shown(vault.get("acme", "github").orElseThrow())).isEqualTo("two");
    }

    private void promoteAnother() throws Exception {
        WrappedKey old = store.ring("acme").keys().get(0);
        WrappedKey made = vault.keys().newKey("acme");
        boolean done = store.replaceRing(
                "acme",
                store.ring("acme").version(),
                List.of(
                        new WrappedKey(old.id(), KeyState.DECRYPT_ONLY, old.wrapped(), old.kek(), old.created()),
                        new WrappedKey(made.id(), KeyState.PRIMARY, made.wrapped(), made.kek(), made.created())),
                OptionalLong.empty());
        assertThat(done).isTrue();
    }

    @Test
    void aDataKeyOfOneTenantIsNoneOfAnother() throws Exception {
        vault.put("acme", "github", secret("one"));
        store.replaceRing("evil", 0, store.ring("acme").keys(), OptionalLong.empty());

        assertThatThrownBy(() -> vault.get("evil", "github"))
                .isInstanceOf(KekUnavailableException.class)
                .hasMessageContaining("not wrapped");
    }

    @Test
    void aForeignKeyEncryptionKeyIsSaidToBeOne() throws Exception {
        vault.put("acme", "github", secret("one"));
        Vault other = new Vault(store, kek(), Primitives.ofJdk(), RANDOM, InstantSource.system());

        assertThatThrownBy(() -> other.get("acme", "github"))
                .isInstanceOf(KekUnavailableException.class)
                .hasMessageContaining(kek.current());
    }

    @Test
    void aSecretShowsItselfToNobody() {
        SecretValue value = secret("hunter2");

        assertThat(value).hasToString("***");
        assertThat(String.format("%s", value)).isEqualTo("***");
        assertThat(value).isEqualTo(secret("hunter2")).isNotEqualTo(secret("hunter3"));
    }

    @Test
    void aClosedSecretIsGone() {
        SecretValue value = secret("hunter2");
        value.close();

        assertThatThrownBy(value::characters).isInstanceOf(IllegalStateException.class);
    }
}
