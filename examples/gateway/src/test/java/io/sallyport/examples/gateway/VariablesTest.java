package io.sallyport.examples.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.testing.Incident;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VariablesTest {

    private final Variables variables = new Variables(Map.of("HOST", "h.example", "TOKEN", "t0ps3cret", "EMPTY", ""));
    private final List<String> problems = new ArrayList<>();

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {
                "plain, plain",
                "${HOST}, h.example",
                "https://${HOST}:${PORT:-443}/mcp, https://h.example:443/mcp",
                "${EMPTY:-other}, other",
                "${NONE:-}, ``",
                "${NONE:-a:-b}, a:-b",
                "$${HOST}, ${HOST}",
                "$$${HOST}, $${HOST}",
                "$HOST costs 5$, $HOST costs 5$",
                "{HOST} }, {HOST} }",
            })
    @Incident("S39")
    void putsVariablesInPlace(String raw, String expected) {
        assertThat(variables.expand(raw, problems::add).text()).isEqualTo(expected);
        assertThat(problems).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "${NONE} | ${NONE} is not set in the environment of the gateway; set it, or write ${NONE:-default}",
                "${EMPTY} | ${EMPTY} is empty in the environment of the gateway; set it, or write ${EMPTY:-default}",
                "${env:TOKEN} | found ${env:TOKEN}; expected ${TOKEN}, or $${ for a literal ${",
                "${input:key} | found ${input:key}; expected ${NAME} or ${NAME:-default}, or $${ for a literal ${",
                "${} | found ${}; expected ${NAME} or ${NAME:-default}, or $${ for a literal ${",
                "${A:-${B}} | found ${A:-${B}; expected ${NAME} or ${NAME:-default}, or $${ for a literal ${",
                "ab${C | found ${ without } at character 3; expected ${NAME} or ${NAME:-default}, or $${ for a literal ${",
            })
    @Incident("S39")
    void saysWhatCannotBePutInPlace(String raw, String problem) {
        variables.expand(raw, problems::add);

        assertThat(problems).containsExactly(problem);
    }

    @Test
    void tellsAllProblemsOfAValue() {
        variables.expand("${ONE}/${TWO}/${HOST}", problems::add);

        assertThat(problems).hasSize(2);
    }

    @Test
    void tellsWhereTheValueComesFrom() {
        Variables.Expanded mixed = variables.expand("${HOST}:${PORT:-443}", problems::add);
        Variables.Expanded ofFile = variables.expand("${PORT:-443}", problems::add);

        assertThat(mixed.sources()).containsExactly("env HOST", "default of ${PORT}");
        assertThat(mixed.fromEnvironment()).isTrue();
        assertThat(ofFile.fromEnvironment()).isFalse();
    }
}
