package io.sallyport.examples.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.testing.Incident;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class OptionsTest {

    private final Problems problems = new Problems();

    private Options parse(String... arguments) {
        return Options.parse(List.of(arguments), problems);
    }

    @Test
    void hasDefaults() {
        Options options = parse();

        assertThat(options.address().getHostAddress()).isEqualTo("127.0.0.1");
        assertThat(options.port()).isEqualTo(8080);
        assertThat(options.config()).isEmpty();
        assertThat(options.checkConfig()).isFalse();
        assertThat(options.settings()).allMatch(setting -> setting.source().equals("default"));
    }

    @Test
    void readsEachOptionInBothSpellings() {
        Options options = parse("--host", "0.0.0.0", "--port=0", "--config", "a b.json", "--check-config");

        assertThat(options.address().isAnyLocalAddress()).isTrue();
        assertThat(options.port()).isZero();
        assertThat(options.config()).contains(Path.of("a b.json"));
        assertThat(options.checkConfig()).isTrue();
        assertThat(options.settings()).allMatch(setting -> setting.source().equals("option"));
        assertThat(problems.lines()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--port x | --port: found x; expected a number from 0 to 65535",
                "--port 65536 | --port: found 65536; expected a number from 0 to 65535",
                "--port -1 | --port: found -1; expected a number from 0 to 65535",
                "--port | --port: has no value",
                "--port --help | --port: has no value",
                "--port 1 --port 2 | --port: is given twice",
                "--prot 80 | --prot: is unknown; did you mean --port?",
                "--check-config=yes | --check-config=yes: is unknown; did you mean --check-config?",
                "8080 | 8080: is unknown; known are --host, --port, --config, --check-config, --help",
            })
    void saysWhatIsWrong(String line, String problem) {
        parse(line.split(" "));

        assertThat(problems.lines()).containsExactly(problem);
    }

    @Test
    @Incident("S97")
    void tellsAllProblemsAtOnce() {
        parse("--port", "x", "--frobnicate", "--host", "999.999.999.999");

        assertThat(problems.lines())
                .containsExactlyInAnyOrder(
                        "--frobnicate: is unknown; known are --host, --port, --config, --check-config, --help",
                        "--host: found 999.999.999.999, which resolves to no address; expected one of this machine",
                        "--port: found x; expected a number from 0 to 65535");
        assertThat(problems.summary()).isEqualTo("3 problems in options and configuration, listed above");
    }

    @ParameterizedTest
    @ValueSource(strings = {"--host", "--port", "--config", "--check-config", "--help"})
    void helpNamesEachOption(String option) {
        assertThat(Options.USAGE).contains(option);
    }
}
