package io.sallyport.security.vault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.security.vault.VaultStore.Row;
import io.sallyport.security.vault.VaultStore.RowId;
import io.sallyport.security.vault.VaultStore.WrappedKey;
import io.sallyport.testing.Incident;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VaultTest {

    private static final SecureRandom RANDOM = new SecureRandom();

    private final VaultStore store = new InMemoryVaultStore();
    private final List<Vault> vaults = new ArrayList<>();
    private final KekProvider kek = kek();
    private final Vault vault = vault();

    private static KekProvider kek() {
        byte[] key = new byte[LocalKek.BYTES];
        RANDOM.nextBytes(key);
        return new LocalKek(Primitives.ofJdk(), List.of(key));
    }

    private Vault vault() {
        return opened(kek);
    }

    private Vault opened(KekProvider with) {
        Vault made = Vault.builder(store, with).build();
        vaults.add(made);
        return made;
    }

    @AfterEach
    void close() {
        vaults.forEach(Vault::close);
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
    @Incident("S124")
    void aForeignKeyEncryptionKeyIsSaidToBeOne() throws Exception {
        vault.put("acme", "github", secret("one"));
        Vault other = opened(kek());

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

    @Test
    void whatIsExpiredIsUnusableOnAllNodesUntilItIsPutInAnew() throws Exception {
        Vault other = vault();
        vault.put("acme", "github", secret("one"));
        vault.put("acme", "jira", secret("two"));
        assertThat(other.get("acme", "github")).isPresent();

        assertThat(vault.expireAll("a key was found in a log")).isEqualTo(2);

        assertThatThrownBy(() -> other.get("acme", "github")).isInstanceOf(SecretUnreadableException.class);
        assertThatThrownBy(() -> vault.get("acme", "jira")).isInstanceOf(SecretUnreadableException.class);
        vault.put("acme", "github", secret("three"));
        assertThat(other.get("acme", "github")).contains(secret("three"));
        assertThat(vault.expireAll("again")).isEqualTo(1);
    }

    @Test
    void whatIsExpiredStaysSoThroughARotation() throws Exception {
        vault.put("acme", "github", secret("one"));
        vault.expireAll("a key was found in a log");

        assertThat(vault.rotation().build().rotate("acme").isDone()).isTrue();

        assertThatThrownBy(() -> vault.get("acme", "github")).isInstanceOf(SecretUnreadableException.class);
    }

    @Test
    void whatAnotherNodeHasWrittenWhileItWasExpiredIsExpiredIfItIsTheSame() throws Exception {
        vault.put("acme", "github", secret("one"));
        vault.put("acme", "jira", secret("two"));
        // Between the look and the mark, somebody seals one anew and puts the other in anew.
        VaultStore racing = new ForwardingVaultStore(store) {
            private boolean isFirst = true;

            @Override
            public OptionalLong reseal(String tenant, long keyId, List<VaultStore.Resealed> rows) {
                if (isFirst) {
                    isFirst = false;
                    meddle(store);
                }
                return super.reseal(tenant, keyId, rows);
            }
        };
        try (Vault expiring = Vault.builder(racing, kek).build()) {
            assertThat(expiring.expireAll("a key was found in a log")).isEqualTo(1);
        }

        assertThatThrownBy(() -> vault.get("acme", "github")).isInstanceOf(SecretUnreadableException.class);
        assertThat(vault.get("acme", "jira")).contains(secret("new"));
    }

    private void meddle(VaultStore target) {
        try {
            Row row = target.read(new RowId("acme", "secrets", "github")).orElseThrow();
            VaultStore.Resealed anew = vault.rows()
                    .resealed(vault.keys().lookUp("acme").orElseThrow(), row)
                    .orElseThrow();
            target.reseal("acme", row.keyId(), List.of(anew));
            vault.put("acme", "jira", secret("new"));
        } catch (KekUnavailableException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void aShreddedTenantHasNothingLeftOnAnyNode() throws Exception {
        Vault other = vault();
        vault.put("acme", "github", secret("one"));
        assertThat(other.get("acme", "github")).isPresent();
        Row copy = store.read(new RowId("acme", "secrets", "github")).orElseThrow();

        vault.shred("acme");

        assertThat(store.list("acme", Optional.empty(), 10)).isEmpty();
        assertThat(store.ring("acme").keys()).allSatisfy(key -> {
            assertThat(key.state()).isEqualTo(KeyState.DESTROYED);
            assertThat(key.wrapped()).isEmpty();
        });
        other.keys().refresh();
        store.write(copy.id(), 0, copy.keyId(), copy.sealed());
        assertThat(other.get("acme", "github")).isEmpty();
    }

    @Test
    void aShreddedTenantMayHaveSecretsAgain() throws Exception {
        Vault other = vault();
        vault.put("acme", "github", secret("one"));
        assertThat(other.get("acme", "github")).isPresent();
        vault.shred("acme");

        other.put("acme", "github", secret("two"));

        assertThat(vault.get("acme", "github")).contains(secret("two"));
    }

    @Test
    void namesAndTimesAreListedInOrderAndPageByPage() throws Exception {
        for (String name : List.of("c", "a", "b")) {
            vault.put("acme", name, secret("hunter2"));
        }

        assertThat(vault.list("acme", Optional.empty(), 2))
                .extracting(Vault.SecretInfo::name)
                .containsExactly("a", "b");
        assertThat(vault.list("acme", Optional.of("b"), 2))
                .extracting(Vault.SecretInfo::name)
                .containsExactly("c");
        assertThat(vault.tenants()).containsExactly("acme");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a/b", "~sealer", "a#b", "-a", "a b", "ä"})
    void aNameThatWouldMeanSomethingElsewhereIsRefused(String name) {
        assertThatThrownBy(() -> vault.put("acme", name, secret("one")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"" + name + "\"");
        assertThatThrownBy(() -> vault.put(name, "github", secret("one"))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aSecretThatIsTooLargeIsRefusedAndTheOneBeforeIsKept() throws Exception {
        vault.put("acme", "github", secret("one"));

        assertThatThrownBy(() -> vault.put("acme", "github", SecretValue.of(new byte[Vault.MOST_SECRET_BYTES + 1])))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("at most " + Vault.MOST_SECRET_BYTES);
        assertThat(vault.get("acme", "github")).contains(secret("one"));
    }

    @Test
    @Incident("S52")
    void whatIsShreddedIsOneTenantsAlone() throws Exception {
        vault.put("acme", "github", secret("one"));
        vault.put("acme2", "github", secret("two"));

        vault.shred("acme");

        assertThat(vault.get("acme2", "github")).contains(secret("two"));
    }

    @Test
    void tellsOfASecretWithoutItsValue() throws Exception {
        SecretPolicy policy = SecretPolicy.builder().upstreams("github").build();
        vault.put("acme", "github", secret("one"), policy);
        assertThat(vault.state("acme", "github")).contains(new Vault.SecretState(policy, false));

        vault.expireAll("test");

        assertThat(vault.state("acme", "github")).contains(new Vault.SecretState(policy, true));
        assertThat(vault.state("acme", "other")).isEmpty();
    }

    @Test
    void aCopyHasTheSameValueAndPolicyUnderAnotherKey() throws Exception {
        SecretPolicy policy = SecretPolicy.builder().upstreams("github").build();
        vault.put("acme", "github", secret("one"), policy);
        try (Vault other = Vault.builder(new InMemoryVaultStore(), kek()).build()) {
            assertThat(vault.copy("acme", "github", other, false)).isTrue();
            assertThat(vault.copy("acme", "gitlab", other, false)).isFalse();

            assertThat(other.get("acme", "github")).contains(secret("one"));
            assertThat(other.state("acme", "github")).contains(new Vault.SecretState(policy, false));
        }
    }

    @Test
    void aCopyTakesTheOthersPlaceOnlyIfThatIsWanted() throws Exception {
        vault.put("acme", "github", secret("one"));
        try (Vault other = Vault.builder(new InMemoryVaultStore(), kek()).build()) {
            other.put("acme", "github", secret("two"));

            assertThat(vault.copy("acme", "github", other, false)).isFalse();
            assertThat(other.get("acme", "github")).contains(secret("two"));
            assertThat(vault.copy("acme", "github", other, true)).isTrue();
            assertThat(other.get("acme", "github")).contains(secret("one"));
        }
    }

    @Test
    void whatWasExpiredIsNotCopied() throws Exception {
        vault.put("acme", "github", secret("one"));
        vault.expireAll("test");
        try (Vault other = Vault.builder(new InMemoryVaultStore(), kek()).build()) {
            assertThatThrownBy(() -> vault.copy("acme", "github", other, false))
                    .isInstanceOf(SecretUnreadableException.class);
            assertThat(other.tenants()).isEmpty();
        }
    }
}
