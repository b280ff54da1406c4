package io.sallyport.security.vault;

import static io.sallyport.security.vault.LocalKeks.nameOf;
import static io.sallyport.security.vault.LocalKeks.randomKey;
import static io.sallyport.security.vault.LocalKeks.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.testing.CapturedLog;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeyFileTest {

    private final byte[] key = randomKey();

    @TempDir
    private Path folder;

    private void isRefused(Path file, String... why) {
        assertThatThrownBy(() -> KekProviders.fromFile(file))
                .isInstanceOf(KekUnavailableException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContainingAll(why);
    }

    @Test
    void aFileHoldsAKey() throws Exception {
        Path file = write(folder.resolve("kek"), key);

        assertThat(KekProviders.fromFile(file).current()).isEqualTo(nameOf(key));
    }

    @ParameterizedTest
    @ValueSource(strings = {"rw-r-----", "rw--w----", "rw----r--", "rw-----w-", "r--r--r--", "rwxrwxrwx"})
    void aFileThatOthersCanReadOrWriteIsRefused(String permissions) throws Exception {
        Path file = write(folder.resolve("kek"), key);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));

        isRefused(file, permissions, "chmod 600");
    }

    @ParameterizedTest
    @ValueSource(strings = {"r--------", "rw-------", "rwx--x--x"})
    void aFileThatNobodyElseCanReadOrWriteIsNot(String permissions) throws Exception {
        Path file = write(folder.resolve("kek"), key);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));

        assertThat(KekProviders.fromFile(file).current()).isEqualTo(nameOf(key));
    }

    @Test
    void aLinkIsFollowed() throws Exception {
        Path file = write(folder.resolve("kek"), key);
        Path link = Files.createSymbolicLink(folder.resolve("link"), file);

        assertThat(KekProviders.fromFile(link).current()).isEqualTo(nameOf(key));
    }

    @Test
    void whatALinkLeadsToIsChecked() throws Exception {
        Path file = write(folder.resolve("kek"), key);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        Path link = Files.createSymbolicLink(folder.resolve("link"), file);

        isRefused(link, file.toRealPath().toString(), "rw-r--r--");
    }

    @Test
    void aFileThatIsNotThereIsSaidNotToBe() throws Exception {
        isRefused(folder.resolve("kek"), "there is no file");
        isRefused(Files.createSymbolicLink(folder.resolve("link"), folder.resolve("nowhere")), "there is no file");
    }

    @Test
    void aLinkToItselfIsNoFile() throws Exception {
        Path link = folder.resolve("link");
        Files.createSymbolicLink(link, link);

        isRefused(link, "cannot be read");
    }

    @Test
    void aFolderIsNoFile() {
        isRefused(folder, "no regular file");
    }

    @Test
    void aDeviceIsNoFile() {
        isRefused(Path.of("/dev/zero"), "no regular file");
    }

    @Test
    void aFileThatIsTooLongIsNotReadToItsEnd() throws Exception {
        isRefused(write(folder.resolve("kek"), new byte[129]), "more than 128 bytes");
    }

    @Test
    void anEmptyFileIsRefused() throws Exception {
        isRefused(write(folder.resolve("kek"), new byte[0]), "is empty");
    }

    @Test
    void aHalfWrittenFileIsRefused() throws Exception {
        isRefused(write(folder.resolve("kek"), Arrays.copyOf(key, 31)), "31 bytes, fewer than a key");
    }

    @Test
    void whereThereAreNoPermissionsAWarningSaysSo() throws Exception {
        try (FileSystem zip = FileSystems.newFileSystem(folder.resolve("zip"), Map.of("create", "true"));
                CapturedLog log = CapturedLog.of("io.sallyport.vault")) {
            Path file = zip.getPath("/kek");
            KekProviders.createKeyFile(file);
            assertThat(log.lines()).isEmpty();

            KekProviders.fromFile(file);

            assertThat(log.lines())
                    .singleElement()
                    .asString()
                    .contains("no permissions", "/kek")
                    .doesNotContain(Files.readString(file).trim());
        }
    }

    @Test
    void aNewFileHoldsAKeyAndIsItsOwnersAlone() throws Exception {
        Path file = folder.resolve("kek");

        KekProviders.createKeyFile(file);

        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        assertThat(Files.readString(file)).hasSize(45).endsWith("=\n");
        assertThat(KekProviders.fromFile(file).current()).startsWith("local-");
    }

    @Test
    void eachNewKeyIsAnother() throws Exception {
        KekProviders.createKeyFile(folder.resolve("one"));
        KekProviders.createKeyFile(folder.resolve("other"));

        assertThat(Files.readString(folder.resolve("one"))).isNotEqualTo(Files.readString(folder.resolve("other")));
    }

    @Test
    void theFolderOfANewKeyHasToBeThere() {
        assertThatThrownBy(
                        () -> KekProviders.createKeyFile(folder.resolve("none").resolve("kek")))
                .isInstanceOf(NoSuchFileException.class)
                .hasMessageContaining("make that");
    }

    @Test
    void noKeyIsOverwritten() throws Exception {
        Path file = write(folder.resolve("kek"), key);

        assertThatThrownBy(() -> KekProviders.createKeyFile(file))
                .isInstanceOf(FileAlreadyExistsException.class)
                .hasMessageContaining("never overwritten");
        assertThat(file).hasBinaryContent(key);
    }

    @Test
    void noKeyIsWrittenWhereALinkLeads() throws Exception {
        Path link = Files.createSymbolicLink(folder.resolve("link"), folder.resolve("elsewhere"));

        assertThatThrownBy(() -> KekProviders.createKeyFile(link)).isInstanceOf(FileAlreadyExistsException.class);
        assertThat(folder.resolve("elsewhere")).doesNotExist();
    }
}
