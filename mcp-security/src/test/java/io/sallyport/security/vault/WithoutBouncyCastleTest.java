package io.sallyport.security.vault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.File;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A class path without Bouncy Castle, as most hosts have it. */
class WithoutBouncyCastleTest {

    private static final char[] PASSWORD = "correct horse battery".toCharArray();

    @TempDir
    private Path folder;

    private URLClassLoader without;

    @BeforeEach
    void leaveItOut() {
        without = new URLClassLoader(
                Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                        .filter(entry -> !entry.contains("bcp") && !entry.contains("bcutil"))
                        .map(WithoutBouncyCastleTest::url)
                        .toArray(URL[]::new),
                ClassLoader.getPlatformClassLoader());
        assertThatThrownBy(() -> without.loadClass("org.bouncycastle.jce.provider.BouncyCastleProvider"))
                .isInstanceOf(ClassNotFoundException.class);
    }

    @AfterEach
    void close() throws Exception {
        without.close();
    }

    private static URL url(String entry) {
        try {
            return Path.of(entry).toUri().toURL();
        } catch (MalformedURLException e) {
            throw new AssertionError(e);
        }
    }

    private Object call(String method, Class<?>[] types, Object... arguments) throws Exception {
        Method found =
                without.loadClass("io.sallyport.security.vault.KekProviders").getMethod(method, types);
        try {
            return found.invoke(null, arguments);
        } catch (InvocationTargetException e) {
            throw (Exception) e.getCause();
        }
    }

    @Test
    void filesFoldersAndKeyStoresWork() throws Exception {
        Path file = folder.resolve("kek");
        call("createKeyFile", new Class<?>[] {Path.class}, file);
        Object fromFile = call("fromFile", new Class<?>[] {Path.class}, file);
        Object fromFolder = call("fromFolder", new Class<?>[] {Path.class, String.class}, folder, "kek");
        Path store = keyStore();
        Object fromKeyStore =
                call("fromKeyStore", new Class<?>[] {Path.class, char[].class, String.class}, store, PASSWORD, "kek");

        for (Object kek : new Object[] {fromFile, fromFolder, fromKeyStore}) {
            assertThat(kek.getClass().getClassLoader()).isSameAs(without);
        }
    }

    private Path keyStore() throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setKeyEntry("kek", new SecretKeySpec(LocalKeks.randomKey(), "AES"), PASSWORD, null);
        Path file = Files.createDirectory(folder.resolve(".stores")).resolve("keys.p12");
        LocalKeks.write(file, new byte[0]);
        try (var stream = Files.newOutputStream(file)) {
            store.store(stream, PASSWORD);
        }
        return file;
    }

    @Test
    void aVaultKeepsASecret() throws Exception {
        @SuppressWarnings("unchecked")
        Callable<String> secret = (Callable<String>) without.loadClass(RoundTrip.class.getName())
                .getDeclaredConstructor()
                .newInstance();

        assertThat(secret.call()).isEqualTo("hunter2");
    }

    /** Runs in the other class loader. */
    public static final class RoundTrip implements Callable<String> {
        @Override
        public String call() throws Exception {
            SecureRandom random = new SecureRandom();
            byte[] key = new byte[LocalKek.BYTES];
            random.nextBytes(key);
            Primitives primitives = Primitives.ofJdk();
            KekProvider kek = new LocalKek(primitives, List.of(key));
            try (Vault vault = Vault.builder(new InMemoryVaultStore(), kek).build()) {
                vault.put("acme", "github", SecretValue.of("hunter2".toCharArray()));
                return new String(vault.get("acme", "github").orElseThrow().characters());
            }
        }
    }

    @Test
    void passphrasesSayWhatTheyNeed() {
        assertThatThrownBy(() -> call("newPassphraseParameters", new Class<?>[] {char[].class}, PASSWORD))
                .hasMessageContaining("add org.bouncycastle:bcprov-jdk18on");
        assertThatThrownBy(() -> call(
                        "fromPassphrase",
                        new Class<?>[] {char[].class, String.class},
                        PASSWORD,
                        "argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$local-714ee58c58862bf2"))
                .hasMessageContaining("add org.bouncycastle:bcprov-jdk18on");
    }

    @Test
    void privateKeysInPemSayWhatTheyNeed() throws Exception {
        Path file = LocalKeks.write(folder.resolve("rsa.pem"), new byte[1]);

        assertThatThrownBy(() -> call("fromPem", new Class<?>[] {Path.class}, file))
                .hasMessageContaining("add org.bouncycastle:bcpkix-jdk18on");
    }
}
