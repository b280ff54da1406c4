package io.sallyport.upstream.stdio;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.CharRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;

class LineSplitterTest {

    private final List<String> lines = new ArrayList<>();

    @Test
    void linesEndWithLfOrCrlfAndTheLastWithNothing() {
        LineSplitter splitter = splitter(11);

        assertThat(accept(splitter, "one\ntwo\r\n\n\r\nthree\rstill\nfo")).isTrue();
        assertThat(lines).containsExactly("one", "two", "three\rstill");

        assertThat(accept(splitter, "ur")).isTrue();
        assertThat(splitter.finish()).isTrue();
        assertThat(lines).containsExactly("one", "two", "three\rstill", "four");
    }

    @Test
    void theEndOfALineDoesNotCountAgainstItsLimit() {
        assertThat(accept(splitter(3), "abc\nabc\r\nabc\r")).isTrue();
        assertThat(lines).containsExactly("abc", "abc");
    }

    @Test
    void refusesALineOfOneByteTooMany() {
        assertThat(accept(splitter(3), "abcd\n")).isFalse();
        assertThat(accept(splitter(3), "abcd\r\n")).isFalse();
        assertThat(accept(splitter(3), "abcde")).isFalse();
        assertThat(lines).isEmpty();

        LineSplitter unfinished = splitter(3);
        assertThat(accept(unfinished, "abcd")).isTrue();
        assertThat(unfinished.finish()).isFalse();
    }

    @Property
    void theSizesOfTheChunksDoNotMatter(
            @ForAll @StringLength(max = 60) @CharRange(from = 'a', to = 'b') String letters,
            @ForAll @IntRange(min = 1, max = 9) int chunk,
            @ForAll @IntRange(min = 2, max = 7) int lineLength) {
        String text = letters.replaceAll("(.{" + lineLength + "})", "$1\r\n").replace("aa", "\n");
        List<String> found = new ArrayList<>();
        LineSplitter splitter = new LineSplitter(100, line -> found.add(new String(line, StandardCharsets.US_ASCII)));

        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        for (int at = 0; at < bytes.length; at += chunk) {
            byte[] part = Arrays.copyOfRange(bytes, at, Math.min(bytes.length, at + chunk));
            assertThat(splitter.accept(part, part.length)).isTrue();
        }
        assertThat(splitter.finish()).isTrue();

        assertThat(found)
                .isEqualTo(Stream.of(text.split("\r?\n"))
                        .filter(line -> !line.isEmpty())
                        .toList());
    }

    private LineSplitter splitter(int limit) {
        return new LineSplitter(limit, line -> lines.add(new String(line, StandardCharsets.US_ASCII)));
    }

    private static boolean accept(LineSplitter splitter, String text) {
        return splitter.accept(text.getBytes(StandardCharsets.US_ASCII), text.length());
    }
}
