package io.sallyport.security.vault;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.testing.CapturedLog;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** All ways that data keys are wrapped, on two providers of cryptography. */
class LocalKekTest {

    private static final byte[] KEY =
            HexFormat.of().parseHex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");

    private static final byte[] DATA_KEY =
            HexFormat.of().parseHex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");

    private static final byte[] CONTEXT = {1, 2};

    private static final String WRAPPED =
            "061332ef5179fc2794dc485e7cf79aa44f52792f2ec6e978bcf01222f53b9c031820bf1563460b88";

    @Nested
    class OnSunJce extends KekProviderContract {
        @Override
        protected KekProvider open() {
            return LocalKeks.random(LocalKeks.SUN);
        }
    }

    @Nested
    class OnBouncyCastle extends KekProviderContract {
        @Override
        protected KekProvider open() {
            return LocalKeks.random(LocalKeks.BOUNCY_CASTLE);
        }
    }

    @Nested
    class Several extends KekProviderContract {
        @Override
        protected KekProvider open() {
            return KekProviders.several(LocalKeks.random(LocalKeks.SUN), LocalKeks.random(LocalKeks.SUN));
        }
    }

    @Nested
    class Folder extends KekProviderContract {

        @TempDir
        private Path folder;

        private int keys;

        @Override
        protected KekProvider open() throws Exception {
            Path own = Files.createDirectory(folder.resolve("keys-" + keys++));
            KekProviders.createKeyFile(own.resolve("one"));
            return KekProviders.fromFolder(own, "one");
        }
    }

    @Nested
    class Checked extends KekProviderContract {

        /** A changed bit is not always the provider's fault, but always worth a line: here it is hundreds. */
        private final CapturedLog log = CapturedLog.of("io.sallyport.vault");

        @Override
        protected KekProvider open() {
            return CheckedKek.of(LocalKeks.random(LocalKeks.SUN), LocalKeks.SUN);
        }

        @AfterEach
        void closeLog() {
            log.close();
        }
    }

    @Test
    void whatOneProviderHasWrappedAnotherUnwraps() throws Exception {
        LocalKek one = new LocalKek(LocalKeks.SUN, List.of(KEY));
        LocalKek other = new LocalKek(LocalKeks.BOUNCY_CASTLE, List.of(KEY));
        byte[] dataKey = LocalKeks.randomKey();

        assertThat(other.unwrap(one.current(), one.wrap(dataKey, new byte[3]).bytes(), new byte[3]))
                .contains(dataKey);
        assertThat(one.unwrap(other.current(), other.wrap(dataKey, new byte[3]).bytes(), new byte[3]))
                .contains(dataKey);
    }

    /** Computed apart from this code, in Python. */
    @Test
    void theFormatStays() throws Exception {
        LocalKek kek = new LocalKek(LocalKeks.SUN, List.of(KEY));

        assertThat(kek.current()).isEqualTo("local-307b073e2ccfb006");
        assertThat(kek.wrap(DATA_KEY, CONTEXT).bytes()).isEqualTo(HexFormat.of().parseHex(WRAPPED));
        assertThat(CheckedKek.of(kek, LocalKeks.SUN).wrap(DATA_KEY, CONTEXT).bytes())
                .isEqualTo(HexFormat.of()
                        .parseHex("01" + "1fa4faf92ec2fac84890924b8b1b8e193489d76276573aebaa13b5ca9e62751e" + WRAPPED));
    }

    @Test
    void aNameTellsNothingOfItsKey() {
        assertThat(new LocalKek(LocalKeks.SUN, List.of(KEY)).current())
                .hasSize("local-".length() + 16)
                .doesNotContain("00010203");
    }
}
