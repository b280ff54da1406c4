package io.sallyport.security.vault;

import static io.sallyport.security.vault.LocalKeks.nameOf;
import static io.sallyport.security.vault.LocalKeks.randomKey;
import static io.sallyport.security.vault.LocalKeks.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.testing.Incident;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Provider;
import java.security.Security;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KekProvidersTest {

    private static final byte[] CONTEXT = {1};

    private final byte[] key = randomKey();
    private final byte[] dataKey = randomKey();

    @TempDir
    private Path folder;

    private static KekProvider fromEnvironment(Map<String, String> environment) throws KekUnavailableException {
        return KekProviders.fromEnvironment(LocalKeks.SUN, "KEK", environment::get);
    }

    @Test
    void anEnvironmentVariableHoldsAKey() throws Exception {
        String hex = HexFormat.of().formatHex(key);

        assertThat(fromEnvironment(Map.of("KEK", hex)).current()).isEqualTo(nameOf(key));
    }

    @Test
    @Incident("S49")
    void aVariableThatIsNotSetIsSaidNotToBe() {
        assertThatThrownBy(() -> fromEnvironment(Map.of()))
                .isInstanceOf(KekUnavailableException.class)
                .hasMessageStartingWith("there is no environment variable KEK");
        assertThatThrownBy(() -> KekProviders.fromEnvironment("SALLYPORT_NO_SUCH_VARIABLE"))
                .hasMessageContaining("SALLYPORT_NO_SUCH_VARIABLE");
    }

    @Test
    void aVariableWithSomethingElseIsSaidToHaveIt() {
        assertThatThrownBy(() -> fromEnvironment(Map.of("KEK", "hunter2")))
                .isInstanceOf(KekUnavailableException.class)
                .hasMessageStartingWith("the environment variable KEK has 7 bytes")
                .hasMessageNotContaining("hunter2");
        assertThatThrownBy(() -> fromEnvironment(Map.of("KEK", ""))).hasMessageContaining("is empty");
    }

    @Test
    void theSameKeyHasOneNameWhereverItIs() throws Exception {
        Path file = write(folder.resolve("kek"), key);
        KekProvider inFile = KekProviders.fromFile(file, new BouncyCastleProvider());
        KekProvider inVariable = fromEnvironment(Map.of("KEK", HexFormat.of().formatHex(key)));

        assertThat(inVariable.unwrap(
                        inFile.current(), inFile.wrap(dataKey, CONTEXT).bytes(), CONTEXT))
                .contains(dataKey);
    }

    @Test
    void noProviderIsRegistered() throws Exception {
        Provider[] before = Security.getProviders();

        KekProviders.fromFile(write(folder.resolve("kek"), key), new BouncyCastleProvider())
                .wrap(dataKey, CONTEXT);
        KekProviders.fromPassphrase(PassphraseKeyTest.PASSPHRASE, PassphraseKeyTest.CHEAP);

        assertThat(Security.getProviders()).isEqualTo(before);
    }

    @Test
    void severalWrapByTheFirstAndUnwrapByAll() throws Exception {
        KekProvider old = LocalKeks.random(LocalKeks.SUN);
        KekProvider newer = LocalKeks.random(LocalKeks.SUN);
        byte[] byOld = old.wrap(dataKey, CONTEXT).bytes();

        KekProvider both = KekProviders.several(newer, old);

        assertThat(both.current()).isEqualTo(newer.current());
        assertThat(newer.unwrap(newer.current(), both.wrap(dataKey, CONTEXT).bytes(), CONTEXT))
                .contains(dataKey);
        assertThat(both.unwrap(old.current(), byOld, CONTEXT)).contains(dataKey);
    }

    @Test
    void theKeyOfOneIsHadWhileAnotherIsDown() throws Exception {
        KekProvider old = LocalKeks.random(LocalKeks.SUN);
        byte[] byOld = old.wrap(dataKey, CONTEXT).bytes();

        assertThat(KekProviders.several(new Down(), old).unwrap(old.current(), byOld, CONTEXT))
                .contains(dataKey);
    }

    @Test
    void nobodyIsAskedForTheKeyOfAnother() throws Exception {
        FaultyKek farAway = new FaultyKek();
        KekProvider old = LocalKeks.random(LocalKeks.SUN);

        KekProviders.several(farAway, old)
                .unwrap(old.current(), old.wrap(dataKey, CONTEXT).bytes(), CONTEXT);

        assertThat(farAway.calls()).isZero();
    }

    @Test
    void anOlderKeyOfAnotherIsFound() throws Exception {
        Path inFolder = Files.createDirectory(folder.resolve("keys"));
        write(inFolder.resolve("2025"), key);
        byte[] wrapped =
                KekProviders.fromFolder(inFolder, "2025").wrap(dataKey, CONTEXT).bytes();
        KekProviders.createKeyFile(inFolder.resolve("2026"));

        KekProvider several = KekProviders.several(new Down(), KekProviders.fromFolder(inFolder, "2026"));

        assertThat(several.unwrap(nameOf(key), wrapped, CONTEXT)).contains(dataKey);
    }

    @Test
    void allAreAskedBeforeAKeyIsSaidToBeMissing() {
        KekProvider several = KekProviders.several(new Down(), LocalKeks.random(LocalKeks.SUN));

        assertThatThrownBy(() -> several.unwrap("gone", new byte[40], CONTEXT))
                .isInstanceOf(KekUnavailableException.class)
                .hasMessageContainingAll("none of 2 providers", "gone", "down");
    }

    private static final class Down implements KekProvider {
        @Override
        public String current() {
            return "down-1";
        }

        @Override
        public Wrapped wrap(byte[] dataKey, byte[] context) throws KekUnavailableException {
            throw new KekUnavailableException("it is down");
        }

        @Override
        public Optional<byte[]> unwrap(String kek, byte[] wrapped, byte[] context) throws KekUnavailableException {
            throw new KekUnavailableException("it is down");
        }
    }
}
