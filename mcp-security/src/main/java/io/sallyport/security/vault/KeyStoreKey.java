package io.sallyport.security.vault;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.KeyStoreException;
import java.security.UnrecoverableKeyException;
import java.util.Arrays;
import java.util.Collections;
import javax.crypto.SecretKey;

/** A key in a PKCS#12 key store, as keytool makes it. */
final class KeyStoreKey {

    private static final int MOST_BYTES = 1024 * 1024;

    private static final String MAKE_ONE = "keytool -genseckey -keyalg AES -keysize 256 -storetype PKCS12 makes one";

    private KeyStoreKey() {}

    /** Returns the key, which is the caller's to erase. */
    static byte[] read(Path file, char[] password, String alias) throws KekUnavailableException {
        byte[] content = KeyFile.read(file, MOST_BYTES);
        char[] copy = password.clone();
        try {
            return bytes(open(file, content, copy), file, copy, alias);
        } finally {
            Arrays.fill(content, (byte) 0);
            Arrays.fill(copy, '\0');
        }
    }

    private static KeyStore open(Path file, byte[] content, char[] password) throws KekUnavailableException {
        if (content.length == 0) {
            throw new KekUnavailableException(file + " is empty; put the key store back from where it is kept");
        }
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(new ByteArrayInputStream(content), password);
            return store;
        } catch (IOException e) {
            if (e.getCause() instanceof UnrecoverableKeyException) {
                throw new KekUnavailableException(
                        "the password does not open " + file + ", or the file was changed; set the right one", e);
            }
            throw damaged(file, e);
        } catch (GeneralSecurityException e) {
            throw damaged(file, e);
        } catch (RuntimeException e) {
            // Some versions of the JDK's reader do not catch all that a damaged file leads them to.
            throw damaged(file, e);
        }
    }

    private static KekUnavailableException damaged(Path file, Exception e) {
        return new KekUnavailableException(
                file + " is no PKCS#12 key store, or a damaged one; put it back from where it is kept", e);
    }

    private static byte[] bytes(KeyStore store, Path file, char[] password, String alias)
            throws KekUnavailableException {
        Key key = key(store, file, password, alias);
        if (!(key instanceof SecretKey)) {
            throw new KekUnavailableException(
                    alias + " in " + file + " is a key pair, and has to be an AES key of 256 " + "bits; " + MAKE_ONE);
        }
        byte[] bytes = key.getEncoded();
        if (bytes == null || bytes.length != LocalKek.BYTES || !isAes(key.getAlgorithm())) {
            int bits = bytes == null ? 0 : bytes.length * Byte.SIZE;
            Arrays.fill(bytes == null ? new byte[0] : bytes, (byte) 0);
            throw new KekUnavailableException(alias + " in " + file + " is a key of " + bits + " bits for "
                    + key.getAlgorithm() + ", and has to be an AES key of 256 bits; " + MAKE_ONE);
        }
        return bytes;
    }

    private static boolean isAes(String algorithm) {
        // Key stores keep the object identifier; not every version of the JDK makes a name of it again.
        return algorithm.equals("AES") || algorithm.equals("2.16.840.1.101.3.4.1");
    }

    private static Key key(KeyStore store, Path file, char[] password, String alias) throws KekUnavailableException {
        try {
            Key key = store.getKey(alias, password);
            if (key == null) {
                throw new KekUnavailableException("there is no key " + alias + " in " + file + ", but "
                        + Collections.list(store.aliases()) + "; set the alias right, or make the key: " + MAKE_ONE);
            }
            return key;
        } catch (UnrecoverableKeyException e) {
            throw new KekUnavailableException(
                    alias + " in " + file + " has another password than the key store; give it the same", e);
        } catch (KeyStoreException e) {
            throw new IllegalStateException("the key store was loaded", e);
        } catch (GeneralSecurityException e) {
            throw damaged(file, e);
        }
    }
}
