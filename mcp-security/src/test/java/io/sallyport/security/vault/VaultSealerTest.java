package io.sallyport.security.vault;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.sallyport.security.vault.KeyRotation.End;
import io.sallyport.spi.Sealer;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class VaultSealerTest {

    private static final byte[] CONTEXT = {1, 2, (byte) 0xff};
    private static final byte[] PLAIN = "plain".getBytes(UTF_8);

    private final CountingStore store = new CountingStore(new InMemoryVaultStore());
    private final KekProvider kek = kek();
    private final AtomicReference<Instant> now = new AtomicReference<>(Instant.now());
    private final Vault vault = vault();
    private final Vault other = vault();

    private static KekProvider kek() {
        byte[] key = new byte[LocalKek.BYTES];
        new SecureRandom().nextBytes(key);
        return new LocalKek(Primitives.ofJdk(), List.of(key));
    }

    private Vault vault() {
        return Vault.builder(store, kek)
                .clock(now::get)
                .sealedOpensFor(Duration.ofHours(1))
                .build();
    }

    /** Returns one that learns nothing by itself: no thread of a vault looks for it. */
    private Sealer alone() throws KekUnavailableException {
        TenantKeys keys = new TenantKeys(store, CheckedKek.of(kek, LocalKeks.SUN), new SecureRandom(), now::get);
        VaultSealer sealer = new VaultSealer(keys, new Envelope(LocalKeks.SUN, new SecureRandom()));
        sealer.begin();
        return sealer;
    }

    @AfterEach
    void close() {
        vault.close();
        other.close();
    }

    @Test
    void whatOneNodeSealsTheOtherOpens() throws Exception {
        byte[] sealed = vault.sealer().seal("session", CONTEXT, PLAIN);

        assertThat(other.sealer().open("session", CONTEXT, sealed)).contains(PLAIN);
    }

    @Test
    void whatWasSealedForSomethingElseDoesNotOpen() throws Exception {
        Sealer sealer = vault.sealer();
        byte[] sealed = sealer.seal("session", CONTEXT, PLAIN);

        assertThat(sealer.open("state", CONTEXT, sealed)).isEmpty();
        assertThat(sealer.open("session", new byte[] {1, 2, (byte) 0xfe}, sealed))
                .isEmpty();
        assertThat(sealer.open("session", CONTEXT, new byte[200])).isEmpty();
    }

    @Test
    void whatWasSealedBeforeARotationOpensForAsLongAsWasPromised() throws Exception {
        Sealer sealer = vault.sealer();
        byte[] sealed = sealer.seal("session", CONTEXT, PLAIN);
        KeyRotation rotation = vault.rotation().build();

        assertThat(rotation.rotate(Vault.SEALER).end()).isEqualTo(End.WAITS_FOR_AGE);
        assertThat(sealer.open("session", CONTEXT, sealed)).contains(PLAIN);

        now.set(now.get().plus(Duration.ofHours(2)));
        assertThat(rotation.rotate(Vault.SEALER).end()).isEqualTo(End.DONE);
        vault.keys().refresh();
        assertThat(sealer.open("session", CONTEXT, sealed)).isEmpty();
    }

    @Test
    void aNodeThatHasMissedARotationOpensWhatWasSealedSince() throws Exception {
        Sealer late = alone();
        other.close();
        vault.sealer();
        vault.rotation().build().rotate(Vault.SEALER);

        assertThat(late.open("session", CONTEXT, vault.sealer().seal("session", CONTEXT, PLAIN)))
                .contains(PLAIN);
    }

    @Test
    void whoeverPresentsNamesOfKeysThatDoNotExistDoesNotKeepTheStoreBusy() throws Exception {
        Sealer sealer = alone();
        byte[] foreign = sealer.seal("session", CONTEXT, PLAIN);
        foreign[5] ^= 1;
        long before = store.rings();

        for (int i = 0; i < 1000; i++) {
            assertThat(sealer.open("session", CONTEXT, foreign)).isEmpty();
        }

        // One look a second; a thousand attempts take less than ten.
        assertThat(store.rings() - before).isBetween(1L, 10L);
    }

    @Test
    void sealingDoesNotAskTheStore() throws Exception {
        Sealer sealer = alone();
        long before = store.rings();

        for (int i = 0; i < 100; i++) {
            assertThat(sealer.open("session", CONTEXT, sealer.seal("session", CONTEXT, PLAIN)))
                    .contains(PLAIN);
        }

        assertThat(store.rings()).isEqualTo(before);
    }

    @Test
    void endsWithItsVault() throws Exception {
        Sealer sealer = vault.sealer();
        byte[] sealed = sealer.seal("session", CONTEXT, PLAIN);

        vault.close();

        assertThatIllegalStateException().isThrownBy(() -> sealer.seal("session", CONTEXT, PLAIN));
        assertThatIllegalStateException().isThrownBy(() -> sealer.open("session", CONTEXT, sealed));
        assertThat(other.sealer().open("session", CONTEXT, sealed)).contains(PLAIN);
    }
}
