package io.sallyport.security.vault;

import static io.sallyport.security.vault.LocalKeks.nameOf;
import static io.sallyport.security.vault.LocalKeks.randomKey;
import static io.sallyport.security.vault.LocalKeks.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyStore;
import java.util.Arrays;
import java.util.List;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeyStoreKeyTest {

    private static final char[] PASSWORD = "changeit".toCharArray();

    private final byte[] key = randomKey();

    @TempDir
    private Path folder;

    private Path file;

    @BeforeEach
    void writeKeyStore() throws Exception {
        file = write(folder.resolve("keys.p12"), keyStore("kek", "AES", key));
    }

    private static byte[] keyStore(String alias, String algorithm, byte[] key) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setKeyEntry(alias, new SecretKeySpec(key, algorithm), PASSWORD, null);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        store.store(bytes, PASSWORD);
        return bytes.toByteArray();
    }

    private void isRefused(char[] password, String alias, String... why) {
        assertThatThrownBy(() -> KekProviders.fromKeyStore(file, password, alias))
                .isInstanceOf(KekUnavailableException.class)
                .hasMessageContaining(file.toString())
                .satisfies(error -> assertThat(List.of(why)).allMatch(error.getMessage()::contains));
    }

    @Test
    void aKeyStoreHoldsAKey() throws Exception {
        assertThat(KekProviders.fromKeyStore(file, PASSWORD, "kek").current()).isEqualTo(nameOf(key));
    }

    @Test
    void whatKeytoolMakesWillDo() throws Exception {
        Path made = folder.resolve("made.p12");
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genseckey",
                        "-keyalg",
                        "AES",
                        "-keysize",
                        "256",
                        "-storetype",
                        "PKCS12",
                        "-alias",
                        "kek",
                        "-keystore",
                        made.toString(),
                        "-storepass",
                        "changeit")
                .inheritIO()
                .start();
        assertThat(keytool.waitFor()).isZero();
        Files.setPosixFilePermissions(made, PosixFilePermissions.fromString("rw-------"));

        assertThat(KekProviders.fromKeyStore(made, PASSWORD, "kek").current()).startsWith("local-");
    }

    @Test
    void thePasswordIsLeftAsItIs() throws Exception {
        char[] password = PASSWORD.clone();

        KekProviders.fromKeyStore(file, password, "kek");

        assertThat(password).isEqualTo(PASSWORD);
    }

    @Test
    void aWrongPasswordIsSaidToBeOne() {
        isRefused("changeme".toCharArray(), "kek", "the password does not open");
    }

    @Test
    void anAliasThatIsNotThereIsSaidNotToBe() {
        isRefused(PASSWORD, "other", "there is no key other", "[kek]");
    }

    @Test
    void aKeyOfAnotherLengthIsRefused() throws Exception {
        write(file, keyStore("kek", "AES", Arrays.copyOf(key, 16)));

        isRefused(PASSWORD, "kek", "128 bits");
    }

    @Test
    void aKeyForSomethingElseIsRefused() throws Exception {
        write(file, keyStore("kek", "HmacSHA256", key));

        isRefused(PASSWORD, "kek", "has to be an AES key of 256 bits");
    }

    @Test
    void aKeyStoreThatOthersCanReadIsRefused() throws Exception {
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));

        isRefused(PASSWORD, "kek", "chmod 600");
    }

    @Test
    void anEmptyKeyStoreIsRefused() throws Exception {
        write(file, new byte[0]);

        isRefused(PASSWORD, "kek", "is empty");
    }

    @Test
    void aKeyStoreThatWasCutOffAnywhereIsRefused() throws Exception {
        byte[] whole = Files.readAllBytes(file);
        for (int length = 1; length < whole.length; length += 7) {
            write(file, Arrays.copyOf(whole, length));
            isRefused(PASSWORD, "kek");
        }
    }

    @Test
    void aFileOfSomethingElseIsRefused() throws Exception {
        write(file, "-----BEGIN PRIVATE KEY-----\n".getBytes(StandardCharsets.US_ASCII));

        isRefused(PASSWORD, "kek", "no PKCS#12 key store");
    }
}
