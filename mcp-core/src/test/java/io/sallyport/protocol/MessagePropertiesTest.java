package io.sallyport.protocol;

import static io.sallyport.protocol.Wire.parse;
import static io.sallyport.protocol.Wire.utf8;
import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.JsonTree.Obj;
import io.sallyport.testing.Incident;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.statistics.Statistics;
import net.jqwik.api.statistics.StatisticsCoverage;

class MessagePropertiesTest {

    @Provide
    Arbitrary<Obj> messages() {
        return JsonTrees.messages();
    }

    @Provide
    Arbitrary<JsonTree> values() {
        return JsonTrees.values();
    }

    @Provide
    Arbitrary<JsonTree> ids() {
        return JsonTrees.ids();
    }

    @Property
    @Incident("S85")
    void everyWayToWriteAMessageIsAcceptedAndReadAsJacksonReadsIt(@ForAll("messages") Obj tree, @ForAll Random style) {
        byte[] bytes = utf8(tree.render(style));

        Message message = parse(bytes, MessageLimits.forClients());

        assertThat(Json.read(message.get(Part.MESSAGE).orElseThrow()))
                .isEqualTo(StrictJackson.read(bytes).orElseThrow().tree())
                .isEqualTo(tree.toJdk());
    }

    @Property
    void whatIsLookedAtIsWhatAWholeReaderSees(@ForAll("messages") Obj tree, @ForAll Random style) {
        Message message = parse(tree.render(style));

        for (Part part : Part.values()) {
            Object expected = partOf(part, tree.toJdk());
            assertThat(message.get(part).map(JsonValue::toObject).orElse(null)).isEqualTo(expected);
            if (expected instanceof Map<?, ?> members) {
                members.forEach((name, value) -> {
                    JsonValue found = message.get(part, String.valueOf(name)).orElseThrow();
                    assertThat(found.toObject()).isEqualTo(value);
                    assertThat(message.getString(part, String.valueOf(name)).orElse(null))
                            .isEqualTo(value instanceof String text ? text : null);
                });
            }
            assertThat(message.get(part, "absent")).isEmpty();
        }
    }

    @Property
    void walkOverAValueSeesWhatJacksonSees(@ForAll("values") JsonTree tree, @ForAll Random style) {
        String json = tree.render(style);

        JsonValue value = Wire.value(json);

        assertThat(walk(value)).isEqualTo(tree.toJdk());
        assertThat(value.toJson()).isEqualTo(json.strip());
    }

    @Property
    void writtenTreeIsReadBack(@ForAll("values") JsonTree tree) {
        Object jdk = finite(tree.toJdk());

        assertThat(Wire.value(Json.write(jdk)).toObject()).isEqualTo(jdk);
    }

    @Property
    void idIsEchoedByteForByte(@ForAll("ids") JsonTree id, @ForAll Random style) {
        StringBuilder token = new StringBuilder();
        id.write(token, style);
        Request request = (Request) parse("{\"method\":\"m\",\"id\":" + token + ",\"jsonrpc\":\"2.0\"}");

        assertThat(request.id().token()).isEqualTo(token.toString());
        assertThat(Response.result(request.id(), Map.of()).toJson())
                .isEqualTo("{\"jsonrpc\":\"2.0\",\"id\":" + token + ",\"result\":{}}");
    }

    @Property
    void messageOnOneLineIsTheSameTreeWithoutLineBreaks(@ForAll("messages") Obj tree, @ForAll Random style) {
        String json = tree.render(style);
        Message message = parse(json);

        Message line = message.onOneLine();

        assertThat(message.envelope.hasLineBreaks).isEqualTo(json.contains("\n") || json.contains("\r"));
        assertThat(line.toJson()).doesNotContain("\n", "\r").hasSameSizeAs(json);
        assertThat(Json.read(line.get(Part.MESSAGE).orElseThrow())).isEqualTo(tree.toJdk());
        assertThat(line.onOneLine()).isSameAs(line);
        assertThat(line.getClass()).isEqualTo(message.getClass());
    }

    @Property(tries = 3000)
    void damagedMessageIsAcceptedOnlyWhereJacksonAcceptsIt(
            @ForAll("messages") Obj tree, @ForAll Random style, @ForAll("damages") int damages) {
        byte[] bytes = utf8(tree.render(style));
        for (int i = 0; i < damages; i++) {
            bytes = damaged(bytes, style);
        }

        Statistics.collect(StrictJackson.compare(bytes));
        // Else we would compare nothing but refusals, or nothing but messages that the damage did not hurt.
        Statistics.coverage(MessagePropertiesTest::seesBothSides);
    }

    @Provide
    Arbitrary<Integer> damages() {
        return Arbitraries.integers().between(1, 3);
    }

    private static void seesBothSides(StatisticsCoverage coverage) {
        coverage.check("both accept").percentage(percent -> percent > 4);
        coverage.check("both refuse").percentage(percent -> percent > 4);
        coverage.check("no message").percentage(percent -> percent > 1);
    }

    private static byte[] damaged(byte[] bytes, Random random) {
        int at = random.nextInt(bytes.length);
        switch (random.nextInt(5)) {
            case 0 -> {
                byte[] flipped = bytes.clone();
                flipped[at] ^= (byte) (1 << random.nextInt(8));
                return flipped;
            }
            case 1 -> {
                return Wire.join(
                        Arrays.copyOf(bytes, at),
                        new byte[] {(byte) random.nextInt(256)},
                        Arrays.copyOfRange(bytes, at, bytes.length));
            }
            case 2 -> {
                String pieces = "{}[],:\"\\ \n0-.eE'";
                return Wire.join(
                        Arrays.copyOf(bytes, at),
                        utf8(pieces.substring(random.nextInt(pieces.length())).substring(0, 1)),
                        Arrays.copyOfRange(bytes, at, bytes.length));
            }
            case 3 -> {
                if (bytes.length == 1) {
                    return bytes;
                }
                return Wire.join(Arrays.copyOf(bytes, at), Arrays.copyOfRange(bytes, at + 1, bytes.length));
            }
            default -> {
                // Repeats a stretch, as a faulty buffer would; makes duplicate names.
                int end = Math.min(bytes.length, at + 1 + random.nextInt(20));
                return Wire.join(Arrays.copyOf(bytes, end), Arrays.copyOfRange(bytes, at, bytes.length));
            }
        }
    }

    private static Object partOf(Part part, Object message) {
        if (part == Part.MESSAGE) {
            return message;
        }
        return partOf(part.parent(), message) instanceof Map<?, ?> parent ? parent.get(part.memberName()) : null;
    }

    /** Reads a value through nothing but {@link JsonValue} itself. */
    private static Object walk(JsonValue value) {
        return switch (value.kind()) {
            case OBJECT -> {
                Map<String, Object> map = new LinkedHashMap<>();
                value.members().forEach((name, member) -> {
                    assertThat(value.get(name).orElseThrow().toJson()).isEqualTo(member.toJson());
                    map.put(name, walk(member));
                });
                yield map;
            }
            case ARRAY -> {
                List<Object> list = new ArrayList<>();
                value.elements().forEach(element -> list.add(walk(element)));
                yield list;
            }
            case STRING -> value.asString().orElseThrow();
            case BOOLEAN -> value.asBoolean().orElseThrow();
            case NULL -> null;
            case NUMBER -> {
                Object number = new JsonTree.Num(value.toJson()).toJdk();
                if (number instanceof Integer || number instanceof Long) {
                    assertThat(value.asLong()).hasValue(((Number) number).longValue());
                }
                yield number;
            }
        };
    }

    /** Replaces what JSON cannot say: a number whose exponent is too large for a double is read as infinite. */
    private static Object finite(Object value) {
        if (value instanceof Map<?, ?> map) {
            Map<Object, Object> copy = new LinkedHashMap<>();
            map.forEach((name, member) -> copy.put(name, finite(member)));
            return copy;
        }
        if (value instanceof List<?> list) {
            return new ArrayList<>(
                    list.stream().map(MessagePropertiesTest::finite).toList());
        }
        return value instanceof Double number && number.isInfinite() ? Double.valueOf(1.0) : value;
    }
}
