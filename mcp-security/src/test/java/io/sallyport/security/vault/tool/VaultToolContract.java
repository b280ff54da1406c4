package io.sallyport.security.vault.tool;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.security.vault.KekProviders;
import io.sallyport.security.vault.KeyState;
import io.sallyport.security.vault.Vault;
import io.sallyport.security.vault.VaultRedactor;
import io.sallyport.security.vault.VaultStore;
import io.sallyport.security.vault.VaultStore.Row;
import io.sallyport.security.vault.VaultStore.RowId;
import io.sallyport.security.vault.VaultStore.WrappedKey;
import io.sallyport.security.vault.tool.ToolRuns.Run;
import io.sallyport.spi.SecretResolver;
import io.sallyport.testing.Incident;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the program does with a vault, wherever that is. */
abstract class VaultToolContract {

    private static final String CANARY = "canary-7f3a91";
    private static final String OTHER = "canary-b80c44";

    private final ToolRuns tool = new ToolRuns();

    @TempDir
    Path folder;

    private Path key;

    /** Returns what names a place without a vault. */
    abstract List<String> place() throws Exception;

    /** Opens the store there. */
    abstract VaultStore open();

    @BeforeEach
    void nameKey() {
        key = folder.resolve("kek");
    }

    @AfterEach
    void noSecretWasSaid() {
        assertThat(tool.said()).doesNotContain("canary");
    }

    private Run run(String... words) throws Exception {
        return withKey(key, words);
    }

    private Run withKey(Path file, String... words) throws Exception {
        return tool.run("", with(file), words);
    }

    private List<String> with(Path file) throws Exception {
        List<String> all = new ArrayList<>(place());
        all.addAll(List.of("--kek", file.toString()));
        return all;
    }

    private Run put(String input, String name, String... options) throws Exception {
        return tool.run(input, with(key), ToolRuns.with(new String[] {"put", name}, options));
    }

    private void initialize() throws Exception {
        run("init").endsWith(ExitCode.DONE);
    }

    /** Returns a value that is there, which may be said from now on. */
    private String revealed(String name) throws Exception {
        assertThat(tool.said()).doesNotContain("canary");
        String value = run("get", name, "--reveal").endsWith(ExitCode.DONE).out();
        tool.said();
        return value;
    }

    private Vault vault(VaultStore store) throws Exception {
        return Vault.builder(store, KekProviders.fromFile(key)).build();
    }

    @Test
    void initMakesAVaultAndAKeyForItsOwnerAlone() throws Exception {
        Run run = run("init");

        run.endsWith(ExitCode.DONE);
        assertThat(run.out()).contains("made a key-encryption key in " + key, "made a vault in");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(key)))
                .isEqualTo("rw-------");
    }

    @Test
    void initTakesAKeyThatIsThere() throws Exception {
        KekProviders.createKeyFile(key);
        byte[] before = Files.readAllBytes(key);

        Run run = run("init");

        run.endsWith(ExitCode.DONE);
        assertThat(run.out()).doesNotContain("key");
        assertThat(Files.readAllBytes(key)).isEqualTo(before);
    }

    @Test
    void initLeavesAVaultThatIsThere() throws Exception {
        initialize();
        put(CANARY, "acme/github");

        withKey(folder.resolve("another"), "init").failsWith(ExitCode.FOUND, "there is a vault", "nothing was changed");

        assertThat(folder.resolve("another")).doesNotExist();
        assertThat(revealed("acme/github")).isEqualTo(CANARY);
    }

    @Test
    void whereThereIsNoVaultNoneIsMade() throws Exception {
        KekProviders.createKeyFile(key);

        for (String command : List.of("list", "verify", "rotate", "rewrap", "destroy", "inventory")) {
            run(command).failsWith(ExitCode.STORE, "there is no vault in", "init");
        }
        put(CANARY, "acme/github").failsWith(ExitCode.STORE, "there is no vault in");

        run("init").endsWith(ExitCode.DONE);
    }

    @ParameterizedTest
    @CsvSource({"'',''", "'\\n',''", "'\\r\\n',''", "'\\n\\n','\\n'", "'\\r','\\r'", "' ',' '"})
    void oneLineBreakIsCutFromTheEndOfAValue(String end, String kept) throws Exception {
        initialize();
        put(CANARY + unescaped(end), "acme/github").endsWith(ExitCode.DONE);

        assertThat(revealed("acme/github")).isEqualTo(CANARY + unescaped(kept));
    }

    private static String unescaped(String text) {
        return text.replace("\\n", "\n").replace("\\r", "\r");
    }

    @Test
    void aNameWithoutATenantIsThatOfTheDefaultOne() throws Exception {
        initialize();
        put(CANARY, "github").endsWith(ExitCode.DONE);

        assertThat(revealed("default/github")).isEqualTo(CANARY);
    }

    @Test
    void theLargestSecretIsPutInAndALargerOneIsNot() throws Exception {
        initialize();
        put("x".repeat(Vault.MOST_SECRET_BYTES) + "\n", "acme/large").endsWith(ExitCode.DONE);

        put("x".repeat(Vault.MOST_SECRET_BYTES + 1), "acme/larger")
                .failsWith(ExitCode.USAGE, "more than " + Vault.MOST_SECRET_BYTES);
        put("x".repeat(Vault.MOST_SECRET_BYTES + 100), "acme/larger").failsWith(ExitCode.USAGE, "more than");
        run("get", "acme/larger", "--reveal").failsWith(ExitCode.FOUND, "there is no secret acme/larger");
        assertThat(revealed("acme/large")).hasSize(Vault.MOST_SECRET_BYTES);
    }

    @Test
    void anEmptyValueIsNotPutIn() throws Exception {
        initialize();
        put(CANARY, "acme/github");

        put("", "acme/github").failsWith(ExitCode.USAGE, "no value");
        put("\n", "acme/github").failsWith(ExitCode.USAGE, "no value");

        assertThat(revealed("acme/github")).isEqualTo(CANARY);
    }

    @Test
    void aValueIsShownOnlyToWhoSaysReveal() throws Exception {
        initialize();
        put(CANARY, "acme/github");

        Run run = run("get", "acme/github");

        run.failsWith(ExitCode.USAGE, "--reveal");
        assertThat(run.out()).isEmpty();
    }

    @Test
    void aSecretThatIsNotThereIsNotGotOrDeleted() throws Exception {
        initialize();

        run("get", "acme/github", "--reveal").failsWith(ExitCode.FOUND, "there is no secret acme/github", "list");
        run("delete", "acme/github").failsWith(ExitCode.FOUND, "there is no secret acme/github", "list");
    }

    @Test
    void aDeletedSecretIsGone() throws Exception {
        initialize();
        put(CANARY, "acme/github");

        run("delete", "acme/github").endsWith(ExitCode.DONE);

        assertThat(run("list").out()).doesNotContain("acme/github");
    }

    @Test
    void listTellsNamesTimesAndKeys() throws Exception {
        initialize();
        put(CANARY, "acme/github");
        put(OTHER, "beta/jira");

        List<String> lines = run("list").endsWith(ExitCode.DONE).lines();

        assertThat(lines).hasSize(3);
        assertThat(lines.get(0)).isEqualTo("SECRET\tWRITTEN\tKEY");
        assertThat(lines.get(1)).matches("acme/github\t\\S+Z\t[0-9a-f]{16}");
        assertThat(lines.get(2)).startsWith("beta/jira\t");
    }

    @Test
    void aNewValueKeepsThePolicyOfTheOneBefore() throws Exception {
        initialize();
        put(CANARY, "acme/github", "--upstream", "github", "--host", "api.example", "--position", "header");

        Run run = put(OTHER, "acme/github");

        run.endsWith(ExitCode.DONE);
        assertThat(run.out()).contains("in the place of the one before", "for github, in header, at api.example");
        assertThat(revealed("acme/github")).isEqualTo(OTHER);
    }

    @Test
    void aValueThatIsTooShortToBeUsedIsRefused() throws Exception {
        initialize();

        put("seven77", "acme/pin", "--upstream", "github", "--position", "environment")
                .failsWith(ExitCode.USAGE, "fewer than 8", "--not-redacted");
        put("seven77", "acme/pin", "--upstream", "github", "--position", "environment", "--not-redacted")
                .endsWith(ExitCode.DONE);
    }

    @Test
    void aPolicyThatIsNoneIsRefused() throws Exception {
        initialize();

        put(CANARY, "acme/github", "--position", "body").failsWith(ExitCode.USAGE, "\"body\"", "header");
        put(CANARY, "acme/github", "--host", "https://x").failsWith(ExitCode.USAGE, "https://x", "api.example");
        put(CANARY, "acme/github", "--upstream", "a b").failsWith(ExitCode.USAGE, "\"a b\"");
        put(CANARY, "acme/git hub").failsWith(ExitCode.USAGE, "git hub");
    }

    private List<String> keys() throws Exception {
        return run("list").lines().stream()
                .skip(1)
                .map(line -> line.split("\t")[2])
                .distinct()
                .toList();
    }

    @Test
    void rotateBringsAllUnderNewKeys() throws Exception {
        initialize();
        put(CANARY, "acme/github");
        put(OTHER, "beta/jira");
        List<String> before = keys();

        Run run = run("rotate");

        run.endsWith(ExitCode.DONE);
        assertThat(run.out()).contains("acme: 1 of 1", "acme: 1 row sealed anew; no older key opens anything");
        assertThat(keys()).hasSize(2).doesNotContainAnyElementsOf(before);
        assertThat(revealed("acme/github")).isEqualTo(CANARY);
    }

    @Test
    void aDryRunSaysWhatWouldBeDoneAndDoesNothing() throws Exception {
        initialize();
        put(CANARY, "acme/github");
        List<String> before = keys();

        Run run = run("rotate", "--dry-run");

        run.endsWith(ExitCode.DONE);
        assertThat(run.out()).isEqualTo("acme: 1 row would be sealed anew, under a new key\n");
        assertThat(keys()).isEqualTo(before);
    }

    /** Leaves a rotation of acme where its new key is primary and nothing is under it. */
    private void beginRotation() {
        try (VaultStore store = open();
                Vault vault = vault(store)) {
            vault.rotation().build().rotate("acme");
            List<WrappedKey> keys = store.ring("acme").keys();
            WrappedKey made = keys.get(1);
            // What a rotation has done with, it has only disabled: so it is turned to where it was in the midst of it.
            List<WrappedKey> midst =
                    List.of(changed(keys.get(0), KeyState.PRIMARY), changed(made, KeyState.DECRYPT_ONLY));
            assertThat(store.replaceRing("acme", store.ring("acme").version(), midst, OptionalLong.empty()))
                    .isTrue();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static WrappedKey changed(WrappedKey key, KeyState state) {
        return new WrappedKey(key.id(), state, key.wrapped(), key.kek(), key.created());
    }

    @Test
    void rotateGoesOnWithWhatWasBegun() throws Exception {
        initialize();
        put(CANARY, "acme/github");
        List<String> before = keys();
        beginRotation();

        assertThat(run("rotate", "--dry-run").endsWith(ExitCode.DONE).out())
                .isEqualTo(
                        "acme: a rotation is under way; 1 of 1 row would be sealed anew, under the key that it has made\n");
        Run run = run("rotate");

        run.endsWith(ExitCode.DONE);
        assertThat(run.out()).contains("goes on with the rotation that was begun");
        assertThat(keys()).isEqualTo(before);
    }

    @Test
    void abortTurnsBackToTheKeyFromBefore() throws Exception {
        initialize();
        put(CANARY, "acme/github");
        beginRotation();
        List<String> before = keys();

        Run run = run("rotate", "--abort");

        run.endsWith(ExitCode.DONE);
        assertThat(run.out()).contains("all is under the key from before");
        assertThat(keys()).isEqualTo(before);
        assertThat(run("rotate", "--abort").endsWith(ExitCode.DONE).out())
                .isEqualTo("acme: no rotation is under way\n");
    }

    @Test
    void theKeysOfSessionIdsWaitUntilNobodyNeedsTheOldOnes() throws Exception {
        initialize();
        try (VaultStore store = open();
                Vault vault = vault(store)) {
            assertThat(vault.sealer()).isNotNull();
        }

        Run run = run("rotate", "--sealer", "24");

        run.endsWith(ExitCode.WAITS);
        assertThat(run.out()).contains("session ids", "run this again");
    }

    private void damage(String name) {
        try (VaultStore store = open()) {
            RowId id = new RowId("acme", "secrets", name);
            Row row = store.read(id).orElseThrow();
            byte[] sealed = row.sealed().clone();
            sealed[sealed.length - 1] ^= 1;
            store.write(id, row.version(), row.keyId(), sealed);
        }
    }

    @Test
    void verifyOpensEverything() throws Exception {
        initialize();
        put(CANARY, "acme/github");
        put(OTHER, "acme/jira");

        assertThat(run("verify").endsWith(ExitCode.DONE).out()).isEqualTo("acme: 2 of 2 rows open\n");
    }

    @Test
    void whatDoesNotOpenIsNamed() throws Exception {
        initialize();
        put(CANARY, "acme/github");
        put(OTHER, "acme/jira");
        damage("jira");

        Run verify = run("verify").endsWith(ExitCode.FOUND);
        assertThat(verify.out())
                .contains("1 of 2 rows open", "acme/jira does not open")
                .doesNotContain("acme/github");
        run("get", "acme/jira", "--reveal").failsWith(ExitCode.FOUND, "acme/jira does not open");
        assertThat(run("inventory").endsWith(ExitCode.FOUND).out()).contains("does not open");
        assertThat(run("rotate", "--dry-run").endsWith(ExitCode.FOUND).out()).contains("1 row of them cannot");
        assertThat(run("rotate").endsWith(ExitCode.FOUND).out()).contains("the key is kept");
        put(OTHER, "acme/jira").failsWith(ExitCode.FOUND, "acme/jira does not open", "--upstream");
        put(OTHER, "acme/jira", "--upstream", "jira").endsWith(ExitCode.DONE);
        run("verify").endsWith(ExitCode.DONE);
    }

    @Test
    void rewrapChangesTheKeyEncryptionKey() throws Exception {
        initialize();
        put(CANARY, "acme/github");
        Path old = key;
        key = folder.resolve("kek-2");
        KekProviders.createKeyFile(key);

        run("list").failsWith(ExitCode.KEY, key.toString(), "is wrapped by");
        Run run = run("rewrap", "--kek", old.toString());

        run.endsWith(ExitCode.DONE);
        assertThat(run.out()).startsWith("1 key wrapped anew");
        assertThat(revealed("acme/github")).isEqualTo(CANARY);
        withKey(old, "list").failsWith(ExitCode.KEY, old.toString());
    }

    @Test
    void destroyErasesWhatRotationsHaveDoneWith() throws Exception {
        initialize();
        put(CANARY, "acme/github");
        run("rotate");

        assertThat(run("destroy").endsWith(ExitCode.DONE).out())
                .startsWith("1 key erased")
                .contains("who has an older copy of the vault and the key-encryption key");

        assertThat(revealed("acme/github")).isEqualTo(CANARY);
    }

    @Test
    void aTenantThatWasShreddedGetsNoKeyFromARotation() throws Exception {
        initialize();
        put(CANARY, "acme/github");
        try (VaultStore store = open();
                Vault vault = vault(store)) {
            vault.shred("acme");
        }

        assertThat(run("rotate").endsWith(ExitCode.DONE).out()).contains("nothing is to be done");

        try (VaultStore store = open()) {
            assertThat(store.ring("acme").keys()).extracting(WrappedKey::state).containsOnly(KeyState.DESTROYED);
        }
    }

    @Test
    @Incident("S125")
    void inventoryTellsWhichUpstreamUsedASecretLast() throws Exception {
        initialize();
        put(CANARY, "acme/github", "--upstream", "github", "--upstream", "copilot", "--position", "environment");
        put(OTHER, "acme/jira");
        try (VaultStore store = open();
                Vault vault = vault(store)) {
            SecretResolver.Use use = new SecretResolver.Use("github", Optional.empty(), SecretResolver.Use.ENVIRONMENT);
            assertThat(vault.resolver(VaultRedactor.create()).resolve("secret://acme/github", use))
                    .isPresent();
        }

        List<String> lines = run("inventory").endsWith(ExitCode.DONE).lines();

        assertThat(lines).hasSize(4);
        assertThat(lines.get(1)).isEqualTo("acme/github\tcopilot\tnever\t0 d\t");
        assertThat(lines.get(2)).matches("acme/github\tgithub\t\\S+Z\t0 d\t");
        assertThat(lines.get(3)).isEqualTo("acme/jira\t-\tnever\t0 d\t");
    }

    private String[] copy(String command, String direction) {
        return new String[] {
            command,
            "--" + direction,
            folder.resolve("copy").toString(),
            "--" + direction + "-kek",
            folder.resolve("copy-kek").toString()
        };
    }

    @Test
    void anExportIsBroughtIntoAnotherVault() throws Exception {
        initialize();
        put(CANARY, "acme/github", "--upstream", "github", "--position", "environment");
        put(OTHER, "beta/jira");

        assertThat(run(copy("export", "to")).endsWith(ExitCode.DONE).out())
                .contains("made a key-encryption key", "made a vault", "exported 2 secrets of 2");
        run("delete", "acme/github");
        run("delete", "beta/jira");
        assertThat(run(copy("import", "from")).endsWith(ExitCode.DONE).out()).contains("imported 2 secrets of 2");

        assertThat(run("inventory").out()).contains("acme/github\tgithub\tnever");
        assertThat(revealed("acme/github")).isEqualTo(CANARY);
        assertThat(revealed("beta/jira")).isEqualTo(OTHER);
    }

    @Test
    void anImportTakesTheOthersPlaceOnlyIfThatIsWanted() throws Exception {
        initialize();
        put(CANARY, "acme/github");
        run(copy("export", "to")).endsWith(ExitCode.DONE);
        put(OTHER, "acme/github");

        run(copy("import", "from")).failsWith(ExitCode.FOUND, "1 of 1 secret", "acme/github", "--replace");
        assertThat(revealed("acme/github")).isEqualTo(OTHER);
        run(ToolRuns.with(copy("import", "from"), "--replace")).endsWith(ExitCode.DONE);
        assertThat(revealed("acme/github")).isEqualTo(CANARY);
    }

    @Test
    void anExportIsUnderAKeyOfItsOwn() throws Exception {
        initialize();
        put(CANARY, "acme/github");
        Files.copy(key, folder.resolve("copy-kek"), StandardCopyOption.COPY_ATTRIBUTES);

        run(copy("export", "to")).failsWith(ExitCode.USAGE, "the same key-encryption key");
    }

    @Test
    void whatWasExpiredIsSaidSoAndLeftOut() throws Exception {
        initialize();
        put(CANARY, "acme/github");
        try (VaultStore store = open();
                Vault vault = vault(store)) {
            vault.expireAll("test");
        }
        put(OTHER, "acme/jira");

        run("get", "acme/github", "--reveal").failsWith(ExitCode.FOUND, "acme/github was expired");
        assertThat(run("inventory").endsWith(ExitCode.DONE).out()).contains("acme/github\t-\tnever\t0 d\texpired");
        assertThat(run(copy("export", "to")).endsWith(ExitCode.FOUND).out())
                .contains("exported 1 secret of 2", "1 secret left out");
    }

    @Test
    void aKeyThatCannotBeHadIsSaidSo() throws Exception {
        initialize();
        withKey(folder.resolve("none"), "list").failsWith(ExitCode.KEY, "there is no file", "none");
        withKey(folder, "list").failsWith(ExitCode.USAGE, "is a folder", "name the file");
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-r-----"));

        run("list").failsWith(ExitCode.KEY, key.toString(), "chmod 600");
    }

    @Test
    void aTerminalIsAskedForTheValueAndHasABar() throws Exception {
        initialize();

        tool.onTerminal(CANARY, with(key), "put", "acme/github").endsWith(ExitCode.DONE);
        Run run = tool.onTerminal("", with(key), "rotate");

        assertThat(run.out()).contains("\racme [##############################] 1 of 1\n");
        assertThat(revealed("acme/github")).isEqualTo(CANARY);
    }
}
