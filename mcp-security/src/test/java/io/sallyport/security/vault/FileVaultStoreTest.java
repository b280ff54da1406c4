package io.sallyport.security.vault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.security.vault.VaultStore.Resealed;
import io.sallyport.security.vault.VaultStore.Row;
import io.sallyport.security.vault.VaultStore.RowId;
import io.sallyport.security.vault.VaultStore.WrappedKey;
import io.sallyport.spi.StoreUnavailableException;
import io.sallyport.testing.CapturedLog;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FileVaultStoreTest extends VaultStoreContract {

    private static final RowId ROW = FileVaultProgram.ROW;

    @TempDir
    Path temporary;

    private Path folder() {
        return temporary.resolve("vault");
    }

    @Override
    protected VaultStore open() {
        return FileVaultStore.open(folder());
    }

    private VaultStore impatient() {
        return FileVaultStore.open(folder(), step -> {}, Duration.ofMillis(50), InstantSource.system());
    }

    private static String permissions(Path file) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
    }

    @Test
    void whatWasWrittenIsThereForWhoeverOpensItNext() {
        try (VaultStore store = open()) {
            FileVaultProgram.count(store, 2);
        }

        try (VaultStore store = open()) {
            assertThat(FileVaultProgram.counted(store)).isEqualTo(2);
            assertThat(store.ring("acme").version()).isEqualTo(1);
            assertThat(store.newestRing()).isEqualTo(1);
        }
    }

    @Test
    void aVersionIsNotGivenTwiceThoughItsRowWasDeletedAndTheProcessEnded() {
        long before;
        try (VaultStore store = open()) {
            FileVaultProgram.count(store, 2);
            before = store.read(ROW).map(Row::version).orElseThrow();
            store.delete(ROW);
        }

        try (VaultStore store = open()) {
            FileVaultProgram.count(store, 1);
            assertThat(store.read(ROW).map(Row::version).orElseThrow()).isGreaterThan(before);
        }
    }

    @Test
    void eachStoreOfAFolderSeesWhatTheOtherHasWritten() {
        try (VaultStore one = open();
                VaultStore two = open()) {
            FileVaultProgram.count(one, 1);
            assertThat(FileVaultProgram.counted(two)).isEqualTo(1);

            two.delete(ROW);
            assertThat(one.read(ROW)).isEmpty();
        }
    }

    @Test
    void twoStoresOfAFolderInOneProcessCountTogether() throws Exception {
        try (VaultStore one = open();
                VaultStore two = open()) {
            CompletableFuture<Void> other = CompletableFuture.runAsync(() -> FileVaultProgram.count(two, 50));
            FileVaultProgram.count(one, 50);
            other.get(30, TimeUnit.SECONDS);

            assertThat(FileVaultProgram.counted(one)).isEqualTo(100);
        }
    }

    @Test
    void aStoreThatIsClosedTakesTheLockFromNobody() throws Exception {
        CompletableFuture<Void> holds = new CompletableFuture<>();
        CompletableFuture<Void> release = new CompletableFuture<>();
        FileVaultStore closing = FileVaultStore.open(folder());
        VaultStore writing = FileVaultStore.open(
                folder(),
                step -> {
                    holds.complete(null);
                    release.join();
                },
                Duration.ofSeconds(30),
                InstantSource.system());
        CompletableFuture<Void> writer = CompletableFuture.runAsync(() -> FileVaultProgram.beginWithOneKey(writing));
        holds.get(10, TimeUnit.SECONDS);

        CompletableFuture<Void> closed = CompletableFuture.runAsync(closing::close);
        try (ChildJvm other =
                ChildJvm.start(temporary.resolve("log"), FileVaultProgram.class, folder().toString(), "tryOnce")) {
            assertThat(other.rest())
                    .singleElement()
                    .asString()
                    .startsWith("REFUSED")
                    .contains("lsof");
            assertThat(closed).isNotDone();
        } finally {
            release.complete(null);
            closed.get(10, TimeUnit.SECONDS);
            writer.get(10, TimeUnit.SECONDS);
            writing.close();
        }
    }

    @Test
    void aBatchOfRowsIsOneFile() throws Exception {
        try (VaultStore store = open()) {
            FileVaultProgram.beginWithOneKey(store);
            List<RowId> ids = IntStream.range(0, 200)
                    .mapToObj(i -> new RowId("acme", "secrets", "row-" + i))
                    .toList();
            ids.forEach(id -> store.write(id, 0, 1, new byte[100]));
            byte generation = Files.readAllBytes(folder().resolve("vault"))[16];

            store.reseal(
                    "acme",
                    1,
                    store.list("acme", Optional.empty(), 200).stream()
                            .map(row -> new Resealed(row.id(), row.version(), new byte[99]))
                            .toList());

            assertThat(Files.readAllBytes(folder().resolve("vault"))[16]).isEqualTo((byte) (generation + 1));
        }
    }

    @Test
    void whatChangesNothingWritesNothing() throws Exception {
        try (VaultStore store = open()) {
            FileVaultProgram.count(store, 1);
            byte[] before = Files.readAllBytes(folder().resolve("vault"));

            store.write(ROW, 77, 1, new byte[1]);
            store.write(ROW, 0, 99, new byte[1]);
            store.reseal("acme", 1, List.of());
            store.delete(new RowId("acme", "secrets", "none"));
            store.beat("node", 1, Duration.ofMinutes(1));

            assertThat(Files.readAllBytes(folder().resolve("vault"))).isEqualTo(before);
        }
    }

    @Test
    void aKeyThatWasErasedIsNotInTheFileBeforeEither() throws Exception {
        WrappedKey disabled = new WrappedKey(
                7, KeyState.DISABLED, "a wrapped key".getBytes(StandardCharsets.US_ASCII), "kek", Instant.EPOCH);
        WrappedKey destroyed = new WrappedKey(7, KeyState.DESTROYED, new byte[0], "kek", Instant.EPOCH);
        try (VaultStore store = open()) {
            store.replaceRing("acme", 0, List.of(disabled), OptionalLong.empty());

            store.replaceRing("acme", store.ring("acme").version(), List.of(destroyed), OptionalLong.of(7));

            assertThat(Files.readString(folder().resolve("vault.previous"), StandardCharsets.ISO_8859_1))
                    .contains("acme")
                    .doesNotContain("a wrapped key");
        }
    }

    @Test
    void aVaultThatIsALinkIsRefused() throws Exception {
        open().close();
        Path elsewhere = temporary.resolve("elsewhere");
        Files.move(folder().resolve("vault"), elsewhere);
        Files.createSymbolicLink(folder().resolve("vault"), elsewhere);

        assertThatThrownBy(this::open)
                .isInstanceOf(StoreUnavailableException.class)
                .hasMessageContaining("link the folder");
    }

    @Test
    void whoeverIsInterruptedWritesAllTheSame() {
        try (VaultStore store = open()) {
            FileVaultProgram.beginWithOneKey(store);
            Thread.currentThread().interrupt();

            FileVaultProgram.count(store, 1);

            assertThat(Thread.interrupted()).isTrue();
            assertThat(FileVaultProgram.counted(store)).isEqualTo(1);
        }
    }

    @Test
    void whoeverWaitsInVainIsToldWhatFor() throws Exception {
        CompletableFuture<Void> holds = new CompletableFuture<>();
        CompletableFuture<Void> release = new CompletableFuture<>();
        try (VaultStore waiting = impatient();
                VaultStore writing = FileVaultStore.open(
                        folder(),
                        step -> {
                            holds.complete(null);
                            release.join();
                        },
                        Duration.ofSeconds(30),
                        InstantSource.system())) {
            CompletableFuture<Void> writer =
                    CompletableFuture.runAsync(() -> FileVaultProgram.beginWithOneKey(writing));
            holds.get(10, TimeUnit.SECONDS);

            try {
                assertThatThrownBy(() -> waiting.delete(ROW))
                        .isInstanceOf(StoreUnavailableException.class)
                        .hasMessageContaining(folder().resolve("lock").toString())
                        .hasMessageContaining("lsof");
                assertThat(waiting.read(ROW)).as("readers do not wait").isEmpty();
            } finally {
                release.complete(null);
                writer.get(10, TimeUnit.SECONDS);
            }
        }
    }

    @Test
    void aLockThatWasTakenAwayIsNotedBeforeTwoWriteAtOnce() throws Exception {
        try (VaultStore other = open()) {
            VaultStore store = open();
            Files.delete(folder().resolve("lock"));

            assertThatThrownBy(() -> FileVaultProgram.beginWithOneKey(store))
                    .isInstanceOf(StoreUnavailableException.class)
                    .hasMessageContaining("taken away or replaced");
            Files.createFile(folder().resolve("lock"));
            assertThatThrownBy(() -> FileVaultProgram.beginWithOneKey(other))
                    .isInstanceOf(StoreUnavailableException.class)
                    .hasMessageContaining("taken away or replaced");
        }
    }

    @Test
    void whatCannotBeReadAgainIsNotWritten() throws Exception {
        try (VaultStore store = open()) {
            FileVaultProgram.beginWithOneKey(store);
            byte[] before = Files.readAllBytes(folder().resolve("vault"));

            assertThatThrownBy(() -> store.write(new RowId("acme", "secrets", "\ud83d"), 0, 1, new byte[1]))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("half a surrogate pair");
            assertThatThrownBy(() -> store.write(new RowId("acme", "secrets", "a".repeat(70_000)), 0, 1, new byte[1]))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("at most 65536 bytes, but had 70000");
            assertThatThrownBy(() -> store.write(ROW, 0, 1, new byte[1_200_000]))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("at most 1114112 bytes, but had 1200000");

            assertThat(store.list("acme", Optional.empty(), 1)).isEmpty();
            assertThat(Files.readAllBytes(folder().resolve("vault"))).isEqualTo(before);
        }
    }

    @Test
    void aVaultThatIsFullSaysSoAndStaysAsItIs() {
        VaultContents contents = new VaultContents(1, 1);
        for (int i = 0; i < 64; i++) {
            RowId id = new RowId("acme", "secrets", "row-" + i);
            contents.restore(new Row(id, 1, 1, new byte[1024 * 1024], Instant.EPOCH));
        }

        assertThatThrownBy(() -> VaultFileFormat.encode(new VaultFileFormat.Identity(1, 1), contents))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("the vault is full")
                .hasMessageContaining("database");
    }

    @Test
    void nobodyElseIsLetIn() throws Exception {
        try (VaultStore store = open()) {
            FileVaultProgram.count(store, 1);
            store.beat("node", 1, Duration.ofMinutes(1));
        }

        assertThat(permissions(folder())).isEqualTo("rwx------");
        assertThat(permissions(folder().resolve("nodes"))).isEqualTo("rwx------");
        try (Stream<Path> files = Files.walk(folder())) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                assertThat(permissions(file)).as(file.toString()).isEqualTo("rw-------");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"rwxr-----", "rwx-w----", "rwx--x---", "rwx---r--", "rwx----w-", "rwx-----x"})
    void aFolderThatOthersHaveRightsToIsRefused(String permissions) throws Exception {
        open().close();
        Files.setPosixFilePermissions(folder(), PosixFilePermissions.fromString(permissions));

        assertThatThrownBy(this::open)
                .isInstanceOf(StoreUnavailableException.class)
                .hasMessageContaining(folder().toString())
                .hasMessageContaining(permissions)
                .hasMessageContaining("chmod 700");
    }

    @ParameterizedTest
    @ValueSource(strings = {"vault", "lock"})
    void aFileThatOthersHaveRightsToIsRefused(String name) throws Exception {
        open().close();
        Files.setPosixFilePermissions(folder().resolve(name), PosixFilePermissions.fromString("rw-r-----"));

        assertThatThrownBy(this::open)
                .isInstanceOf(StoreUnavailableException.class)
                .hasMessageContaining(folder().resolve(name).toString())
                .hasMessageContaining("chmod 600");
    }

    @Test
    void aFolderThatCannotBeMadeIsSaidToBeOne() throws Exception {
        Path file = Files.createFile(temporary.resolve("file"));

        assertThatThrownBy(() -> FileVaultStore.open(temporary.resolve("none/vault")))
                .isInstanceOf(StoreUnavailableException.class)
                .hasMessageContaining("the one above it is not there");
        assertThatThrownBy(() -> FileVaultStore.open(file))
                .isInstanceOf(StoreUnavailableException.class)
                .hasMessageContaining("is a file");
    }

    @Test
    void nodesThatWereSilentForLongAreForgotten() throws Exception {
        try (VaultStore store = open()) {
            store.beat("dead", 1, Duration.ofHours(-2));
            store.beat("silent", 1, Duration.ofMinutes(-1));
            store.beat("alive", 2, Duration.ofMinutes(1));

            assertThat(store.oldestKnown()).hasValue(2);
            try (Stream<Path> files = Files.list(folder().resolve("nodes"))) {
                assertThat(files).hasSize(2);
            }
        }
    }

    @Test
    void aSignOfLifeThatCannotBeReadHoldsUpNobody() throws Exception {
        try (VaultStore store = open();
                CapturedLog log = CapturedLog.of("io.sallyport.vault")) {
            store.beat("dead", 1, Duration.ofMinutes(1));
            try (Stream<Path> files = Files.list(folder().resolve("nodes"))) {
                Files.write(files.findFirst().orElseThrow(), new byte[40]);
            }
            store.beat("alive", 2, Duration.ofMinutes(1));

            assertThat(store.oldestKnown()).hasValue(2);
            assertThat(log.lines()).singleElement().asString().contains("sign of life", "checksum");
        }
    }
}
