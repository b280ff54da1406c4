package io.sallyport.gateway.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.spi.Redactor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RedactedJsonTest {

    private static final Redactor REDACTOR =
            text -> text.replace("s3/cr\"et", "***").replace("12345678", "***");

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "{\"a\":\"is s3/cr\\\"et.\"}|{\"a\":\"is ***.\"}",
                "{\"a\":\"s3\\/cr\\u0022\\u0065t\"}|{\"a\":\"***\"}",
                "{\"s3/cr\\\"et\":1}|{\"***\":1}",
                "[\"s3/cr\\\"et\",\"x\",\"s3/cr\\\"et\"]|[\"***\",\"x\",\"***\"]",
                "{\"a\":12345678,\"b\":-12345678.5e+1}|{\"a\":\"***\",\"b\":\"-***.5e+1\"}",
                "{\"a\":\"12345678\\n\"}|{\"a\":\"***\\n\"}"
            })
    void takesASecretOutOfStringsNamesAndNumbers(String json, String expected) {
        assertThat(RedactedJson.redact(json, REDACTOR)).isEqualTo(expected);
    }

    @Test
    void returnsTheVerySameTextIfNothingIsInIt() {
        String json = "{ \"a\\u0062\" : [1.50, true, null, \"x\\\\\", \"\"], \"s3\":{\"/cr\":\"et\"} }";

        assertThat(RedactedJson.redact(json, REDACTOR)).isSameAs(json);
    }

    @Test
    void quotesWhateverTheRedactorPutsInThePlaceOfASecret() {
        assertThat(RedactedJson.redact("[\"x\"]", text -> "\"\\")).isEqualTo("[\"\\\"\\\\\"]");
    }
}
