package io.sallyport.security.vault;

import static io.sallyport.security.vault.LocalKeks.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Keys that OpenSSL 3 has made; what comes of them was computed apart from this code, in Python. */
class PemKeyTest {

    private static final String RSA = "local-0ff586ba23a09e4e";
    private static final String EC = "local-2ac5b9a1001ed06b";

    private static final char[] PASSWORD = "correct-horse".toCharArray();

    @TempDir
    private Path folder;

    private static byte[] resource(String name) throws IOException {
        try (InputStream stream = PemKeyTest.class.getResourceAsStream("/vault/" + name)) {
            return stream.readAllBytes();
        }
    }

    private Path file(String... names) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (String name : names) {
            all.write(resource(name));
        }
        return write(folder.resolve(names[0]), all.toByteArray());
    }

    private static void isRefused(Path file, char[] password, String... why) {
        assertThatThrownBy(() -> KekProviders.fromPem(LocalKeks.SUN, file, password))
                .isInstanceOf(KekUnavailableException.class)
                .hasNoCause()
                .hasMessageContaining(file.toString())
                .satisfies(error -> assertThat(List.of(why)).allMatch(error.getMessage()::contains));
    }

    @ParameterizedTest
    @CsvSource({"rsa.pem," + RSA, "rsa-pkcs1.pem," + RSA, "ec.pem," + EC, "ec-sec1.pem," + EC})
    void theSameKeyIsTheSameHoweverItIsEncoded(String name, String kek) throws Exception {
        assertThat(KekProviders.fromPem(file(name)).current()).isEqualTo(kek);
    }

    @ParameterizedTest
    @CsvSource({"rsa-encrypted.pem," + RSA, "rsa-scrypt.pem," + RSA, "ec-encrypted.pem," + EC})
    void theSameKeyIsTheSameHoweverItIsEncrypted(String name, String kek) throws Exception {
        char[] password = PASSWORD.clone();

        assertThat(KekProviders.fromPem(file(name), password).current()).isEqualTo(kek);
        assertThat(password).isEqualTo(PASSWORD);
    }

    @Test
    void theSameKeyIsTheSameOnAnotherProvider() throws Exception {
        assertThat(KekProviders.fromPem(LocalKeks.BOUNCY_CASTLE, file("rsa.pem"), null)
                        .current())
                .isEqualTo(RSA);
    }

    @Test
    void whatElseIsInTheFileDoesNotMatter() throws Exception {
        assertThat(KekProviders.fromPem(file("public.pem", "rsa.pem")).current())
                .isEqualTo(RSA);
    }

    @ParameterizedTest
    @ValueSource(strings = {"rsa-encrypted.pem", "rsa-scrypt.pem", "ec-encrypted.pem"})
    void aWrongPasswordIsSaidToBeOne(String name) throws Exception {
        isRefused(file(name), "wrong-horse".toCharArray(), "the password does not open");
    }

    /** With these what is decrypted ends like something that was encrypted, as with one of 256 passwords. */
    @ParameterizedTest
    @ValueSource(ints = {150, 498, 916, 926, 1031, 1237, 1461, 2009, 2223, 2429, 2490, 2642, 2727})
    void noWrongPasswordOpensAKeyByChance(int number) throws Exception {
        isRefused(file("ec-one-iteration.pem"), ("wrong-horse-" + number).toCharArray(), "the password does not open");
    }

    @Test
    void anEncryptedKeyNeedsAPassword() throws Exception {
        isRefused(file("rsa-encrypted.pem"), null, "there is no password");
    }

    @Test
    void aPasswordForAKeyThatIsNotEncryptedIsAMistake() throws Exception {
        isRefused(file("rsa.pem"), PASSWORD, "is not encrypted");
    }

    @Test
    void theOldEncryptionOfOpenSslIsRefused() throws Exception {
        isRefused(file("rsa-old-encryption.pem"), PASSWORD, "openssl pkcs8 -topk8");
    }

    @ParameterizedTest
    @CsvSource({
        "rsa-short.pem,1024 bits",
        "ec-short.pem,161 bits",
        "ec-explicit.pem,a curve of its own",
        "ed25519.pem,neither RSA nor EC",
        "public.pem,no private key"
    })
    void otherKeysAreRefused(String name, String why) throws Exception {
        isRefused(file(name), null, why);
    }

    @Test
    void severalKeysAreTooMany() throws Exception {
        isRefused(file("rsa.pem", "ec.pem"), null, "several private keys");
    }

    @Test
    void aFileThatOthersCanReadIsRefused() throws Exception {
        Path file = file("rsa.pem");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));

        isRefused(file, null, "chmod 600");
    }

    @ParameterizedTest
    @ValueSource(strings = {"rsa.pem", "ec.pem", "rsa-pkcs1.pem", "ec-sec1.pem"})
    void aFileThatWasCutOffAnywhereIsRefused(String name) throws Exception {
        byte[] whole = new String(resource(name), StandardCharsets.US_ASCII)
                .stripTrailing()
                .getBytes(StandardCharsets.US_ASCII);
        for (int length = 0; length < whole.length; length += 5) {
            isRefused(write(folder.resolve(name), Arrays.copyOf(whole, length)), null);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"rsa.pem", "ec.pem"})
    void noChangedLetterMakesAnotherKeyUnseen(String name) throws Exception {
        byte[] whole = resource(name);
        for (int at = 0; at < whole.length; at += 3) {
            byte[] changed = whole.clone();
            changed[at] = (byte) (changed[at] == 'A' ? 'B' : 'A');
            Path file = write(folder.resolve(name), changed);
            try {
                assertThat(KekProviders.fromPem(file).current()).isIn(RSA, EC);
            } catch (KekUnavailableException refused) {
                assertThat(refused).hasNoCause();
            }
        }
    }
}
