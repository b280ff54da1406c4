package io.sallyport.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class AesSealerTest {

    private static final byte[] CONTEXT = bytes("/mcp");

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static SecretKey key() {
        byte[] bytes = new byte[32];
        new SecureRandom().nextBytes(bytes);
        return new SecretKeySpec(bytes, "AES");
    }

    @Property(tries = 200)
    void whatIsSealedOpensForTheSamePurposeAndContext(
            @ForAll String purpose, @ForAll byte[] context, @ForAll byte[] plain) {
        Sealer sealer = Sealer.ephemeral();

        assertThat(sealer.open(purpose, context, sealer.seal(purpose, context, plain)))
                .hasValueSatisfying(opened -> assertThat(opened).isEqualTo(plain));
    }

    @Test
    void nothingElseOpensIt() {
        Sealer sealer = Sealer.ephemeral();
        byte[] sealed = sealer.seal("a", bytes("bc"), bytes("x"));

        assertThat(sealer.open("b", bytes("bc"), sealed)).isEmpty();
        assertThat(sealer.open("a", bytes("bd"), sealed)).isEmpty();
        assertThat(sealer.open("ab", bytes("c"), sealed))
                .as("purpose and context are two things")
                .isEmpty();
        assertThat(Sealer.ephemeral().open("a", bytes("bc"), sealed)).isEmpty();
    }

    @Test
    void eachChangedBitIsNoticed() {
        Sealer sealer = Sealer.ephemeral();
        byte[] sealed = sealer.seal("a", CONTEXT, bytes("x"));
        for (int bit = 0; bit < sealed.length * Byte.SIZE; bit++) {
            byte[] changed = sealed.clone();
            changed[bit / Byte.SIZE] ^= (byte) (1 << bit % Byte.SIZE);

            assertThat(sealer.open("a", CONTEXT, changed)).as("bit %d", bit).isEmpty();
        }
    }

    @Test
    void whatIsTooShortOpensNot() {
        Sealer sealer = Sealer.ephemeral();
        byte[] sealed = sealer.seal("a", CONTEXT, new byte[0]);
        for (int length = 0; length < sealed.length; length++) {
            assertThat(sealer.open("a", CONTEXT, java.util.Arrays.copyOf(sealed, length)))
                    .isEmpty();
        }
        assertThat(sealer.open("a", CONTEXT, sealed)).isPresent();
    }

    @Test
    void theSameThingIsNeverSealedTheSameWay() {
        Sealer sealer = Sealer.ephemeral();

        assertThat(sealer.seal("a", CONTEXT, bytes("x"))).isNotEqualTo(sealer.seal("a", CONTEXT, bytes("x")));
    }

    @Test
    void keysRotateWithoutABreak() {
        SecretKey old = key();
        SecretKey fresh = key();
        Sealer before = Sealer.withKeys(old);
        Sealer knowsBoth = Sealer.withKeys(old, fresh);
        Sealer sealsFresh = Sealer.withKeys(fresh, old);
        Sealer after = Sealer.withKeys(fresh);
        byte[] sealedBefore = before.seal("a", CONTEXT, bytes("x"));
        byte[] sealedAfter = sealsFresh.seal("a", CONTEXT, bytes("x"));

        assertThat(knowsBoth.open("a", CONTEXT, sealedBefore)).isPresent();
        assertThat(knowsBoth.open("a", CONTEXT, sealedAfter)).isPresent();
        assertThat(sealsFresh.open("a", CONTEXT, sealedBefore)).isPresent();
        assertThat(after.open("a", CONTEXT, sealedAfter)).isPresent();
        assertThat(after.open("a", CONTEXT, sealedBefore)).as("its key is gone").isEmpty();
        assertThat(before.open("a", CONTEXT, knowsBoth.seal("a", CONTEXT, bytes("x"))))
                .as("the first key seals")
                .isPresent();
    }

    @Test
    void keysThatAreNoneAreRefused() {
        SecretKey key = key();

        assertThatThrownBy(() -> Sealer.withKeys(new SecretKeySpec(new byte[16], "AES")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("32 bytes")
                .hasMessageContaining("16 bytes");
        assertThatThrownBy(() -> Sealer.withKeys(key, key))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("twice");
    }
}
