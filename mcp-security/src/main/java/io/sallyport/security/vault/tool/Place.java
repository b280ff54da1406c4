package io.sallyport.security.vault.tool;

import io.sallyport.security.vault.FileVaultStore;
import io.sallyport.security.vault.VaultStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Where a vault is kept. */
interface Place extends AutoCloseable {

    /** Returns whether there is one. */
    boolean isThere() throws Failure;

    /** Makes one. */
    void make() throws Failure;

    /** Opens the one that is there. */
    VaultStore open() throws Failure;

    /** Refuses keys that are kept together with what they wrap. */
    default void requireApart(List<Path> keys) throws Failure {
        // Nothing is known of where a database keeps its files.
    }

    /** Gives up what it has open. */
    @Override
    default void close() {
        // A folder has nothing.
    }

    /** Returns the one that was named. */
    static Place of(Arguments arguments, Terminal terminal) throws Failure {
        if (arguments.has("--dir") == arguments.has("--jdbc")) {
            throw Failure.usage(arguments.command().word()
                    + " needs either --dir FOLDER or --jdbc URL, which say where the vault is");
        }
        return arguments.has("--dir")
                ? new Folder(arguments.path("--dir", "the folder of the vault"))
                : Database.of(arguments, terminal);
    }

    /** A folder of this machine. */
    record Folder(Path path) implements Place {

        @Override
        public boolean isThere() {
            // Either: a vault of which only the generation before is left is a damaged one, and none that may be made
            // anew.
            return Files.exists(path.resolve("vault")) || Files.exists(path.resolve("vault.previous"));
        }

        @Override
        public void make() {
            FileVaultStore.open(path).close();
        }

        @Override
        public VaultStore open() throws Failure {
            if (!isThere()) {
                throw new Failure(
                        ExitCode.STORE, "there is no vault in " + path + "; set the path right, or make one with init");
            }
            return FileVaultStore.open(path);
        }

        @Override
        public void requireApart(List<Path> keys) throws Failure {
            for (Path key : keys) {
                if (key.toAbsolutePath()
                        .normalize()
                        .startsWith(path.toAbsolutePath().normalize())) {
                    throw Failure.usage("the key-encryption key " + key + " would be in the folder of the vault, and"
                            + " whoever has a copy of that would have it all; name another place for it");
                }
            }
        }

        @Override
        public String toString() {
            return path.toString();
        }
    }
}
