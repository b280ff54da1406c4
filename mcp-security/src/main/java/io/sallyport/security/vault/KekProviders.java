package io.sallyport.security.vault;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.Provider;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Key-encryption keys that are in this process, from where operators keep them. Best first: a folder of files or one file, a
 * PKCS#12 key store, a private key in PEM, a passphrase, an environment variable. A key of a service outside is a
 * {@link KekProvider} of your own.
 *
 * <p>All read once, when they are called, and say in a {@link KekUnavailableException} what is wrong with what they found, and
 * what to do about it; nothing of the key is in it. The same 32 bytes have the same {@linkplain KekProvider#current() name}
 * wherever they were read from. Files have to be their owner's alone: those that group or others may read or write are refused;
 * links are followed, and what they lead to is checked. Where a file system has no permissions, a warning says so.
 *
 * <p><b>To change the key</b> without a pause: make another one beside it, let every node know it, let it wrap, and wrap all
 * data keys anew. With {@link #fromFolder}: put the new file into the folder on every node (nothing is to be restarted); start
 * one node after another with the new file as the current one; wrap anew; take the old file away when nothing is wrapped by it
 * any more. With all others: start one node after another with {@code several(old, new)}, then with
 * {@code several(new, old)}; wrap anew; start them with the new one alone. Secrets are not touched by any of that.
 *
 * <p>All methods are thread-safe, and so is what they return. Arrays that they are given are copied; the caller erases its own.
 */
public final class KekProviders {

    private static final String BCPKIX = "org.bouncycastle:bcpkix-jdk18on";
    private static final String BCPROV = "org.bouncycastle:bcprov-jdk18on";

    private KekProviders() {}

    /**
     * Makes a file with a new random key in base64, which its owner alone may read and write. Returns when it is on the disk.
     *
     * @throws java.nio.file.FileAlreadyExistsException if there is a file of that name: none is overwritten
     */
    public static void createKeyFile(Path file) throws IOException {
        KeyFile.create(file);
    }

    /** Returns the key in a file: 32 random bytes, or 64 hex digits or base64 of them with a line break at the end or without. */
    public static KekProvider fromFile(Path file) throws KekUnavailableException {
        return fromFile(Primitives.ofJdk(), file);
    }

    /** Does the same by the cryptography of a provider, which need not be registered. */
    public static KekProvider fromFile(Path file, Provider provider) throws KekUnavailableException {
        return fromFile(Primitives.of(provider), file);
    }

    static KekProvider fromFile(Primitives primitives, Path file) throws KekUnavailableException {
        return KeyFolder.read(primitives, file);
    }

    /**
     * Returns the keys in the files of a folder, each as in {@link #fromFile(Path)}; those whose names begin with a dot are left
     * alone, and there are 100 at most. It is read again when somebody else has wrapped by a key that is not known here.
     *
     * @param current the name of the file with the key that wraps; the others unwrap
     * @throws IllegalArgumentException if that is no plain name
     */
    public static KekProvider fromFolder(Path folder, String current) throws KekUnavailableException {
        return fromFolder(Primitives.ofJdk(), folder, current);
    }

    /** Does the same by the cryptography of a provider, which need not be registered. */
    public static KekProvider fromFolder(Path folder, String current, Provider provider)
            throws KekUnavailableException {
        return fromFolder(Primitives.of(provider), folder, current);
    }

    static KekProvider fromFolder(Primitives primitives, Path folder, String current) throws KekUnavailableException {
        Path name = folder.resolve(current).getFileName();
        if (current.startsWith(".") || name == null || !name.toString().equals(current)) {
            throw new IllegalArgumentException(
                    "current must be the name of a file in the folder that does not begin with a " + "dot, but was "
                            + current);
        }
        return new KeyFolder(primitives, folder, current);
    }

    /**
     * Returns the key in an environment variable: 64 hex digits, or base64 of 32 bytes.
     *
     * <p>The weakest of all: it stands in {@code /proc/PID/environ} for as long as the process runs, in crash dumps, in what
     * the process starts, often in what describes the deployment; and this process cannot erase it.
     */
    public static KekProvider fromEnvironment(String variable) throws KekUnavailableException {
        return fromEnvironment(Primitives.ofJdk(), variable, System::getenv);
    }

    /** Does the same by the cryptography of a provider, which need not be registered. */
    public static KekProvider fromEnvironment(String variable, Provider provider) throws KekUnavailableException {
        return fromEnvironment(Primitives.of(provider), variable, System::getenv);
    }

    static KekProvider fromEnvironment(
            Primitives primitives, String variable, UnaryOperator<@Nullable String> environment)
            throws KekUnavailableException {
        String value = environment.apply(variable);
        if (value == null) {
            throw new KekUnavailableException("there is no environment variable " + variable
                    + " with a key-encryption key; set it, or make a key, if nothing was ever wrapped by one");
        }
        byte[] text = value.getBytes(StandardCharsets.UTF_8);
        try {
            return local(primitives, KeyText.read(text, false, "the environment variable " + variable));
        } finally {
            Arrays.fill(text, (byte) 0);
        }
    }

    /**
     * Returns an AES key of 256 bits in a PKCS#12 key store.
     *
     * @param password of the key store and of the key in it
     */
    public static KekProvider fromKeyStore(Path file, char[] password, String alias) throws KekUnavailableException {
        return fromKeyStore(Primitives.ofJdk(), file, password, alias);
    }

    /** Does the same by the cryptography of a provider, which need not be registered. The key store is opened by the JDK's. */
    public static KekProvider fromKeyStore(Path file, char[] password, String alias, Provider provider)
            throws KekUnavailableException {
        return fromKeyStore(Primitives.of(provider), file, password, alias);
    }

    static KekProvider fromKeyStore(Primitives primitives, Path file, char[] password, String alias)
            throws KekUnavailableException {
        requireNonNull(alias, "alias");
        return local(primitives, KeyStoreKey.read(file, password, alias));
    }

    /**
     * Returns a key that is derived from the only private key in a PEM file: RSA of 2048 bits or more, or EC of 256 or more, not
     * encrypted. The key is the same however the file encodes it. Needs {@code org.bouncycastle:bcpkix-jdk18on}.
     */
    public static KekProvider fromPem(Path file) throws KekUnavailableException {
        return fromPem(Primitives.ofJdk(), file, null);
    }

    /** Does the same with a private key that is encrypted, as PKCS#8 says. */
    public static KekProvider fromPem(Path file, char[] password) throws KekUnavailableException {
        return fromPem(Primitives.ofJdk(), file, requireNonNull(password, "password"));
    }

    static KekProvider fromPem(Primitives primitives, Path file, char @Nullable [] password)
            throws KekUnavailableException {
        try {
            return local(primitives, PemKey.read(primitives, file, password));
        } catch (NoClassDefFoundError e) {
            throw missing("private keys in PEM", BCPKIX, e);
        }
    }

    /**
     * Returns what the key of a passphrase is to be derived with, Argon2id with 64 MiB, 3 passes and 4 lanes, and new random
     * salt. It is no secret; keep it in the configuration of all nodes: with another one the same passphrase is another key.
     * Needs {@code org.bouncycastle:bcprov-jdk18on}.
     *
     * @param passphrase 12 characters at least
     */
    public static String newPassphraseParameters(char[] passphrase) throws KekUnavailableException {
        try {
            return PassphraseKey.newParameters(Primitives.ofJdk(), passphrase);
        } catch (NoClassDefFoundError e) {
            throw missing("passphrases", BCPROV, e);
        }
    }

    /**
     * Returns the key of a passphrase. Takes some tenths of a second, and as much memory as the parameters say, 1 GiB at most;
     * once, when it is called. Needs {@code org.bouncycastle:bcprov-jdk18on}.
     *
     * @param parameters those that {@link #newPassphraseParameters} has returned for it; with another passphrase they are
     *     refused
     */
    public static KekProvider fromPassphrase(char[] passphrase, String parameters) throws KekUnavailableException {
        return fromPassphrase(Primitives.ofJdk(), passphrase, parameters);
    }

    static KekProvider fromPassphrase(Primitives primitives, char[] passphrase, String parameters)
            throws KekUnavailableException {
        try {
            return PassphraseKey.of(primitives, passphrase, parameters);
        } catch (NoClassDefFoundError e) {
            throw missing("passphrases", BCPROV, e);
        }
    }

    private static KekUnavailableException missing(String what, String artifact, NoClassDefFoundError e) {
        return new KekUnavailableException(
                "key-encryption keys from " + what + " need Bouncy Castle, of which " + e.getMessage()
                        + " is not on the class path; add " + artifact,
                e);
    }

    /**
     * Returns a provider that wraps by the first of several, and unwraps by whichever has the key of that name. It is what a
     * change of the key goes through, also from one kind of provider to another.
     */
    public static KekProvider several(KekProvider current, KekProvider... others) {
        List<KekProvider> all = new ArrayList<>();
        all.add(current);
        all.addAll(List.of(others));
        return new SeveralKeks(all);
    }

    /** Takes the key, and erases it. */
    private static KekProvider local(Primitives primitives, byte[] key) {
        try {
            return new LocalKek(primitives, List.of(key));
        } finally {
            Arrays.fill(key, (byte) 0);
        }
    }
}
