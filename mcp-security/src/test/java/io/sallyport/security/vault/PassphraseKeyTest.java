package io.sallyport.security.vault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.HexFormat;
import org.bouncycastle.crypto.generators.Argon2BytesGenerator;
import org.bouncycastle.crypto.params.Argon2Parameters;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PassphraseKeyTest {

    static final char[] PASSPHRASE = "correct horse b\u00e4ttery".toCharArray();

    /** Computed apart from this code, in Python. */
    static final String CHEAP = "argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$local-714ee58c58862bf2";

    private static void isRefused(char[] passphrase, String parameters, String... why) {
        assertThatThrownBy(() -> KekProviders.fromPassphrase(passphrase, parameters))
                .isInstanceOf(KekUnavailableException.class)
                .hasMessageContainingAll(why);
    }

    @Test
    void theKeyOfAPassphraseIsArgon2idOfIt() throws Exception {
        assertThat(KekProviders.fromPassphrase(PASSPHRASE, CHEAP).current()).isEqualTo("local-714ee58c58862bf2");
    }

    @Test
    void itIsTheSameOnAnotherProvider() throws Exception {
        assertThat(KekProviders.fromPassphrase(LocalKeks.BOUNCY_CASTLE, PASSPHRASE, CHEAP)
                        .current())
                .isEqualTo("local-714ee58c58862bf2");
    }

    /** RFC 9106, 5.3, which has a secret and associated data, too. */
    @Test
    void argon2idIsAsInRfc9106() {
        byte[] tag = new byte[32];
        Argon2BytesGenerator generator = new Argon2BytesGenerator();
        generator.init(new Argon2Parameters.Builder(Argon2Parameters.ARGON2_id)
                .withVersion(Argon2Parameters.ARGON2_VERSION_13)
                .withSalt(filled(16, 2))
                .withSecret(filled(8, 3))
                .withAdditional(filled(12, 4))
                .withMemoryAsKB(32)
                .withIterations(3)
                .withParallelism(4)
                .build());

        generator.generateBytes(filled(32, 1), tag);

        assertThat(tag)
                .isEqualTo(HexFormat.of().parseHex("0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"));
    }

    private static byte[] filled(int length, int with) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) with);
        return bytes;
    }

    @Test
    void newParametersAreOfSixtyFourMebibytesAndLeadToTheSameKeyAgain() throws Exception {
        char[] passphrase = PASSPHRASE.clone();
        String parameters = KekProviders.newPassphraseParameters(passphrase);
        byte[] dataKey = LocalKeks.randomKey();

        KekProvider one = KekProviders.fromPassphrase(passphrase, parameters);
        KekProvider other = KekProviders.fromPassphrase(passphrase, parameters);

        assertThat(parameters).startsWith("argon2id$v=19$m=65536,t=3,p=4$").endsWith("$" + one.current());
        assertThat(other.unwrap(one.current(), one.wrap(dataKey, new byte[1]).bytes(), new byte[1]))
                .contains(dataKey);
        assertThat(passphrase).isEqualTo(PASSPHRASE);
    }

    @Test
    void newParametersHaveNewSalt() throws Exception {
        assertThat(KekProviders.newPassphraseParameters(PASSPHRASE))
                .isNotEqualTo(KekProviders.newPassphraseParameters(PASSPHRASE));
    }

    @Test
    void aWrongPassphraseIsSaidToBeOneBeforeAnythingIsWrapped() {
        isRefused(
                "correct horse battery".toCharArray(),
                CHEAP,
                "not the one that the parameters of the key-encryption key local-714ee58c58862bf2 were made for");
    }

    @Test
    void changedSaltIsNoticed() {
        isRefused(PASSPHRASE, CHEAP.replace("AAEC", "AAED"), "or they were changed");
    }

    @Test
    void aShortPassphraseIsRefused() {
        isRefused("elevenchars".toCharArray(), CHEAP, "has 11 characters", "12");
    }

    @ParameterizedTest
    @CsvSource({
        "m=19456,m=19455",
        "m=19456,m=1048577",
        "m=19456,m=999999999",
        "t=2,t=1",
        "t=2,t=21",
        "p=1,p=0",
        "p=1,p=17",
    })
    void absurdCostsAreRefusedBeforeTheyArePaid(String good, String bad) {
        String[] asked = bad.split("=");
        isRefused(PASSPHRASE, CHEAP.replace(good, bad), "ask for " + asked[0] + "=" + asked[1]);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "argon2id",
                "argon2i$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$local-714ee58c58862bf2",
                "argon2id$v=16$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$local-714ee58c58862bf2",
                "argon2id$v=19$m=-1,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$local-714ee58c58862bf2",
                "argon2id$v=19$m=99999999999,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$local-714ee58c58862bf2",
                "argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0O$local-714ee58c58862bf2",
                "argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw"
            })
    void whatAreNoParametersIsRefused(String parameters) {
        isRefused(PASSPHRASE, parameters, "no parameters of a passphrase: " + parameters);
    }
}
