package io.sallyport.security.vault;

class InMemoryVaultStoreRacesTest extends VaultStoreRacesContract {

    @Override
    protected VaultStore open() {
        return new InMemoryVaultStore();
    }
}
