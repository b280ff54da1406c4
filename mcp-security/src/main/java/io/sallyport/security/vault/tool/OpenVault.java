package io.sallyport.security.vault.tool;

import io.sallyport.security.vault.KekUnavailableException;
import io.sallyport.security.vault.KeyState;
import io.sallyport.security.vault.SecretUnreadableException;
import io.sallyport.security.vault.Vault;
import io.sallyport.security.vault.Vault.SecretInfo;
import io.sallyport.security.vault.Vault.SecretState;
import io.sallyport.security.vault.VaultStore;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** A vault that the program has opened, with its store. */
final class OpenVault implements AutoCloseable {

    /** Others wait so long for a program that was killed; what it holds is not worth more. */
    private static final Duration LEASE = Duration.ofSeconds(5);

    private static final int AT_ONCE = 500;

    private final VaultStore store;
    private final Vault vault;

    private OpenVault(VaultStore store, Vault vault) {
        this.store = store;
        this.vault = vault;
    }

    /**
     * Opens one.
     *
     * @param sealedOpensFor for how long what was sealed for others has to open; only a rotation of those keys asks
     */
    static OpenVault open(Place place, KeyFiles keys, Optional<Duration> sealedOpensFor) throws Failure {
        VaultStore store = place.open();
        boolean opened = false;
        try {
            keys.requireOf(store);
            Vault.Builder builder = Vault.builder(store, keys.provider()).lease(LEASE);
            sealedOpensFor.ifPresent(builder::sealedOpensFor);
            Vault vault = builder.build();
            opened = true;
            return new OpenVault(store, vault);
        } finally {
            if (!opened) {
                store.close();
            }
        }
    }

    Vault vault() {
        return vault;
    }

    VaultStore store() {
        return store;
    }

    /** What is done with each secret. */
    interface Each {
        void secret(String tenant, SecretInfo info) throws KekUnavailableException, Failure;
    }

    void forEach(Each each) throws KekUnavailableException, Failure {
        for (String tenant : vault.tenants()) {
            forEach(tenant, each);
        }
    }

    void forEach(String tenant, Each each) throws KekUnavailableException, Failure {
        Optional<String> after = Optional.empty();
        while (true) {
            List<SecretInfo> page = vault.list(tenant, after, AT_ONCE);
            if (page.isEmpty()) {
                return;
            }
            for (SecretInfo info : page) {
                each.secret(tenant, info);
            }
            after = Optional.of(page.get(page.size() - 1).name());
        }
    }

    /** What there is of a secret. */
    enum Condition {
        NOT_THERE,
        GOOD,
        EXPIRED,
        UNREADABLE
    }

    Condition condition(String tenant, String name) throws KekUnavailableException {
        try {
            Optional<SecretState> state = vault.state(tenant, name);
            if (state.isEmpty()) {
                return Condition.NOT_THERE;
            }
            return state.get().expired() ? Condition.EXPIRED : Condition.GOOD;
        } catch (SecretUnreadableException e) {
            return Condition.UNREADABLE;
        }
    }

    boolean hasKeyIn(String tenant, KeyState state) {
        return store.ring(tenant).keys().stream().anyMatch(key -> key.state() == state);
    }

    @Override
    public void close() {
        vault.close();
        store.close();
    }
}
