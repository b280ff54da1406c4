package io.sallyport.security.vault;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.security.vault.KeyRotation.End;
import io.sallyport.testing.Incident;
import io.sallyport.testing.Waiting;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class VaultNodeTest {

    private final VaultStore store = new InMemoryVaultStore();
    private final BreakableKek breakable = new BreakableKek();
    private final Vault vault = Vault.builder(store, breakable.whole).build();
    private final CountDownLatch otherLives = new CountDownLatch(1);
    private final Vault other =
            Vault.builder(watched(), breakable).lease(Duration.ofSeconds(1)).build();

    /** Returns the store, which tells when the other vault has said in it that it lives. */
    private VaultStore watched() {
        return (VaultStore) Proxy.newProxyInstance(
                VaultStore.class.getClassLoader(), new Class<?>[] {VaultStore.class}, (proxy, method, arguments) -> {
                    try {
                        return method.invoke(store, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    } finally {
                        if (method.getName().equals("beat")) {
                            otherLives.countDown();
                        }
                    }
                });
    }

    /** Can be told to be down. */
    private static final class BreakableKek implements KekProvider {

        private final KekProvider whole;
        private volatile boolean isDown;

        BreakableKek() {
            byte[] key = new byte[LocalKek.BYTES];
            new SecureRandom().nextBytes(key);
            whole = new LocalKek(Primitives.ofJdk(), List.of(key));
        }

        @Override
        public String current() {
            return whole.current();
        }

        @Override
        public Wrapped wrap(byte[] dataKey, byte[] context) throws KekUnavailableException {
            if (isDown) {
                throw new KekUnavailableException("down");
            }
            return whole.wrap(dataKey, context);
        }

        @Override
        public Optional<byte[]> unwrap(String kek, byte[] wrapped, byte[] context) throws KekUnavailableException {
            if (isDown) {
                throw new KekUnavailableException("down");
            }
            return whole.unwrap(kek, wrapped, context);
        }
    }

    @AfterEach
    void close() {
        vault.close();
        other.close();
    }

    private static SecretValue secret(String text) {
        return SecretValue.of(text.toCharArray());
    }

    @Test
    @Incident("S124")
    void aRotationWaitsForANodeThatCannotLearnTheNewKeyAndGoesOnWhenItCan() throws Exception {
        vault.put("acme", "github", secret("one"));
        assertThat(other.get("acme", "github")).isPresent();
        assertThat(otherLives.await(10, TimeUnit.SECONDS)).isTrue();
        breakable.isDown = true;

        KeyRotation impatient = vault.rotation().patience(Duration.ofMillis(50)).build();
        assertThat(impatient.rotate("acme").end()).isEqualTo(End.WAITS_FOR_NODES);
        assertThat(other.get("acme", "github")).isPresent();

        breakable.isDown = false;
        assertThat(vault.rotation().build().rotate("acme").end()).isEqualTo(End.DONE);
        assertThat(other.get("acme", "github")).isPresent();
    }

    @Test
    void whoIsServedIsServedOnWhileTheKeyEncryptionKeyCannotBeHad() throws Exception {
        vault.put("acme", "github", secret("one"));
        assertThat(other.get("acme", "github")).isPresent();
        breakable.isDown = true;

        other.put("acme", "github", secret("two"));

        assertThat(other.get("acme", "github")).contains(secret("two"));
    }

    @Test
    void theKeysOfOneTenantAreKeptWhenAnotherOneHasNewOnes() throws Exception {
        vault.put("acme", "github", secret("one"));
        assertThat(other.get("acme", "github")).isPresent();
        breakable.isDown = true;

        vault.put("evil", "github", secret("two"));
        other.keys().refresh();

        assertThat(other.get("acme", "github")).isPresent();
    }

    @Test
    void aNodeThatHasEndedIsNotWaitedFor() {
        Waiting.until("both live", () -> store.oldestKnown().isPresent() ? true : null);

        vault.close();
        other.close();

        assertThat(store.oldestKnown()).isEmpty();
    }
}
