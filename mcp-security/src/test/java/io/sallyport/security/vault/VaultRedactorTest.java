package io.sallyport.security.vault;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.sallyport.security.vault.VaultRedactor.Registered;
import io.sallyport.spi.RedactingStream;
import io.sallyport.spi.SecretReference;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class VaultRedactorTest {

    /** Holds whatever encodings treat differently. */
    private static final String CANARY = "c4n/\"\\ +é=~*'<&\tZ_-end";

    private static final SecretReference REFERENCE = SecretReference.parse("secret://acme/github");

    private final VaultRedactor redactor = VaultRedactor.create();

    private Registered register(String value) {
        return redactor.register(REFERENCE, value.toCharArray());
    }

    /** The canary as different programs write it; what stands around it must remain. */
    static Stream<Map.Entry<String, String>> encodings() {
        Map<String, String> forms = new LinkedHashMap<>();
        forms.put("raw", CANARY);
        forms.put("JSON", "c4n/\\\"\\\\ +é=~*'<&\\tZ_-end");
        forms.put("JSON with \\/", "c4n\\/\\\"\\\\ +é=~*'<&\\tZ_-end");
        forms.put("JSON in ASCII", "c4n/\\\"\\\\ +\\u00e9=~*'<&\\tZ_-end");
        forms.put("JSON in ASCII, upper case", "c4n/\\\"\\\\ +\\u00E9=~*'<&\\tZ_-end");
        forms.put("JSON for HTML", "c4n/\\\"\\\\ +é=~*'\\u003c\\u0026\\tZ_-end");
        forms.put("JSON for HTML, upper case", "c4n/\\\"\\\\ +é=~*'\\u003C\\u0026\\tZ_-end");
        forms.put("JSON for HTML with quotes", "c4n/\\\"\\\\ +é\\u003d~*\\u0027\\u003c\\u0026\\tZ_-end");
        StringBuilder escaped = new StringBuilder();
        CANARY.chars().forEach(c -> escaped.append(String.format("\\u%04x", c)));
        forms.put("JSON escaped throughout", escaped.toString());
        forms.put("form", URLEncoder.encode(CANARY, UTF_8));
        forms.put("form, lower case", "c4n%2f%22%5c+%2b%c3%a9%3d%7e*%27%3c%26%09Z_-end");
        forms.put("URL", "c4n%2F%22%5C%20%2B%C3%A9%3D~%2A%27%3C%26%09Z_-end");
        forms.put("URL, lower case", "c4n%2f%22%5c%20%2b%c3%a9%3d~%2a%27%3c%26%09Z_-end");
        forms.put("encodeURIComponent", "c4n%2F%22%5C%20%2B%C3%A9%3D~*'%3C%26%09Z_-end");
        forms.put("encodeURI", "c4n/%22%5C%20+%C3%A9=~*'%3C&%09Z_-end");
        forms.put("hex", HexFormat.of().formatHex(CANARY.getBytes(UTF_8)));
        forms.put("hex, upper case", HexFormat.of().withUpperCase().formatHex(CANARY.getBytes(UTF_8)));
        return forms.entrySet().stream();
    }

    @ParameterizedTest
    @MethodSource("encodings")
    void takesTheValueOutInEachEncoding(Map.Entry<String, String> form) {
        register(CANARY);

        assertThat(redactor.redact("before " + form.getValue() + " after")).isEqualTo("before *** after");
    }

    @ParameterizedTest
    @MethodSource("encodings")
    void takesItOutWhereverAStreamIsCut(Map.Entry<String, String> form) {
        register(CANARY);
        byte[] text = ("before " + form.getValue() + " after").getBytes(UTF_8);
        for (int first = 0; first <= text.length; first++) {
            for (int second = first; second <= text.length; second += 1 + (second - first) / 8) {
                assertThat(through(redactor.stream(), text, first, second)).isEqualTo("before *** after");
            }
        }
    }

    private static String through(RedactingStream stream, byte[] text, int... cuts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        int at = 0;
        for (int cut : cuts) {
            out.writeBytes(stream.accept(text, at, cut - at));
            at = cut;
        }
        out.writeBytes(stream.accept(text, at, text.length - at));
        out.writeBytes(stream.finish());
        return out.toString(UTF_8);
    }

    @Test
    void takesItOutOfBase64AtEachAlignmentAndWhereverThatIsCut() {
        register(CANARY);
        for (String before : List.of("", "u", "us", "use", "user")) {
            for (String after : List.of("", ":", "::", ":::")) {
                byte[] around = (before + CANARY + after).getBytes(UTF_8);
                for (Base64.Encoder encoder : List.of(
                        Base64.getEncoder(),
                        Base64.getUrlEncoder(),
                        Base64.getUrlEncoder().withoutPadding())) {
                    byte[] text = encoder.encode(around);
                    for (int cut = 0; cut <= text.length; cut++) {
                        assertThat(through(redactor.stream(), text, cut))
                                .contains("***")
                                .hasSizeLessThan(3 + 4 * (before.length() + after.length()) / 3 + 8);
                    }
                }
            }
        }
    }

    @Test
    void takesItOutByteByByte() {
        register(CANARY);
        RedactingStream stream = redactor.stream();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte b : ("<" + CANARY + CANARY + ">").getBytes(UTF_8)) {
            out.writeBytes(stream.accept(new byte[] {b}, 0, 1));
        }
        out.writeBytes(stream.finish());

        assertThat(out.toString(UTF_8)).isEqualTo("<******>");
    }

    @Test
    void doesNotDependOnCutsWhereValuesOverlap() {
        redactor.register(SecretReference.parse("secret://a/one"), "abcabcabc".toCharArray());
        redactor.register(SecretReference.parse("secret://a/two"), "abcabcabcabcd".toCharArray());
        redactor.register(SecretReference.parse("secret://a/three"), "cabcxyz12".toCharArray());
        byte[] text = "-abcabcabcabcabcxyz12abcabcabcabcdd-abcabcab-".getBytes(UTF_8);
        String whole = redactor.redact(new String(text, UTF_8));

        assertThat(whole).isEqualTo("-******d-abcabcab-");
        for (int first = 0; first <= text.length; first++) {
            for (int second = first; second <= text.length; second++) {
                assertThat(through(redactor.stream(), text, first, second)).isEqualTo(whole);
            }
        }
    }

    @Test
    void doesNotDependOnCutsWhereAValueHoldsAnotherAndEndsWithTheBeginningOfAThird() {
        redactor.register(SecretReference.parse("secret://a/one"), "xxabcdefghij".toCharArray());
        redactor.register(SecretReference.parse("secret://a/two"), "abcdefgh".toCharArray());
        redactor.register(SecretReference.parse("secret://a/three"), "abcdefghijKLM".toCharArray());
        byte[] text = "-xxabcdefghij-".getBytes(UTF_8);
        for (int cut = 0; cut <= text.length; cut++) {
            assertThat(through(redactor.stream(), text, cut)).isEqualTo("-***-");
        }
    }

    @Test
    void keepsBackOnlyWhatMayBeTheBeginningOfAValue() {
        register("secret-value-1");
        RedactingStream stream = redactor.stream();
        byte[] text = "a prompt: secret-".getBytes(UTF_8);

        assertThat(new String(stream.accept(text, 0, text.length), UTF_8)).isEqualTo("a prompt: ");
    }

    @Test
    void findsAValueThatBecomesKnownInTheMiddleOfAStream() {
        register("secret-value-1");
        RedactingStream stream = redactor.stream();
        byte[] text = "secret-value-2".getBytes(UTF_8);
        String passed = new String(stream.accept(text, 0, 10), UTF_8);
        register("secret-value-2");

        assertThat(passed + new String(stream.accept(text, 10, 4), UTF_8) + new String(stream.finish(), UTF_8))
                .isEqualTo("***");
    }

    @Test
    void isIdleUntilThereIsAValue() {
        assertThat(redactor.isIdle()).isTrue();

        register(CANARY);

        assertThat(redactor.isIdle()).isFalse();
    }

    @Test
    void returnsTheVerySameTextIfNothingIsInIt() {
        register(CANARY);
        String text = "nothing, and half a pair: \uD800";

        assertThat(redactor.redact(text)).isSameAs(text);
    }

    @Test
    void refusesWhatIsTooShort() {
        assertThat(register("1234567")).isEqualTo(Registered.TOO_SHORT);
        assertThat(register("12345678")).isEqualTo(Registered.YES);
    }

    @Test
    void refusesWhatIsTooLong() {
        assertThat(register("x".repeat(VaultRedactor.MOST_CHARS + 1))).isEqualTo(Registered.TOO_LONG);
        assertThat(register("x".repeat(VaultRedactor.MOST_CHARS))).isEqualTo(Registered.YES);
    }

    @Test
    void refusesMoreValuesThanItHasRoomForAndKeepsThoseThatItHas() {
        VaultRedactor small = VaultRedactor.ofAtMost(2);
        small.register(SecretReference.parse("secret://a/one"), "value-one".toCharArray());
        small.register(SecretReference.parse("secret://a/two"), "value-two".toCharArray());

        assertThat(small.register(SecretReference.parse("secret://a/three"), "value-three".toCharArray()))
                .isEqualTo(Registered.FULL);
        assertThat(small.register(SecretReference.parse("secret://a/one"), "value-one".toCharArray()))
                .isEqualTo(Registered.YES);
        assertThat(small.redact("value-one value-two value-three")).isEqualTo("*** *** value-three");
        assertThat(small.size()).isEqualTo(2);
    }

    @Test
    void refusesMoreBytesThanItHasRoomForAndKeepsThoseThatItHas() {
        VaultRedactor small = new VaultRedactor(256, 1000);
        small.register(REFERENCE, "value-one".toCharArray());

        assertThat(small.register(REFERENCE, "0123456789".repeat(100).toCharArray()))
                .isEqualTo(Registered.FULL);
        assertThat(small.redact("value-one")).isEqualTo("***");
        assertThat(small.size()).isEqualTo(1);
    }

    @Test
    void looksForTheLastFourValuesOfASecret() {
        for (int i = 1; i <= 5; i++) {
            register("the value " + i);
        }

        assertThat(redactor.redact("the value 1, the value 2, the value 5")).isEqualTo("the value 1, ***, ***");
        assertThat(redactor.size()).isEqualTo(4);
    }

    @Test
    void findsNothingAfterItWasClosed() {
        register(CANARY);
        redactor.close();

        assertThat(redactor.isIdle()).isTrue();
        assertThat(redactor.redact(CANARY)).isEqualTo(CANARY);
    }

    @Test
    void showsHowManyValuesItKnowsAndNoneOfThem() {
        register("canary-1234");

        assertThat(redactor).hasToString("VaultRedactor[1 values]");
    }

    @Test
    void refusesAStrangeNumberOfValues() {
        assertThatIllegalArgumentException().isThrownBy(() -> VaultRedactor.ofAtMost(0));
        assertThatIllegalArgumentException().isThrownBy(() -> VaultRedactor.ofAtMost(10_001));
    }

    @Test
    void findsNothingInOrdinaryText() throws IOException {
        for (String value : List.of(
                "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
                "xoxb-17653672481-19874698323-pdFZKVeTuE8sk7oOHcBrzqgy",
                "9f86d081884c7d65",
                "hunter2!hunter2",
                "dGhlIHF1aWNrIGJyb3duIGZveA==",
                "correct horse battery staple")) {
            redactor.register(
                    SecretReference.parse("secret://a/" + Integer.toHexString(value.hashCode())), value.toCharArray());
        }
        int read = 0;
        try (Stream<Path> files = Files.walk(Path.of("..", "docs"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                String text = Files.readString(file);
                read += text.length();
                assertThat(redactor.redact(text)).as(file.toString()).isSameAs(text);
            }
        }
        System.out.println("redactor: ordinary text of " + read + " characters, nothing found");
        assertThat(read).isGreaterThan(20_000);
    }
}
