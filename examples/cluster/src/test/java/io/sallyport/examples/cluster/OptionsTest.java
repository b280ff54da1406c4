package io.sallyport.examples.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class OptionsTest {

    @Test
    void goesOnForEverOverPostgresUnlessToldOtherwise() {
        // When
        Options options = Options.parse();

        assertThat(options.chaos()).isZero();
        assertThat(options.store()).isEqualTo("postgres");
        assertThat(options.port()).isZero();
    }

    @Test
    void takesWhatItIsGiven() {
        // When
        Options options = Options.parse(
                "--chaos", "20", "--store", "redis", "--balancer", "java", "--seed", "-7", "--port", "8080");

        assertThat(options).isEqualTo(new Options(8080, 20, "redis", false, -7));
    }

    @Test
    void namesAnOptionThatItDoesNotKnow() {
        assertThatThrownBy(() -> Options.parse("--chaos", "20", "--kills", "3"))
                .hasMessage("--kills is unknown; known are --chaos, --store, --balancer, --port, --seed and --help");
        assertThatThrownBy(() -> Options.parse("20")).hasMessageStartingWith("20 is unknown; ");
    }

    @Test
    void saysWhatIsWrongWithAValueAndWhatIsRight() {
        assertThatThrownBy(() -> Options.parse("--chaos")).hasMessage("--chaos has no value; say --chaos VALUE");
        assertThatThrownBy(() -> Options.parse("--store", "h2"))
                .hasMessage("--store found h2; expected postgres or redis");
        assertThatThrownBy(() -> Options.parse("--chaos", "many"))
                .hasMessage("--chaos found many; expected a number from 1 to 1000000");
        assertThatThrownBy(() -> Options.parse("--port", "65536"))
                .hasMessage("--port found 65536; expected a number from 0 to 65535");
    }

    @Test
    void namesAllThatIsWrong() {
        assertThatThrownBy(() -> Options.parse("--chaos", "-1", "--store", "mysql", "--bogus"))
                .message()
                .satisfies(message -> assertThat(message.lines())
                        .hasSize(3)
                        .anyMatch(line -> line.startsWith("--chaos found -1; "))
                        .anyMatch(line -> line.startsWith("--store found mysql; "))
                        .anyMatch(line -> line.startsWith("--bogus is unknown; ")));
    }

    @Test
    void refusesToKillNoNodeAndThenEnd() {
        assertThatThrownBy(() -> Options.parse("--chaos", "0"))
                .hasMessage("--chaos found 0; expected a number from 1 to 1000000");
    }

    @Test
    void refusesAnOptionThatIsGivenTwice() {
        assertThatThrownBy(() -> Options.parse("--seed", "1", "--seed", "1"))
                .hasMessage("--seed is given twice; leave one out");
    }

    @Test
    void knowsAQuestionForHelp() {
        assertThat(Options.asksForHelp("--store", "h2", "--help")).isTrue();
        assertThat(Options.asksForHelp("--store", "h2")).isFalse();
    }
}
