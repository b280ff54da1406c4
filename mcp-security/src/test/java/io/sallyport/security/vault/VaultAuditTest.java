package io.sallyport.security.vault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.security.vault.FaultyKek.Fault;
import io.sallyport.security.vault.SecretPolicy.Position;
import io.sallyport.security.vault.VaultStore.Row;
import io.sallyport.security.vault.VaultStore.RowId;
import io.sallyport.spi.AuditEvent;
import io.sallyport.spi.SecretResolver.Use;
import io.sallyport.spi.StoreUnavailableException;
import io.sallyport.testing.CapturedLog;
import io.sallyport.testing.Incident;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a host's record hears of a vault. */
class VaultAuditTest {

    private static final String CANARY = "canary-5d20c7";
    private static final Use HEADER = new Use("github", Optional.of("api.example"), Use.HEADER);

    private final VaultStore store = new InMemoryVaultStore();
    private final FaultyKek kek = new FaultyKek();
    private final List<AuditEvent> events = new ArrayList<>();
    private final Vault vault = Vault.builder(store, new CheckedKek(kek, LocalKeks.SUN, Duration.ofMillis(10)))
            .audit("alice", events::add)
            .build();
    private final KeyRotation rotation = vault.rotation().build();

    @AfterEach
    void close() {
        vault.close();
    }

    private void put() throws Exception {
        try (SecretValue value = SecretValue.of(CANARY.toCharArray())) {
            vault.put("acme", "github", value);
        }
        events.clear();
    }

    /** Returns what an operator reads of each event. */
    private List<String> told() {
        return events.stream()
                .map(event -> event.principal().subject() + " "
                        + event.action()
                        + " " + event.principal().tenant()
                        + event.target().map(target -> " " + target).orElse("")
                        + " " + event.outcome()
                        + (event.reason().isEmpty() ? "" : " " + event.reason()))
                .toList();
    }

    private String key(int place) {
        return DataKey.word(store.ring("acme").keys().get(place).id());
    }

    @Test
    void hearsOfWhatIsPutInAndGivenOutAndTakenOut() throws Exception {
        vault.put("acme", "github", SecretValue.of(CANARY.toCharArray()));
        vault.get("acme", "github");
        vault.delete("acme", "github");

        assertThat(told())
                .containsExactly(
                        "alice secret/put acme acme/github ANSWERED",
                        "alice secret/reveal acme acme/github ANSWERED",
                        "alice secret/delete acme acme/github ANSWERED");
    }

    @Test
    void hearsOfWhatIsNotThere() throws Exception {
        vault.get("acme", "github");
        vault.delete("acme", "github");

        assertThat(told())
                .containsExactly(
                        "alice secret/reveal acme acme/github REFUSED no_such_secret",
                        "alice secret/delete acme acme/github REFUSED no_such_secret");
    }

    @Test
    void hearsOfWhatDoesNotOpen() throws Exception {
        put();
        Row row = store.read(new RowId("acme", "secrets", "github")).orElseThrow();
        store.write(row.id(), row.version(), row.keyId(), new byte[Envelope.OVERHEAD]);

        assertThatThrownBy(() -> vault.get("acme", "github")).isInstanceOf(SecretUnreadableException.class);

        assertThat(told()).containsExactly("alice secret/reveal acme acme/github FAILED secret_unreadable");
    }

    @Test
    void hearsOfWhatCannotBeDoneWithoutTheKeyEncryptionKey() throws Exception {
        kek.set(Fault.DOWN);

        assertThatThrownBy(() -> vault.put("acme", "github", SecretValue.of(CANARY.toCharArray())))
                .isInstanceOf(KekUnavailableException.class);
        assertThatThrownBy(() -> rotation.rotate("acme")).isInstanceOf(KekUnavailableException.class);

        assertThat(told())
                .containsExactly(
                        "alice secret/put acme acme/github FAILED kek_unavailable",
                        "alice rotation/begin acme FAILED kek_unavailable");
    }

    @Test
    void hearsOfWhatCannotBeDoneWithoutTheStore() {
        VaultStore down = new ForwardingVaultStore(store) {
            @Override
            public boolean delete(RowId id) {
                throw new StoreUnavailableException("down", new IllegalStateException());
            }
        };
        try (Vault with = Vault.builder(down, kek).audit("alice", events::add).build()) {
            assertThatThrownBy(() -> with.delete("acme", "github")).isInstanceOf(StoreUnavailableException.class);
        }

        assertThat(told()).containsExactly("alice secret/delete acme acme/github FAILED store_unavailable");
    }

    @Test
    void hearsOfARotationFromItsBeginToTheEndOfTheOldKey() throws Exception {
        put();

        rotation.rotate("acme");
        rotation.destroy("acme");

        assertThat(told())
                .containsExactly(
                        "alice rotation/begin acme ANSWERED",
                        "alice rotation/end acme ANSWERED",
                        "alice key/destroy acme ANSWERED");
        assertThat(events.get(0).details()).containsEntry("key", key(1));
        assertThat(events.get(1).details())
                .containsEntry("end", "done")
                .containsEntry("resealed", "1")
                .containsEntry("unreadable", "0");
        assertThat(events.get(2).details()).containsEntry("key", key(0));
    }

    @Test
    void hearsOfARotationThatIsGivenUp() throws Exception {
        put();
        store.beat("node", store.newestRing(), Duration.ofMinutes(1));
        KeyRotation impatient = vault.rotation().patience(Duration.ZERO).build();
        impatient.rotate("acme");
        events.clear();

        impatient.abort("acme");

        assertThat(told()).containsExactly("alice rotation/abort acme ANSWERED", "alice key/destroy acme ANSWERED");
        assertThat(events).allSatisfy(event -> assertThat(event.details()).containsEntry("key", key(1)));
    }

    @Test
    void hearsOfARotationThatIsTurnedBack() throws Exception {
        put();
        Row row = store.read(new RowId("acme", "secrets", "github")).orElseThrow();
        store.write(row.id(), row.version(), row.keyId(), new byte[Envelope.OVERHEAD]);
        rotation.rotate("acme");
        assertThat(events.get(1).details()).containsEntry("end", "unreadable_rows");
        events.clear();

        rotation.abort("acme");

        assertThat(told()).containsExactly("alice rotation/abort acme ANSWERED", "alice rotation/end acme ANSWERED");
        assertThat(events.get(0).details()).containsEntry("key", key(1));
    }

    @Test
    void hearsNothingWhereNothingIsLeftToDo() throws Exception {
        put();

        rotation.goOn("acme");
        rotation.abort("acme");
        rotation.destroy("acme");

        assertThat(events).isEmpty();
    }

    @Test
    void hearsOfKeysThatAreWrappedAnew() throws Exception {
        put();
        kek.changeKey();

        rotation.rewrap("acme");

        assertThat(told()).containsExactly("alice key/rewrap acme ANSWERED");
        assertThat(events.get(0).details()).containsEntry("keys", "1").containsEntry("kek", kek.current());
    }

    @Test
    void hearsOfWhatIsExpiredAndWhy() throws Exception {
        put();

        vault.expireAll("a laptop was lost");
        vault.expireAll("x".repeat(5000));

        assertThat(told()).containsExactly("alice secret/expire acme ANSWERED", "alice secret/expire acme ANSWERED");
        assertThat(events.get(0).details()).containsEntry("secrets", "1").containsEntry("why", "a laptop was lost");
        assertThat(events.get(1).details()).containsEntry("why", "x".repeat(4096));
    }

    @Test
    void hearsOfATenantThatIsShredded() throws Exception {
        put();

        vault.shred("acme");

        assertThat(told()).containsExactly("alice tenant/shred acme ANSWERED");
    }

    @Test
    void hearsOfUsesAndOfRefusedOnes() throws Exception {
        SecretPolicy policy = SecretPolicy.builder()
                .upstreams("github")
                .hosts("api.example")
                .positions(Position.HEADER)
                .build();
        vault.put("acme", "github", SecretValue.of(CANARY.toCharArray()), policy);
        events.clear();

        vault.resolver(VaultRedactor.create()).resolve("secret://acme/github", HEADER);
        vault.resolver(VaultRedactor.create())
                .resolve("secret://acme/github", new Use("evil", Optional.of("evil.example"), Use.HEADER));

        assertThat(told())
                .containsExactly(
                        "alice secret/use acme acme/github ANSWERED",
                        "alice secret/use acme acme/github REFUSED upstream_not_allowed");
    }

    @Test
    @Incident("S134")
    void hearsWhoHasWidenedWhatASecretMayBeUsedForWhichHoldsFromTheNextUseOn() throws Exception {
        put();
        var resolver = vault.resolver(VaultRedactor.create());
        assertThat(resolver.resolve("secret://acme/github", HEADER)).isEmpty();

        vault.put(
                "acme",
                "github",
                SecretValue.of(CANARY.toCharArray()),
                SecretPolicy.builder()
                        .upstreams("github")
                        .hosts("api.example")
                        .positions(Position.HEADER)
                        .build());

        assertThat(resolver.resolve("secret://acme/github", HEADER)).isPresent();
        assertThat(told()).contains("alice secret/put acme acme/github ANSWERED");
    }

    @Test
    void neverHearsAValue() throws Exception {
        put();
        vault.get("acme", "github");
        vault.resolver(VaultRedactor.create()).resolve("secret://acme/github", HEADER);
        rotation.rotate("acme");
        rotation.destroy("acme");
        vault.expireAll("a laptop was lost");
        vault.shred("acme");

        assertThat(events).hasSize(7).allSatisfy(event -> {
            assertThat(event.toString()).doesNotContain(CANARY);
            assertThat(event.details().toString()).doesNotContain(CANARY);
            assertThat(event.reason()).doesNotContain(CANARY);
            assertThat(event.target().toString()).doesNotContain(CANARY);
        });
    }

    @Test
    void whatItDoesNotTakeIsDoneAllTheSameAndTheLogSaysSo() throws Exception {
        try (Vault unrecorded = Vault.builder(store, kek)
                        .audit("alice", event -> {
                            throw new IllegalStateException("full");
                        })
                        .build();
                CapturedLog log = CapturedLog.of("io.sallyport.vault")) {
            unrecorded.put("acme", "github", SecretValue.of(CANARY.toCharArray()));

            assertThat(log.lines()).singleElement().asString().contains("an audit event was lost", "secret/put");
        }
        assertThat(vault.get("acme", "github")).isPresent();
    }
}
