package io.sallyport.security.vault.tool;

import io.sallyport.security.vault.KekProvider;
import io.sallyport.security.vault.KekProviders;
import io.sallyport.security.vault.KekUnavailableException;
import io.sallyport.security.vault.KeyState;
import io.sallyport.security.vault.VaultStore;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * The key-encryption keys that were named.
 *
 * @param all the first one wraps; all unwrap
 */
record KeyFiles(List<Path> files, List<KekProvider> all) {

    /** Reads them. */
    static KeyFiles read(List<Path> files) throws KekUnavailableException, Failure {
        List<KekProvider> all = new ArrayList<>();
        for (Path file : files) {
            if (Files.isDirectory(file)) {
                throw Failure.usage("--kek " + file + " is a folder; name the file in it that wraps, and with one more"
                        + " --kek each other that something is still wrapped by");
            }
            all.add(file.toString().endsWith(".pem") ? KekProviders.fromPem(file) : KekProviders.fromFile(file));
        }
        return new KeyFiles(files, all);
    }

    /** Makes a new key where there is none; returns whether it did. */
    static boolean make(Path file) throws Failure {
        if (Files.exists(file)) {
            return false;
        }
        if (file.toString().endsWith(".pem")) {
            throw new Failure(
                    ExitCode.KEY,
                    "there is no file " + file + ", and keys in PEM are not made here; make one,"
                            + " or name a file that does not end in .pem");
        }
        try {
            KekProviders.createKeyFile(file);
            return true;
        } catch (FileAlreadyExistsException e) {
            return false;
        } catch (NoSuchFileException e) {
            throw new Failure(
                    ExitCode.KEY,
                    "the key-encryption key " + file + " cannot be made: the folder is not there; make it");
        } catch (IOException e) {
            throw new Failure(
                    ExitCode.KEY,
                    "the key-encryption key " + file + " cannot be made: " + e
                            + "; see to that, or name another place");
        }
    }

    KekProvider provider() {
        return KekProviders.several(all.get(0), all.subList(1, all.size()).toArray(KekProvider[]::new));
    }

    Set<String> names() {
        Set<String> names = new TreeSet<>();
        all.forEach(it -> names.add(it.current()));
        return names;
    }

    /** Refuses keys of another vault, before a tenant that is new gets a data key that nobody else can unwrap. */
    void requireOf(VaultStore store) throws Failure {
        Set<String> used = new TreeSet<>();
        for (String tenant : store.tenants()) {
            store.ring(tenant).keys().stream()
                    .filter(key -> key.state() != KeyState.DESTROYED)
                    .forEach(key -> used.add(key.kek()));
        }
        if (!used.isEmpty() && Collections.disjoint(used, names())) {
            throw new Failure(
                    ExitCode.KEY,
                    files.get(0) + " holds the key-encryption key " + all.get(0).current()
                            + ", but what is in the vault is wrapped by " + String.join(", ", used)
                            + "; name the file that holds that");
        }
    }
}
