package io.sallyport.security.vault;

import static io.sallyport.security.vault.LocalKeks.write;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.interfaces.RSAPrivateCrtKey;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.IntStream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What comes of the keys is computed apart from the code, after the format that is documented. */
class PemKeyTest {

    private static final char[] PASSWORD = "correct-horse".toCharArray();
    private static final String WRONG = "wrong-horse-";

    private static PemFiles files;
    private static String rsa;
    private static String ec;

    @TempDir
    private Path folder;

    @BeforeAll
    static void makeKeys() throws Exception {
        files = new PemFiles(PASSWORD);
        RSAPrivateCrtKey key = files.rsa();
        rsa = kek(
                "RSA".getBytes(US_ASCII),
                key.getModulus().toByteArray(),
                key.getPrimeP().max(key.getPrimeQ()).toByteArray());
        ec = kek(
                "EC".getBytes(US_ASCII),
                PemFiles.CURVE.getBytes(US_ASCII),
                files.ec().getS().toByteArray());
    }

    private static String kek(byte[]... material) throws Exception {
        byte[] key = hmac("mcp-vault/kek-from-pem/v1".getBytes(US_ASCII), lengthPrefixed(material));
        ByteArrayOutputStream block = new ByteArrayOutputStream();
        block.write(lengthPrefixed("mcp-vault/kek-name/v1".getBytes(US_ASCII)));
        block.write(1); // HKDF-Expand numbers its blocks, and eight bytes are within the first
        return "local-" + HexFormat.of().formatHex(hmac(key, block.toByteArray()), 0, 8);
    }

    private static byte[] lengthPrefixed(byte[]... parts) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.write(ByteBuffer.allocate(4).putInt(part.length).array());
            all.write(part);
        }
        return all.toByteArray();
    }

    private static byte[] hmac(byte[] key, byte[] text) throws GeneralSecurityException {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        return mac.doFinal(text);
    }

    /** Returns the name that has to come of a file. */
    private static String kekOf(String name) {
        return name.startsWith("rsa") ? rsa : ec;
    }

    private Path file(String... names) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (String name : names) {
            all.write(files.content(name));
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
    @ValueSource(strings = {"rsa.pem", "rsa-pkcs1.pem", "ec.pem", "ec-sec1.pem"})
    void theSameKeyIsTheSameHoweverItIsEncoded(String name) throws Exception {
        assertThat(KekProviders.fromPem(file(name)).current()).isEqualTo(kekOf(name));
    }

    @ParameterizedTest
    @ValueSource(strings = {"rsa-encrypted.pem", "rsa-scrypt.pem", "ec-encrypted.pem", "ec-one-iteration.pem"})
    void theSameKeyIsTheSameHoweverItIsEncrypted(String name) throws Exception {
        char[] password = PASSWORD.clone();

        assertThat(KekProviders.fromPem(file(name), password).current()).isEqualTo(kekOf(name));
        assertThat(password).isEqualTo(PASSWORD);
    }

    @Test
    void theSameKeyIsTheSameOnAnotherProvider() throws Exception {
        assertThat(KekProviders.fromPem(LocalKeks.BOUNCY_CASTLE, file("rsa.pem"), null)
                        .current())
                .isEqualTo(rsa);
    }

    @Test
    void whatElseIsInTheFileDoesNotMatter() throws Exception {
        assertThat(KekProviders.fromPem(file("public.pem", "rsa.pem")).current())
                .isEqualTo(rsa);
    }

    @ParameterizedTest
    @ValueSource(strings = {"rsa-encrypted.pem", "rsa-scrypt.pem", "ec-encrypted.pem"})
    void aWrongPasswordIsSaidToBeOne(String name) throws Exception {
        isRefused(file(name), "wrong-horse".toCharArray(), "the password does not open");
    }

    static IntStream unlucky() {
        return files.unlucky(WRONG, 13);
    }

    /** With these what is decrypted ends like something that was encrypted, as with one of 256 passwords. */
    @ParameterizedTest
    @MethodSource("unlucky")
    void noWrongPasswordOpensAKeyByChance(int number) throws Exception {
        isRefused(file("ec-one-iteration.pem"), (WRONG + number).toCharArray(), "the password does not open");
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
        byte[] whole = new String(files.content(name), US_ASCII).stripTrailing().getBytes(US_ASCII);
        for (int length = 0; length < whole.length; length += 5) {
            isRefused(write(folder.resolve(name), Arrays.copyOf(whole, length)), null);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"rsa.pem", "ec.pem"})
    void noChangedLetterMakesAnotherKeyUnseen(String name) throws Exception {
        byte[] whole = files.content(name);
        for (int at = 0; at < whole.length; at += 3) {
            assertIsNoOther(name, whole, at, 'A');
        }
    }

    @Test
    void noLetterAtTheEndOfTheNumberMakesAnotherKeyUnseen() throws Exception {
        byte[] whole = files.content("ec.pem");
        // One letter holds bits of the private number and of the tag behind it.
        for (int at = 112; at < 124; at++) {
            for (char letter : "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".toCharArray()) {
                assertIsNoOther("ec.pem", whole, at, letter);
            }
        }
    }

    private void assertIsNoOther(String name, byte[] whole, int at, char letter) throws Exception {
        byte[] changed = whole.clone();
        changed[at] = (byte) (changed[at] == letter ? 'B' : letter);
        Path file = write(folder.resolve(name), changed);
        try {
            assertThat(KekProviders.fromPem(file).current()).isEqualTo(kekOf(name));
        } catch (KekUnavailableException refused) {
            assertThat(refused).hasNoCause();
        }
    }
}
