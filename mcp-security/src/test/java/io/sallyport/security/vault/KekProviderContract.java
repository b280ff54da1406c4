package io.sallyport.security.vault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every provider of key-encryption keys does. */
public abstract class KekProviderContract {

    private static final byte[] CONTEXT = {0, 1, 2};

    private final byte[] dataKey = new byte[32];
    private KekProvider kek;

    /** Returns a provider with a new key. */
    protected abstract KekProvider open() throws Exception;

    @BeforeEach
    void openProvider() throws Exception {
        new SecureRandom().nextBytes(dataKey);
        kek = open();
    }

    private byte[] wrapped() throws KekUnavailableException {
        return kek.wrap(dataKey.clone(), CONTEXT).bytes();
    }

    private boolean unwraps(byte[] wrapped) throws KekUnavailableException {
        return kek.unwrap(kek.current(), wrapped, CONTEXT).isPresent();
    }

    @Test
    void whatWasWrappedUnwraps() throws Exception {
        assertThat(kek.unwrap(kek.current(), wrapped(), CONTEXT)).contains(dataKey);
    }

    @Test
    void whatIsWrappedIsNotTooLong() throws Exception {
        assertThat(wrapped()).hasSizeLessThanOrEqualTo(4096 + 33);
    }

    @Test
    void theDataKeyIsNotInWhatWasWrapped() throws Exception {
        assertThat(HexFormat.of().formatHex(wrapped()))
                .doesNotContain(HexFormat.of().formatHex(dataKey, 0, 8));
    }

    @Test
    void theNameStays() throws Exception {
        String name = kek.current();
        wrapped();

        assertThat(kek.current()).isEqualTo(name).isNotBlank();
    }

    @Test
    void whatWasWrappedSaysByWhichKey() throws Exception {
        KekProvider.Wrapped wrapped = kek.wrap(dataKey.clone(), CONTEXT);

        assertThat(wrapped.kek()).isEqualTo(kek.current());
        assertThat(kek.unwrap(wrapped.kek(), wrapped.bytes(), CONTEXT)).contains(dataKey);
    }

    @Test
    void nothingUnwrapsForAnotherContext() throws Exception {
        assertThat(kek.unwrap(kek.current(), wrapped(), new byte[] {0, 1})).isEmpty();
        assertThat(kek.unwrap(kek.current(), wrapped(), new byte[] {0, 1, 3})).isEmpty();
        assertThat(kek.unwrap(kek.current(), wrapped(), new byte[0])).isEmpty();
    }

    @Test
    void nothingUnwrapsByAnotherKey() throws Exception {
        KekProvider other = open();

        assertThat(other.unwrap(other.current(), wrapped(), CONTEXT)).isEmpty();
    }

    @Test
    void aKeyThatIsNotThereIsSaidNotToBe() throws Exception {
        String name = open().current();

        assertThatThrownBy(() -> kek.unwrap(name, wrapped(), CONTEXT))
                .isInstanceOf(KekUnavailableException.class)
                .hasMessageContaining(name);
    }

    @Test
    void nothingUnwrapsOfWhichAnyBitWasChanged() throws Exception {
        byte[] wrapped = wrapped();

        for (int bit = 0; bit < wrapped.length * Byte.SIZE; bit++) {
            byte[] changed = wrapped.clone();
            changed[bit / Byte.SIZE] ^= (byte) (1 << bit % Byte.SIZE);
            assertThat(unwraps(changed)).as("bit %s", bit).isFalse();
        }
    }

    @Test
    void nothingUnwrapsThatWasCutOffAnywhere() throws Exception {
        byte[] wrapped = wrapped();

        for (int length = 0; length < wrapped.length; length++) {
            assertThat(unwraps(Arrays.copyOf(wrapped, length)))
                    .as("%s bytes", length)
                    .isFalse();
            assertThat(unwraps(Arrays.copyOfRange(wrapped, wrapped.length - length, wrapped.length)))
                    .as("the last %s bytes", length)
                    .isFalse();
        }
    }

    @Test
    void nothingUnwrapsThatIsLonger() throws Exception {
        byte[] wrapped = wrapped();

        for (int more = 1; more <= 16; more++) {
            assertThat(unwraps(Arrays.copyOf(wrapped, wrapped.length + more)))
                    .as("%s bytes more", more)
                    .isFalse();
        }
    }
}
