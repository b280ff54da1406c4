package io.sallyport.security.vault;

/**
 * Opens stores of one kind in any process. Public, with a public constructor without parameters: {@link VaultKillProgram} is told
 * the name of the class.
 */
public interface VaultStores {

    /**
     * Opens one.
     *
     * @param where the place, which several processes share
     * @param point where the process is to die; of concern are those only that are within the store, {@code step:NAME:n}
     */
    VaultStore open(String where, String point);
}
