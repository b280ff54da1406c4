package io.sallyport.spi;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every {@link Sealer} must do. An implementation's test implements this and gets the tests with it. */
public interface SealerContract {

    byte[] CONTEXT = "context".getBytes(UTF_8);

    /** Returns a sealer; another one, with keys of its own, each time. */
    Sealer open();

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 15, 16, 17, 100_000})
    default void whatWasSealedOpens(int length) {
        Sealer sealer = open();
        byte[] plaintext = new byte[length];
        Arrays.fill(plaintext, (byte) 0xA5);

        byte[] sealed = sealer.seal("purpose", CONTEXT, plaintext);

        assertThat(sealer.open("purpose", CONTEXT, sealed))
                .hasValueSatisfying(opened -> assertThat(opened).isEqualTo(plaintext));
    }

    @Test
    default void nothingOfTheTextIsSeen() {
        byte[] plaintext = "a secret of some length".getBytes(UTF_8);
        Sealer sealer = open();

        byte[] once = sealer.seal("purpose", CONTEXT, plaintext);
        byte[] again = sealer.seal("purpose", CONTEXT, plaintext);

        assertThat(new String(once, UTF_8)).doesNotContain("secret");
        assertThat(once).isNotEqualTo(again);
    }

    @Test
    default void whatWasChangedDoesNotOpen() {
        Sealer sealer = open();
        byte[] sealed = sealer.seal("purpose", CONTEXT, "text".getBytes(UTF_8));

        for (int bit = 0; bit < sealed.length * 8; bit++) {
            byte[] changed = sealed.clone();
            changed[bit / 8] ^= (byte) (1 << bit % 8);
            assertThat(sealer.open("purpose", CONTEXT, changed))
                    .as("bit " + bit)
                    .isEmpty();
        }
    }

    @Test
    default void aPartOrMoreOfItDoesNotOpen() {
        Sealer sealer = open();
        byte[] sealed = sealer.seal("purpose", CONTEXT, "text".getBytes(UTF_8));

        for (int length = 0; length < sealed.length; length++) {
            assertThat(sealer.open("purpose", CONTEXT, Arrays.copyOf(sealed, length)))
                    .as("length " + length)
                    .isEmpty();
        }
        assertThat(sealer.open("purpose", CONTEXT, Arrays.copyOf(sealed, sealed.length + 1)))
                .isEmpty();
    }

    @Test
    default void itOpensForItsPurposeAndContextOnly() {
        Sealer sealer = open();
        byte[] sealed = sealer.seal("purpose", CONTEXT, "text".getBytes(UTF_8));

        assertThat(sealer.open("purposE", CONTEXT, sealed)).isEmpty();
        assertThat(sealer.open("purpose", "contexT".getBytes(UTF_8), sealed)).isEmpty();
        assertThat(sealer.open("purpose", new byte[0], sealed)).isEmpty();
        assertThat(sealer.open("purposec", "ontext".getBytes(UTF_8), sealed))
                .as("the border counts")
                .isEmpty();
        assertThat(sealer.open("purpos", "econtext".getBytes(UTF_8), sealed))
                .as("the border counts")
                .isEmpty();
    }

    @Test
    default void anotherSealerDoesNotOpenIt() {
        byte[] sealed = open().seal("purpose", CONTEXT, "text".getBytes(UTF_8));

        assertThat(open().open("purpose", CONTEXT, sealed)).isEmpty();
    }
}
