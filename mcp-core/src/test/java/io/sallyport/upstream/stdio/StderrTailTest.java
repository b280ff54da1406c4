package io.sallyport.upstream.stdio;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StderrTailTest {

    private final List<String> heard = new ArrayList<>();
    private final StderrTail tail = new StderrTail(UnaryOperator.identity(), heard::add);

    @Test
    void keepsTheLastFiftyLinesAndTellsOfAll() {
        for (int i = 1; i <= 120; i++) {
            feed(tail, "line " + i + "\n");
        }

        assertThat(tail.lines()).hasSize(50).startsWith("line 71").endsWith("line 120");
        assertThat(heard).hasSize(120);
    }

    @Test
    void showsALineThatHasNoEndYet() {
        feed(tail, "done\nPassword: ");

        assertThat(tail.lines()).containsExactly("done", "Password: ");
        assertThat(heard).containsExactly("done");

        tail.finish();
        assertThat(heard).containsExactly("done", "Password: ");
    }

    @Test
    void cutsLongLinesAndHoldsNoMoreThanThat() {
        feed(tail, "x".repeat(StderrTail.MAX_LINE_BYTES) + "\n");
        feed(tail, "x".repeat(1_000_000));
        feed(tail, "x".repeat(1_000_000) + "\nnext\n");

        String whole = "x".repeat(StderrTail.MAX_LINE_BYTES);
        assertThat(heard).containsExactly(whole, whole + StderrTail.CUT, "next");
    }

    @Test
    void aCarriageReturnEndsALineAsWell() {
        feed(tail, "10 %\r20 %\r\nend\n");

        assertThat(heard).containsExactly("10 %", "20 %", "end");
    }

    @Test
    void handsOutRedactedLinesOnly() {
        StderrTail redacting = new StderrTail(line -> line.replace("s3cret", "***"), heard::add);

        feed(redacting, "token s3cret\nand s3cret again");

        assertThat(redacting.lines()).containsExactly("token ***", "and *** again");
        assertThat(heard).containsExactly("token ***");
    }

    @Test
    void withholdsALineThatCouldNotBeRedacted() {
        StderrTail failing = new StderrTail(
                line -> {
                    throw new IllegalStateException();
                },
                heard::add);

        feed(failing, "token s3cret\n");

        assertThat(failing.lines()).containsExactly(StderrTail.WITHHELD);
        assertThat(heard).containsExactly(StderrTail.WITHHELD);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "plain tëxt 日本 | plain tëxt 日本",
                "<ESC>[1;31mred<ESC>[0m | red",
                "<ESC>]0;title<BEL>after | after",
                "<ESC>]8;;http://x<ESC>\\link | link",
                "<ESC>(Bcharset | charset",
                "<ESC>[ | ''",
                "a<ESC> | a",
                "a<NUL>b<DEL>c<NEL>d | abcd",
                "a<TAB>b | a b",
                "abc<RLO>fed<LS>g | abcfedg"
            })
    void stripsWhatIsMeantForATerminal(String written, String shown) {
        String text = written.replace("<ESC>", "\u001B")
                .replace("<BEL>", "\u0007")
                .replace("<NUL>", "\0")
                .replace("<DEL>", "\u007F")
                .replace("<NEL>", "\u0085")
                .replace("<TAB>", "\t")
                .replace("<RLO>", "\u202E")
                .replace("<LS>", "\u2028");

        assertThat(TerminalText.clean(text)).isEqualTo(shown);
    }

    @Test
    void bytesThatAreNoTextDoNoHarm() {
        byte[] junk = {'a', (byte) 0xFF, (byte) 0xC0, 'b', '\n'};
        tail.accept(junk, junk.length);

        assertThat(heard).containsExactly("a\uFFFD\uFFFDb");
    }

    private static void feed(StderrTail tail, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        tail.accept(bytes, bytes.length);
    }
}
