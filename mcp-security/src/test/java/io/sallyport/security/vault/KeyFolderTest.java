package io.sallyport.security.vault;

import static io.sallyport.security.vault.LocalKeks.nameOf;
import static io.sallyport.security.vault.LocalKeks.randomKey;
import static io.sallyport.security.vault.LocalKeks.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.testing.CapturedLog;
import io.sallyport.testing.Incident;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeyFolderTest {

    private static final byte[] CONTEXT = {1};

    private final byte[] old = randomKey();
    private final byte[] newer = randomKey();
    private final byte[] dataKey = randomKey();

    @TempDir
    private Path folder;

    private KekProvider from(String current) throws KekUnavailableException {
        return KekProviders.fromFolder(folder, current);
    }

    @Test
    void theCurrentKeyWrapsAndAllUnwrap() throws Exception {
        write(folder.resolve("2025"), old);
        byte[] wrapped = from("2025").wrap(dataKey, CONTEXT).bytes();
        write(folder.resolve("2026"), newer);

        KekProvider kek = from("2026");

        assertThat(kek.current()).isEqualTo(nameOf(newer));
        assertThat(kek.unwrap(nameOf(old), wrapped, CONTEXT)).contains(dataKey);
    }

    @Test
    @Incident("S124")
    void aNodeThatRunsUnwrapsByAKeyThatCameLater() throws Exception {
        write(folder.resolve("2025"), old);
        KekProvider running = from("2025");
        write(folder.resolve("2026"), newer);
        byte[] wrapped = from("2026").wrap(dataKey, CONTEXT).bytes();

        assertThat(running.unwrap(nameOf(newer), wrapped, CONTEXT)).contains(dataKey);
        assertThat(running.current()).isEqualTo(nameOf(old));
    }

    @Test
    void aKeyThatWasReadOnceStays() throws Exception {
        write(folder.resolve("2025"), old);
        write(folder.resolve("2026"), newer);
        KekProvider running = from("2025");
        byte[] wrapped = running.wrap(dataKey, CONTEXT).bytes();
        Files.delete(folder.resolve("2025"));
        assertThatThrownBy(() -> running.unwrap("local-0000000000000000", wrapped, CONTEXT))
                .hasMessageContaining("put the file with it back");

        assertThat(running.unwrap(nameOf(old), wrapped, CONTEXT)).contains(dataKey);
    }

    @Test
    void aFileThatIsHalfWrittenKeepsNoNodeFromStartingSilently() throws Exception {
        write(folder.resolve("2025"), old);
        write(folder.resolve("2026"), new byte[] {1, 2, 3});

        assertThatThrownBy(() -> from("2025"))
                .isInstanceOf(KekUnavailableException.class)
                .hasMessageContainingAll("2026", "3 bytes");
    }

    @Test
    void aFileThatIsHalfWrittenDoesNotHinderANodeThatRuns() throws Exception {
        write(folder.resolve("2025"), old);
        KekProvider running = from("2025");
        write(folder.resolve("2026"), newer);
        byte[] wrapped = from("2026").wrap(dataKey, CONTEXT).bytes();
        write(folder.resolve("2027"), new byte[] {1, 2, 3});

        try (CapturedLog log = CapturedLog.of("io.sallyport.vault")) {
            assertThat(running.unwrap(nameOf(newer), wrapped, CONTEXT)).contains(dataKey);
            assertThat(log.lines()).singleElement().asString().contains("2027", "3 bytes");
        }
    }

    @Test
    void hiddenFilesAndLinksToAKeyAreFine() throws Exception {
        write(folder.resolve("2025"), old);
        write(folder.resolve(".swp"), new byte[3]);
        Files.createDirectory(folder.resolve("..data"));
        Files.createSymbolicLink(folder.resolve("current"), folder.resolve("2025"));

        assertThat(from("current").current()).isEqualTo(nameOf(old));
    }

    @Test
    @Incident("S124")
    void anUnknownKeyIsSaidToBeMissing() throws Exception {
        write(folder.resolve("2025"), old);

        assertThatThrownBy(() -> from("2025").unwrap(nameOf(newer), new byte[40], CONTEXT))
                .isInstanceOf(KekUnavailableException.class)
                .hasMessageContainingAll(nameOf(newer), nameOf(old), folder.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "..", "../2025", "/2025", "sub/2025", ".hidden"})
    void theCurrentKeyIsInTheFolder(String current) {
        assertThatThrownBy(() -> from(current))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("but was " + current);
    }

    @Test
    void aFolderOfMoreFilesThanThereAreKeysIsRefused() throws Exception {
        for (int i = 0; i <= 100; i++) {
            write(folder.resolve("key-" + i), old);
        }

        assertThatThrownBy(() -> from("key-0")).hasMessageContaining("more than 100 files");
    }

    @Test
    void aFolderThatIsNotThereIsSaidNotToBe() {
        assertThatThrownBy(() -> KekProviders.fromFolder(folder.resolve("nowhere"), "2025"))
                .isInstanceOf(KekUnavailableException.class)
                .hasMessageContaining("nowhere");
    }
}
