package io.sallyport.security.vault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeyTextTest {

    private static final byte[] KEY = LocalKeks.randomKey();
    private static final String HEX = HexFormat.of().formatHex(KEY);
    private static final String BASE64 = Base64.getEncoder().encodeToString(KEY);

    private static byte[] read(byte[] text) throws KekUnavailableException {
        return KeyText.read(text, true, "the file");
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    @Test
    void thirtyTwoBytesAreAKey() throws Exception {
        assertThat(read(KEY)).isEqualTo(KEY).isNotSameAs(KEY);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "\n", "\r\n"})
    void hexAndBase64AreKeysWhateverEndsTheirLine(String end) throws Exception {
        assertThat(read(bytes(HEX + end))).isEqualTo(KEY);
        assertThat(read(bytes(HEX.toUpperCase(Locale.ROOT) + end))).isEqualTo(KEY);
        assertThat(read(bytes(BASE64 + end))).isEqualTo(KEY);
    }

    @Test
    void anEnvironmentVariableHoldsNoRawBytes() {
        assertThatThrownBy(() -> KeyText.read(KEY, false, "the variable"))
                .isInstanceOf(KekUnavailableException.class)
                .hasMessageStartingWith("the variable has 32 bytes, fewer than a key");
    }

    private static void isRefused(String text, String why) {
        assertThatThrownBy(() -> read(bytes(text)))
                .isInstanceOf(KekUnavailableException.class)
                .hasMessageStartingWith("the file ")
                .hasMessageContaining(why);
    }

    @Test
    void nothingIsNoKey() {
        isRefused("", "is empty");
        isRefused("\n", "has 0 bytes");
    }

    @Test
    void whatWasNotWrittenToItsEndIsNoKey() {
        isRefused(HEX.substring(0, 63), "has 63 bytes, fewer than a key");
        isRefused(BASE64.substring(0, 43), "has 43 bytes, fewer than a key");
        isRefused(HEX.substring(0, 30), "has 30 bytes, fewer than a key");
        isRefused("\0".repeat(32), "one byte over and over");
        isRefused("0".repeat(64), "one byte over and over");
    }

    @Test
    void whatIsLongerIsNoKey() {
        isRefused(HEX + "0", "more bytes than a key");
        isRefused(HEX + "\n\n", "more bytes than a key");
    }

    @Test
    void halfAKeyInHexAndAPasswordAreNoKeys() {
        isRefused(HEX.substring(0, 32), "32 characters of text");
        isRefused("correct horse battery staple 123", "32 characters of text");
    }

    @Test
    void othersThanTheCharactersOfHexAndBase64AreNone() {
        isRefused("g" + HEX.substring(1), "not those of hex");
        isRefused(HEX.substring(0, 63) + "\u00b2", "not those of hex");
        isRefused("*" + BASE64.substring(1), "not those of base64");
        isRefused("A".repeat(42) + "==", "not those of base64");
        isRefused("A".repeat(44), "not those of base64");
    }

    @Test
    void noErrorTellsAnythingOfTheKey() {
        for (String text :
                List.of(HEX + "0", HEX.substring(1), "*" + BASE64.substring(1), HEX.substring(0, 63) + "x")) {
            for (Throwable error = catchThrowable(() -> read(bytes(text))); error != null; error = error.getCause()) {
                assertThat(error.toString()).doesNotContain(HEX.substring(4, 10), BASE64.substring(4, 10));
                assertThat(error).hasNoCause();
            }
        }
    }
}
