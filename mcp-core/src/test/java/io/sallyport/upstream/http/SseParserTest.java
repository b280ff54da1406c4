package io.sallyport.upstream.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SseParserTest {

    /** Writes down what a parser tells. */
    private static final class Log implements SseParser.Sink {

        private final List<String> lines = new ArrayList<>();

        @Override
        public void onEvent(String type, byte[] data, String lastEventId) {
            lines.add(type + "|" + new String(data, StandardCharsets.UTF_8) + "|" + lastEventId);
        }

        @Override
        public void onRetry(long millis) {
            lines.add("retry " + millis);
        }
    }

    private static List<String> parse(byte[] stream, int... cuts) throws SseParser.TooLargeException {
        Log log = new Log();
        SseParser parser = new SseParser(1000, log);
        int from = 0;
        for (int cut : cuts) {
            parser.feed(ByteBuffer.wrap(stream, from, cut - from));
            from = cut;
        }
        parser.feed(ByteBuffer.wrap(stream, from, stream.length - from));
        return log.lines;
    }

    private static List<String> parse(String stream) throws SseParser.TooLargeException {
        return parse(stream.getBytes(StandardCharsets.UTF_8));
    }

    @ParameterizedTest
    @ValueSource(strings = {"\n", "\r", "\r\n"})
    void takesEveryEndOfLine(String end) throws Exception {
        String stream = "data: one" + end + "data: two" + end + end + "data: three" + end + end;

        assertThat(parse(stream)).containsExactly("message|one\ntwo|", "message|three|");
    }

    @Test
    void readsAllFields() throws Exception {
        String stream = "\uFEFF: a comment\nevent: ping\nid: 7\nretry: 1500\nunknown: x\ndata\ndata:x\ndata:  y\n\n"
                + "data: next\n\n";

        assertThat(parse(stream)).containsExactly("retry 1500", "ping|\nx\n y|7", "message|next|7");
    }

    @Test
    void tellsOfAnEventThatCarriesOnlyItsId() throws Exception {
        assertThat(parse("id: 1\ndata:\n\nid: 2\n\n\n\n: x\n\n")).containsExactly("message||1", "message||2");
    }

    @Test
    void leavesAnEventThatDoesNotEndUntold() throws Exception {
        assertThat(parse("data: one\n\ndata: two\n")).containsExactly("message|one|");
    }

    @Test
    void forgetsWhereItWasWhenAnIdCannotBeSentBack() throws Exception {
        String tooLong = "x".repeat(SseParser.MAX_ID_BYTES + 1);

        assertThat(parse("id: 1\ndata: a\n\nid: " + tooLong + "\ndata: b\n\nid: \u00e9\ndata: c\n\n"))
                .containsExactly("message|a|1", "message|b|", "message|c|");
    }

    @Test
    void ignoresIdsWithNulAndRetriesThatAreNoNumbers() throws Exception {
        assertThat(parse("id: 1\nid: a\0b\nretry: 1x\nretry: -1\nretry: 12345678901234567890\nretry:\ndata: a\n\n"))
                .containsExactly("message|a|1");
    }

    @Test
    void doesNotTakeALongNameForAKnownOne() throws Exception {
        assertThat(parse("dataa: x\ndat: x\nDATA: x\ndata : x\n\n")).isEmpty();
    }

    @Test
    void holdsAsMuchDataAsAllowedAndNoMore() throws Exception {
        String most = "data: " + "x".repeat(499) + "\ndata: " + "x".repeat(500) + "\n";

        assertThat(parse(most + "\n")).hasSize(1);
        assertThatThrownBy(() -> parse(most + "data:\n\n")).isInstanceOf(SseParser.TooLargeException.class);
        assertThatThrownBy(() -> parse("data: " + "x".repeat(1001))).isInstanceOf(SseParser.TooLargeException.class);
    }

    @Test
    void takesATypeThatIsTooLongForNobodysOwn() throws Exception {
        assertThat(parse("event: " + "x".repeat(64) + "\ndata: a\n\n")).containsExactly("x".repeat(64) + "|a|");
        assertThat(parse("event: " + "x".repeat(65) + "\ndata: a\n\n")).containsExactly("too long|a|");
    }

    @Test
    void holdsNothingOfCommentsAndUnknownFields() throws Exception {
        assertThat(parse(":" + "x".repeat(5000) + "\nother: " + "x".repeat(5000) + "\ndata: a\n\n"))
                .containsExactly("message|a|");
    }

    @Property(tries = 500)
    void tellsTheSameHoweverTheStreamIsCut(
            @ForAll("streams") String stream, @ForAll @Size(max = 12) List<@IntRange(max = 1000) Integer> cuts)
            throws Exception {
        byte[] bytes = stream.getBytes(StandardCharsets.UTF_8);
        int[] sorted =
                cuts.stream().mapToInt(cut -> cut % (bytes.length + 1)).sorted().toArray();
        int[] everywhere =
                java.util.stream.IntStream.rangeClosed(0, bytes.length).toArray();

        List<String> expected = expected(stream);

        assertThat(parse(bytes)).isEqualTo(expected);
        assertThat(parse(bytes, sorted)).isEqualTo(expected);
        assertThat(parse(bytes, everywhere)).isEqualTo(expected);
    }

    @Provide
    Arbitrary<String> streams() {
        Arbitrary<String> pieces = Arbitraries.of(
                "data",
                "data:",
                "data: ",
                "id: ",
                "id",
                "event: ",
                "event:",
                "retry: ",
                "retry:",
                ":",
                ": ",
                "x",
                "y z",
                "12",
                "\n",
                "\n",
                "\n\n",
                "\r",
                "\r\n",
                "\r\n\r\n",
                "\uFEFF",
                "\u00e9",
                "other: 1",
                " ",
                "message");
        return pieces.list().ofMaxSize(40).map(list -> String.join("", list));
    }

    /** As the specification says it, on the whole stream at once. */
    private static List<String> expected(String stream) {
        List<String> told = new ArrayList<>();
        String text = stream.startsWith("\uFEFF") ? stream.substring(1) : stream;
        // What follows the last end of line is no line yet.
        String[] lines = text.split("\r\n|\r|\n", -1);
        List<String> data = new ArrayList<>();
        String type = "";
        String id = "";
        boolean any = false;
        for (int i = 0; i < lines.length - 1; i++) {
            String line = lines[i];
            if (line.isEmpty()) {
                if (any) {
                    told.add((type.isEmpty() ? "message" : type) + "|" + String.join("\n", data) + "|" + id);
                }
                data.clear();
                type = "";
                any = false;
                continue;
            }
            int colon = line.indexOf(':');
            String name = colon < 0 ? line : line.substring(0, colon);
            String value = colon < 0 ? "" : line.substring(colon + 1);
            value = value.startsWith(" ") ? value.substring(1) : value;
            switch (name) {
                case "data" -> data.add(value);
                // A type of more than 64 bytes is nobody's, and is not held.
                case "event" -> type = value.getBytes(StandardCharsets.UTF_8).length > 64 ? "too long" : value;
                case "id" -> id = value.matches("[ -~]*") ? value : "";
                case "retry" -> {
                    if (value.matches("[0-9]{1,9}")) {
                        told.add("retry " + Long.parseLong(value));
                    }
                }
                default -> {
                    // Ignored.
                }
            }
            any |= name.equals("data") || name.equals("event") || name.equals("id");
        }
        return told;
    }
}
