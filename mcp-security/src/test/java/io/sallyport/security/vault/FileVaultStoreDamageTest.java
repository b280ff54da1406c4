package io.sallyport.security.vault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.sallyport.spi.StoreUnavailableException;
import io.sallyport.testing.CapturedLog;
import io.sallyport.testing.Incident;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A vault whose file is damaged serves nothing, and says what to do. */
class FileVaultStoreDamageTest {

    @TempDir
    Path temporary;

    private final CapturedLog log = CapturedLog.of("io.sallyport.vault");

    private Path folder;
    private Path vault;

    @BeforeEach
    void countToThree() {
        folder = temporary.resolve("vault");
        vault = folder.resolve("vault");
        try (VaultStore store = FileVaultStore.open(folder)) {
            FileVaultProgram.count(store, 3);
        }
    }

    @AfterEach
    void release() {
        log.close();
    }

    private void assertIsRefused(String reason, String remedy) {
        assertThatThrownBy(() -> FileVaultStore.open(folder))
                .isInstanceOf(StoreUnavailableException.class)
                .hasMessageContaining(vault.toString())
                .hasMessageContaining(reason)
                .hasMessageContaining(remedy);
        assertThat(log.lines()).singleElement().asString().contains(vault.toString(), reason, remedy);
    }

    private void flip(Path file, int position) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        bytes[position] ^= 1;
        Files.write(file, bytes);
    }

    @Test
    @Incident("S113")
    void aVaultThatWasCutIsNotReplacedByTheOneBefore() throws Exception {
        Files.write(vault, Arrays.copyOf(Files.readAllBytes(vault), 100));

        assertIsRefused("checksum", "vault.previous is whole (generation 4, 1 secrets");
    }

    @Test
    void aVaultOfWhichABitHasTurnedIsRefused() throws Exception {
        flip(vault, 60);

        assertIsRefused("checksum", "put a backup in its place");
    }

    @Test
    void aVaultThatIsGoneIsNotBegunAnew() throws Exception {
        Files.delete(vault);

        assertIsRefused("it is not there", "vault.previous is whole");
    }

    @Test
    void itIsSaidThatTheOneBeforeIsDamagedAsWell() throws Exception {
        flip(vault, 60);
        flip(folder.resolve("vault.previous"), 60);

        assertIsRefused("checksum", "vault.previous cannot be used either");
    }

    @Test
    void anEmptyFileIsRefused() throws Exception {
        Files.write(vault, new byte[0]);

        assertIsRefused("it has 0 bytes", "put a backup in its place");
    }

    @Test
    void aVaultOfALaterReleaseIsNotTakenForDamaged() throws Exception {
        byte[] bytes = Files.readAllBytes(vault);
        bytes[8] = 2;
        Files.write(vault, bytes);

        assertIsRefused("version 2", "release that has written it");
    }

    @Test
    void anOperatorMayTakeTheOneBefore() throws Exception {
        flip(vault, 60);
        Files.copy(folder.resolve("vault.previous"), vault, StandardCopyOption.REPLACE_EXISTING);

        try (VaultStore store = FileVaultStore.open(folder)) {
            assertThat(FileVaultProgram.counted(store)).isEqualTo(2);
        }
    }

    @Test
    void aStoreThatIsOpenSeesThatItsFileIsGone() throws Exception {
        try (VaultStore store = FileVaultStore.open(folder)) {
            Files.delete(vault);

            assertThatThrownBy(() -> store.read(FileVaultProgram.ROW)).isInstanceOf(StoreUnavailableException.class);
            assertThatThrownBy(() -> store.delete(FileVaultProgram.ROW)).isInstanceOf(StoreUnavailableException.class);
            assertThat(log.lines()).hasSize(1);
        }
    }

    @Test
    void aStoreThatIsOpenDoesNotGoBackToAnOlderFile() throws Exception {
        try (VaultStore store = FileVaultStore.open(folder)) {
            Files.copy(folder.resolve("vault.previous"), vault, StandardCopyOption.REPLACE_EXISTING);

            assertThatThrownBy(() -> store.read(FileVaultProgram.ROW))
                    .isInstanceOf(StoreUnavailableException.class)
                    .hasMessageContaining("from generation 5 to 4")
                    .hasMessageContaining("restart");
        }
    }

    private static Throwable decoding(byte[] file) {
        return catchThrowable(() -> VaultFileFormat.decode(file));
    }

    @Test
    void eachTruncationIsFound() throws Exception {
        byte[] whole = Files.readAllBytes(vault);
        assertThat(decoding(whole)).isNull();

        for (int length = 0; length < whole.length; length++) {
            assertThat(decoding(Arrays.copyOf(whole, length)))
                    .as("%d of %d bytes", length, whole.length)
                    .isInstanceOf(UnusableFileException.class);
        }
    }

    @Test
    void eachBitThatTurnsIsFound() throws Exception {
        byte[] file = Files.readAllBytes(vault);

        for (int bit = 0; bit < 8 * file.length; bit++) {
            file[bit / 8] ^= (byte) (1 << bit % 8);
            assertThat(decoding(file)).as("bit %d", bit).isInstanceOf(UnusableFileException.class);
            file[bit / 8] ^= (byte) (1 << bit % 8);
        }
    }

    @Test
    void noLengthIsBelieved() throws Exception {
        byte[] whole = Files.readAllBytes(vault);
        byte[] body = Arrays.copyOf(whole, whole.length - Checksum.BYTES);

        for (int at = VaultFileFormat.HEADER_BYTES; at + Integer.BYTES <= body.length; at++) {
            for (int length : List.of(-1, Integer.MIN_VALUE, Integer.MAX_VALUE, body.length, 0)) {
                byte[] wrong = body.clone();
                ByteBuffer.wrap(wrong).putInt(at, length);
                Throwable found = decoding(Checksum.append(wrong));
                // Some of these bytes are no length, and anything goes there.
                if (found != null) {
                    assertThat(found).as("%d at %d", length, at).isInstanceOf(UnusableFileException.class);
                }
            }
        }
    }

    @Test
    void bytesBehindTheContentsAreRefused() throws Exception {
        byte[] whole = Files.readAllBytes(vault);
        byte[] longer = Arrays.copyOf(whole, whole.length - Checksum.BYTES + 1);

        assertThat(decoding(Checksum.append(longer))).hasMessageContaining("1 bytes are left");
    }
}
