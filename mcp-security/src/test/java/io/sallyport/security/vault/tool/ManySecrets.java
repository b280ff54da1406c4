package io.sallyport.security.vault.tool;

import io.sallyport.security.vault.FileVaultStore;
import io.sallyport.security.vault.KekProviders;
import io.sallyport.security.vault.SecretValue;
import io.sallyport.security.vault.Vault;
import io.sallyport.security.vault.VaultStore;
import java.nio.file.Path;

/** A vault in a folder, for as many secrets as a test needs: cheaper than a process for each. */
final class ManySecrets implements AutoCloseable {

    private final VaultStore store;
    private final Vault vault;

    private ManySecrets(VaultStore store, Vault vault) {
        this.store = store;
        this.vault = vault;
    }

    static ManySecrets in(Path folder, Path key) throws Exception {
        KekProviders.createKeyFile(key);
        VaultStore store = FileVaultStore.open(folder);
        return new ManySecrets(
                store, Vault.builder(store, KekProviders.fromFile(key)).build());
    }

    void put(int count, String value) throws Exception {
        for (int i = 0; i < count; i++) {
            try (SecretValue secret = SecretValue.of((value + "-" + i).toCharArray())) {
                vault.put("acme", "secret-" + i, secret);
            }
        }
    }

    @Override
    public void close() {
        vault.close();
        store.close();
    }
}
