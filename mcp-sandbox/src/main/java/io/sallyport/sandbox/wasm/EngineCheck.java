package io.sallyport.sandbox.wasm;

import io.sallyport.protocol.JsonValue;
import io.sallyport.sandbox.Cancellation;
import io.sallyport.sandbox.Execution;
import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Outcome;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.Adler32;
import java.util.zip.CRC32;
import java.util.zip.Checksum;

/**
 * Whether an interpreter computes what Java computes. JDKs have been known to compile the large methods of such engines
 * wrongly, without a word; an interpreter that errs is not one to rely upon. This sees how the engine is executed at the
 * start, which is not how it is when the JIT has compiled all of it.
 */
final class EngineCheck {

    private static final int[] INTS = {
        0,
        1,
        -1,
        2,
        -2,
        Integer.MAX_VALUE,
        Integer.MIN_VALUE,
        0x7FFF,
        0x8000,
        0xFFFF,
        0x10000,
        0x80000001,
        0x55555555,
        -3
    };

    private static final String[] DOUBLES = {
        "-0.0",
        "0.1",
        "-2.5",
        "1e308",
        "3.141592653589793",
        "5e-324",
        "9007199254740991",
        "123456.789e-20",
        "4294967296.5"
    };

    private final byte[] data = new byte[256];
    private final BigInteger a;
    private final BigInteger b;
    private final BigInteger m;

    EngineCheck() {
        // The same each time: what fails once must fail again.
        Random random = new Random(20260728);
        random.nextBytes(data);
        this.a = new BigInteger(500, random);
        this.b = new BigInteger(130, random).setBit(129);
        this.m = new BigInteger(200, random).setBit(0);
    }

    /**
     * Has an interpreter compute, and compares.
     *
     * @throws IllegalStateException if it is wrong
     * @throws InterruptedException if the thread was interrupted
     */
    void check(Language language, Interpreter interpreter) throws InterruptedException {
        check(language, interpreter, expected(language));
    }

    void check(Language language, Interpreter interpreter, Map<String, String> expected) throws InterruptedException {
        Execution execution = Execution.of(language, code(language))
                .inputs(JsonValue.trusted(inputs()))
                .build();
        Outcome outcome = Run.inCopyOf(interpreter, execution).toItsEnd(new Cancellation());
        JsonValue found = outcome.value()
                .orElseThrow(() -> new IllegalStateException("the " + language.word()
                        + " interpreter does not pass its self-test: " + outcome.status() + ", " + outcome.error()));
        expected.forEach((name, value) -> {
            String computed = found.getString(name).orElse("nothing");
            if (!computed.equals(value)) {
                throw new IllegalStateException("the " + language.word() + " interpreter computes wrongly on this JVM ("
                        + System.getProperty("java.vm.version") + "): " + name + " must be " + value + ", but was "
                        + computed);
            }
        });
    }

    private static String code(Language language) {
        String name = language == Language.PYTHON ? "arithmetic.py" : "arithmetic.js";
        return new String(Snapshot.resource(name), StandardCharsets.UTF_8);
    }

    private String inputs() {
        return "{\"data\":\"" + hex(data) + "\",\"a\":\"" + a + "\",\"b\":\"" + b + "\",\"m\":\"" + m + "\",\"ints\":"
                + quoted(Arrays.stream(INTS).mapToObj(String::valueOf)) + ",\"doubles\":" + quoted(Stream.of(DOUBLES))
                + "}";
    }

    private static String quoted(Stream<String> texts) {
        return texts.map(text -> "\"" + text + "\"").collect(Collectors.joining(",", "[", "]"));
    }

    /** Returns what Java computes. */
    Map<String, String> expected(Language language) {
        Map<String, String> expected = new TreeMap<>();
        if (language == Language.PYTHON) {
            // JavaScript has none of its own.
            expected.put("sha-256", hash("SHA-256"));
            expected.put("sha-512", hash("SHA-512"));
            expected.put("words in order", wordsInOrder());
        }
        expected.put("crc-32", sum(new CRC32()));
        expected.put("adler-32", sum(new Adler32()));
        expected.put("product", a.multiply(b).toString());
        expected.put("quotient", a.divide(b).toString());
        expected.put("remainder", a.mod(b).toString());
        expected.put("power", a.modPow(b, m).toString());
        expected.put("shift", a.shiftRight(67).toString());
        double[] doubles = Stream.of(DOUBLES).mapToDouble(Double::parseDouble).toArray();
        expected.put("parsed doubles", joined(Arrays.stream(doubles).mapToObj(EngineCheck::bits)));
        expected.put(
                "divided doubles",
                joined(IntStream.range(1, doubles.length).mapToObj(i -> bits(doubles[i - 1] / doubles[i]))));
        expected.put(
                "truncated doubles",
                joined(Arrays.stream(doubles)
                        .filter(x -> Math.abs(x) < 0x1p53)
                        .mapToObj(x -> String.valueOf((long) x))));
        expected.put("int products", joined(pairs().mapToObj(i -> String.valueOf(INTS[i] * other(i)))));
        expected.put(
                "unsigned order",
                joined(pairs().mapToObj(i -> Integer.compareUnsigned(INTS[i], other(i)) < 0 ? "1" : "0")));
        expected.put("bytes in order", bytesInOrder());
        return expected;
    }

    private static IntStream pairs() {
        return IntStream.range(0, INTS.length);
    }

    private static int other(int i) {
        return INTS[INTS.length - 1 - i];
    }

    private String hash(String algorithm) {
        try {
            return hex(MessageDigest.getInstance(algorithm).digest(data));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("a JDK without " + algorithm, e);
        }
    }

    private String sum(Checksum checksum) {
        checksum.update(data);
        return String.valueOf(checksum.getValue());
    }

    private String bytesInOrder() {
        Byte[] bytes = new Byte[data.length];
        Arrays.setAll(bytes, i -> data[i]);
        Arrays.sort(bytes, Byte::compareUnsigned);
        return Arrays.stream(bytes).map(it -> String.format("%02x", it)).collect(Collectors.joining());
    }

    private String wordsInOrder() {
        return joined(IntStream.range(0, data.length / 4)
                .mapToObj(i -> Arrays.copyOfRange(data, 4 * i, 4 * i + 4))
                .sorted(Arrays::compareUnsigned)
                .map(EngineCheck::hex));
    }

    private static String bits(double number) {
        return String.format("%016x", Double.doubleToLongBits(number));
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    private static String joined(Stream<String> texts) {
        return texts.collect(Collectors.joining(","));
    }
}
