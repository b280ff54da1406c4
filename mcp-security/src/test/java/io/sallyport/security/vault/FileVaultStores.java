package io.sallyport.security.vault;

import java.nio.file.Path;

/** Stores in a folder. */
public final class FileVaultStores implements VaultStores {

    private static final String STEP = "step:";

    @Override
    public VaultStore open(String where, String point) {
        String step = point.startsWith(STEP) ? point.substring(STEP.length()) : "-";
        return FileVaultProgram.open(Path.of(where), FileVaultProgram.haltAt(step));
    }
}
