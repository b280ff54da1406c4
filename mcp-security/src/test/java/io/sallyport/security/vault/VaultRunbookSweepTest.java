package io.sallyport.security.vault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.security.vault.SecretPolicy.Position;
import io.sallyport.security.vault.VaultRunbook.Code;
import io.sallyport.security.vault.VaultRunbook.Step;
import io.sallyport.security.vault.VaultStore.Row;
import io.sallyport.security.vault.VaultStore.RowId;
import io.sallyport.security.vault.VaultStore.WrappedKey;
import io.sallyport.spi.AuditEvent;
import io.sallyport.spi.AuditSink;
import io.sallyport.spi.SecretResolver.Use;
import io.sallyport.testing.Incident;
import io.sallyport.testing.Waiting;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Does what docs/vault.md says is to be done when a key is compromised: runs the code of each step as it stands on the page, while
 * a node reads, and looks whether it has done what the step promises.
 */
@Incident("S122")
class VaultRunbookSweepTest {

    private static final byte[] CONTEXT = {1};
    private static final byte[] SESSION = "session".getBytes(StandardCharsets.UTF_8);
    private static final Use HEADER = new Use("github", Optional.of("api.example"), Use.HEADER);

    @TempDir
    Path folder;

    /** What is to be seen after a step, and what a person does in it. */
    private interface Deed {
        void see() throws Exception;
    }

    private final VaultRunbook page = new VaultRunbook();
    private final List<AuditEvent> audit = new CopyOnWriteArrayList<>();
    private final Map<String, Object> variables = new HashMap<>();
    private final Map<String, Deed> deeds = deeds();
    private Path keys;
    private VaultStore store;
    private ReadingNode node;
    private Row oldRow;
    private List<Long> oldKeys;
    private byte[] oldSession;
    private Path copyOfStore;

    @BeforeEach
    void begin() throws Exception {
        keys = Files.createDirectory(folder.resolve("keys"));
        KekProviders.createKeyFile(keys.resolve("2026"));
        store = FileVaultStore.open(folder.resolve("store"));
        node = new ReadingNode(() -> node("2026"));
        for (String tenant : ReadingNode.TENANTS) {
            node.vault().put(tenant, ReadingNode.NAME, SecretValue.of(ReadingNode.OLD.toCharArray()), policy());
        }
        oldSession = node.vault().sealer().seal("session", CONTEXT, SESSION);
        copyOfStore = copied();
        oldRow = store.read(new RowId("acme", "secrets", ReadingNode.NAME)).orElseThrow();
        oldKeys = store.ring("acme").keys().stream().map(WrappedKey::id).toList();
        variables.put("store", store);
        variables.put("sink", (AuditSink) audit::add);
        variables.put("token", SecretValue.of(ReadingNode.NEW.toCharArray()));
        variables.put("policy", policy());
        variables.put("vault", null);
        node.start();
        run(page.begin);
    }

    @AfterEach
    void end() {
        if (variables.get("vault") instanceof Vault open) {
            open.close();
        }
        node.close();
        store.close();
    }

    private Vault node(String key) throws KekUnavailableException {
        return Vault.builder(store, KekProviders.fromFolder(keys, key))
                .lease(Duration.ofSeconds(1))
                .build();
    }

    private Vault vault() {
        return (Vault) variables.get("vault");
    }

    private static SecretPolicy policy() {
        return SecretPolicy.builder()
                .upstreams("github")
                .hosts("api.example")
                .positions(Position.HEADER)
                .build();
    }

    /** Returns a folder with what the store is now. */
    private Path copied() throws Exception {
        Path copy = Files.createDirectory(
                folder.resolve("copy"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        try (var files = Files.newDirectoryStream(folder.resolve("store"), Files::isRegularFile)) {
            for (Path file : files) {
                Files.copy(file, copy.resolve(file.getFileName()), StandardCopyOption.COPY_ATTRIBUTES);
            }
        }
        return copy;
    }

    private void run(Code code) throws Exception {
        if (code.language().equals("sh")) {
            VaultRunbook.command(code.text(), keys);
        } else {
            Path out = Files.createTempDirectory(folder, "classes");
            VaultRunbook.java(code.text(), keys, out, variables);
        }
    }

    private void go(String way) throws Exception {
        for (Step step : page.ways.get(way)) {
            beforehand(step);
            if (step.code().isPresent()) {
                run(step.code().get());
            }
            if (step.goesOn().isPresent()) {
                go(step.goesOn().get());
            } else {
                assertThat(deeds).as("what the test does for \"" + way + "\"").containsKey(step.title());
                deeds.get(step.title()).see();
            }
            node.awaitMoreReads();
            assertThat(node.faults()).as("after \"" + step.title() + "\"").isEmpty();
        }
    }

    /** What a node reads changes at some moment of these steps, and of no others. */
    private void beforehand(Step step) {
        if (step.title().equals("Make all unusable")) {
            node.allow(ReadingNode.OLD, ReadingNode.REFUSED);
        } else if (step.title().equals("Put it in anew")) {
            node.allow(ReadingNode.REFUSED, ReadingNode.NEW);
        }
    }

    private Map<String, Deed> deeds() {
        Map<String, Deed> all = new LinkedHashMap<>();
        all.put("Stop the node", this::stopTheNode);
        all.put("Make another one", () -> assertThat(keys.resolve("2027")).exists());
        all.put("Start the nodes with it", () -> node.restart(() -> node("2027")));
        all.put("Wrap the data keys by it", this::allKeysAreWrappedByTheNewOne);
        all.put("Take the old one away", this::theCopyDoesNotOpen);
        all.put("Bring everything under new keys", this::everythingIsUnderNewKeys);
        all.put("Erase the old keys", this::whatWasCopiedOpensWithNothingThatIsLeft);
        all.put("Make all unusable", this::allNodesRefuse);
        all.put("Replace it where it comes from", () -> {});
        all.put("Put it in anew", this::nodesUseTheNewOne);
        return all;
    }

    private void stopTheNode() throws Exception {
        byte[] inMemory =
                node.vault().keys().known("acme").orElseThrow().primary().use(bytes -> bytes);

        node.restart(() -> node("2026"));

        assertThat(inMemory).containsOnly(0);
    }

    private List<String> all() {
        return List.of("acme", "globex", Vault.SEALER);
    }

    private void allKeysAreWrappedByTheNewOne() throws Exception {
        String current = KekProviders.fromFile(keys.resolve("2027")).current();
        for (String tenant : all()) {
            assertThat(store.ring(tenant).keys()).extracting(WrappedKey::kek).containsOnly(current);
            assertTold("key/rewrap", tenant, "kek", current);
        }
    }

    private void theCopyDoesNotOpen() throws Exception {
        try (VaultStore copy = FileVaultStore.open(copyOfStore);
                Vault thief = Vault.builder(copy, KekProviders.fromFolder(keys, "2027"))
                        .build()) {
            for (String tenant : ReadingNode.TENANTS) {
                assertThatThrownBy(() -> thief.get(tenant, ReadingNode.NAME))
                        .isInstanceOf(KekUnavailableException.class);
            }
        }
    }

    private void everythingIsUnderNewKeys() throws Exception {
        for (String tenant : all()) {
            assertTold("rotation/begin", tenant, "key", primaryOf(tenant));
            assertTold("rotation/end", tenant, "end", "done");
        }
        for (String tenant : ReadingNode.TENANTS) {
            KeyRotation.Check check = vault().rotation().build().verify(tenant);
            assertThat(check.unreadable()).isZero();
            assertThat(check.rowsByKey()).containsOnlyKeys(primaryOf(tenant));
        }
        assertThat(primaryOf("acme")).isNotEqualTo(DataKey.word(oldRow.keyId()));
    }

    private String primaryOf(String tenant) {
        return store.ring(tenant).keys().stream()
                .filter(key -> key.state() == KeyState.PRIMARY)
                .map(key -> DataKey.word(key.id()))
                .findFirst()
                .orElseThrow();
    }

    private void whatWasCopiedOpensWithNothingThatIsLeft() throws Exception {
        assertThat(store.ring("acme").keys())
                .filteredOn(key -> oldKeys.contains(key.id()))
                .allSatisfy(key -> assertThat(key.wrapped()).isEmpty());
        for (Vault one : List.of(vault(), node.vault())) {
            assertThat(one.rows().opens(one.keys().lookUp("acme"), oldRow)).isFalse();
            Waiting.until(
                    "what was sealed for clients is refused",
                    () -> one.sealer().open("session", CONTEXT, oldSession).isEmpty() ? true : null);
        }
        assertTold("key/destroy", "acme", "key", DataKey.word(oldRow.keyId()));
    }

    private void allNodesRefuse() {
        node.allow(ReadingNode.REFUSED);
        for (String tenant : ReadingNode.TENANTS) {
            for (Vault one : List.of(vault(), node.vault())) {
                assertThatThrownBy(() -> one.get(tenant, ReadingNode.NAME))
                        .isInstanceOf(SecretUnreadableException.class);
            }
            assertTold("secret/expire", tenant, "why", "a laptop was lost");
        }
    }

    private void nodesUseTheNewOne() {
        assertThat(node.vault()
                        .resolver(VaultRedactor.create())
                        .resolve("secret://acme/" + ReadingNode.NAME, HEADER)
                        .map(String::new))
                .contains(ReadingNode.NEW);
        assertThatThrownBy(() -> node.vault().get("globex", ReadingNode.NAME))
                .as("what was not put in anew")
                .isInstanceOf(SecretUnreadableException.class);
        assertThat(audit).anySatisfy(event -> {
            assertThat(event.action()).isEqualTo("secret/put");
            assertThat(event.target()).contains("acme/" + ReadingNode.NAME);
            assertThat(event.principal().subject()).isEqualTo("alice");
        });
    }

    private void assertTold(String action, String tenant, String detail, String value) {
        assertThat(audit).as(action + " of " + tenant).anySatisfy(event -> {
            assertThat(event.action()).isEqualTo(action);
            assertThat(event.principal().subject()).isEqualTo("alice");
            assertThat(event.principal().tenant()).isEqualTo(tenant);
            assertThat(event.outcome()).isEqualTo(AuditEvent.Outcome.ANSWERED);
            assertThat(event.details()).containsEntry(detail, value);
        });
    }

    @Test
    void theMemoryOfANodeWasRead() throws Exception {
        go("the-memory-of-a-node");
    }

    @Test
    void aKeyEncryptionKeyIsCompromised() throws Exception {
        go("a-key-encryption-key");
    }

    @Test
    void aDataKeyIsCompromised() throws Exception {
        go("a-data-key");
    }

    @Test
    void aSecretIsCompromised() throws Exception {
        go("a-secret");
    }

    @Test
    void thePageHasTheseWaysAndAllStepsThatThisTestKnows() {
        assertThat(page.ways)
                .containsOnlyKeys("the-memory-of-a-node", "a-key-encryption-key", "a-data-key", "a-secret");
        assertThat(page.ways.values().stream()
                        .flatMap(List::stream)
                        .filter(step -> step.goesOn().isEmpty()))
                .extracting(Step::title)
                .containsExactlyInAnyOrderElementsOf(deeds.keySet());
    }
}
