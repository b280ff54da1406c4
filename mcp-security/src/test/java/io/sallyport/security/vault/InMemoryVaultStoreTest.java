package io.sallyport.security.vault;

class InMemoryVaultStoreTest extends VaultStoreContract {

    @Override
    protected VaultStore open() {
        return new InMemoryVaultStore();
    }
}
