package io.sallyport.examples.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MaskingTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            nullValues = "-",
            value = {
                "--api-key | -y | --api-key",
                "abc | --api-key | ***",
                "abc | --verbose | abc",
                "--verbose | --api-key | --verbose",
                "--token=abc | -y | --token=***",
                "--token=${TOKEN} | -y | --token=${TOKEN}",
                "${TOKEN} | --token | ${TOKEN}",
                "API_KEY=abc | -e | API_KEY=***",
                "--level=3 | -y | --level=3",
                "postgres://me:pass@db/x | -y | postgres://***@db/x",
                "https://h/mcp?v=abc&w=1 | -y | https://h/mcp?v=***&w=***",
                "https://h/mcp?apiKey=abc&v=1 | -y | https://h/mcp?apiKey=***",
                "@scope/package@1.2 | -y | @scope/package@1.2",
            })
    void hidesWhatLooksLikeASecret(String argument, String before, String shown) {
        assertThat(Masking.argument(argument, before)).isEqualTo(shown);
    }
}
