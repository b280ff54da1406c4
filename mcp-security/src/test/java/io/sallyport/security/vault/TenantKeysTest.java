package io.sallyport.security.vault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.security.vault.VaultStore.Ring;
import io.sallyport.security.vault.VaultStore.WrappedKey;
import io.sallyport.spi.StoreUnavailableException;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** Who owns keys that are in memory, and what becomes of them. */
class TenantKeysTest {

    private final VaultStore store = new InMemoryVaultStore();
    private final SpyingKek kek = new SpyingKek();
    private final TenantKeys keys = keys();

    private TenantKeys keys() {
        return new TenantKeys(store, kek, new SecureRandom(), InstantSource.system());
    }

    /** Keeps the very bytes that it is given and that it gives. */
    private static final class SpyingKek implements KekProvider {

        private final KekProvider real = LocalKeks.random(LocalKeks.SUN);
        private final List<byte[]> given = new ArrayList<>();
        private final List<byte[]> unwrapped = new ArrayList<>();
        private Runnable meanwhile = () -> {};

        @Override
        public String current() {
            return real.current();
        }

        @Override
        public Wrapped wrap(byte[] dataKey, byte[] context) throws KekUnavailableException {
            given.add(dataKey);
            return real.wrap(dataKey, context);
        }

        @Override
        public Optional<byte[]> unwrap(String kek, byte[] wrapped, byte[] context) throws KekUnavailableException {
            Optional<byte[]> dataKey = real.unwrap(kek, wrapped, context);
            dataKey.ifPresent(unwrapped::add);
            meanwhile.run();
            return dataKey;
        }
    }

    @Test
    void aNewKeyIsErasedAsSoonAsItIsWrapped() throws Exception {
        keys.begin("acme");
        keys.newKey("acme");

        assertThat(kek.given).hasSize(2).allSatisfy(bytes -> assertThat(bytes).containsOnly(0));
    }

    @Test
    void aTenantThatIsShreddedWhileItBeginsBeginsAgain() throws Exception {
        VaultStore shreddedOnce = new ForwardingVaultStore(store) {
            private boolean isShredded;

            @Override
            public boolean replaceRing(
                    String tenant, long expectedVersion, List<WrappedKey> keys, OptionalLong unused) {
                boolean replaced = super.replaceRing(tenant, expectedVersion, keys, unused);
                if (!isShredded) {
                    isShredded = true;
                    new Shredder(store, InstantSource.system()).shred(tenant);
                }
                return replaced;
            }
        };
        TenantKeys begins = new TenantKeys(shreddedOnce, kek, new SecureRandom(), InstantSource.system());

        begins.begin("acme");

        assertThat(store.ring("acme").keys())
                .extracting(WrappedKey::state)
                .containsExactly(KeyState.DESTROYED, KeyState.PRIMARY);
    }

    @Test
    void aStoreThatHasGoneBackIsSaidToHave() throws Exception {
        VaultStore backup = new InMemoryVaultStore();
        AtomicReference<VaultStore> used = new AtomicReference<>(store);
        VaultStore restored = new ForwardingVaultStore(store) {
            @Override
            public Ring ring(String tenant) {
                return used.get().ring(tenant);
            }
        };
        new TenantKeys(backup, kek, new SecureRandom(), InstantSource.system()).begin("acme");
        keys.begin("globex");
        TenantKeys lives = new TenantKeys(restored, kek, new SecureRandom(), InstantSource.system());
        lives.begin("acme");

        used.set(backup);

        assertThatThrownBy(() -> lives.lookUp("acme"))
                .isInstanceOf(StoreUnavailableException.class)
                .hasMessageContaining("gone back from version 2 to 1")
                .hasMessageContaining("restart");
    }

    @Test
    void allAreErasedWhenItIsClosed() throws Exception {
        keys.begin("acme");
        keys.begin("globex");
        assertThat(kek.unwrapped)
                .hasSize(2)
                .allSatisfy(bytes -> assertThat(bytes).isNotEqualTo(new byte[DataKey.BYTES]));

        keys.close();
        keys.close();

        assertThat(kek.unwrapped).allSatisfy(bytes -> assertThat(bytes).containsOnly(0));
    }

    @Test
    void whatIsInNoRingAnyMoreIsErasedTooWhileSomebodyHasIt() throws Exception {
        DataKey held = keys.begin("acme").primary();
        keys.forget("acme");

        keys.close();

        assertThatIllegalStateException().isThrownBy(() -> held.use(bytes -> bytes));
        assertThat(kek.unwrapped.get(0)).containsOnly(0);
    }

    @Test
    void whatIsUnwrappedWhileItIsClosedIsErasedAndNotGivenOut() throws Exception {
        keys.begin("acme");
        TenantKeys others = keys();
        kek.meanwhile = others::close;

        assertThatIllegalStateException().isThrownBy(() -> others.lookUp("acme"));

        assertThat(kek.unwrapped.get(1)).containsOnly(0);
    }

    @Test
    void noneIsGivenOutAfterwards() throws Exception {
        keys.begin("acme");

        keys.close();

        assertThatIllegalStateException().isThrownBy(() -> keys.known("acme")).withMessage("the vault was closed");
        assertThatIllegalStateException().isThrownBy(() -> keys.lookUp("acme"));
        assertThatIllegalStateException().isThrownBy(() -> keys.begin("acme"));
    }

    @Test
    void whatWasMadeOfAKeyWhileItWasErasedIsNotUsed() throws Exception {
        DataKey key = keys.begin("acme").primary();

        assertThatIllegalStateException()
                .isThrownBy(() -> key.use(bytes -> {
                    keys.close();
                    return bytes;
                }));
    }
}
