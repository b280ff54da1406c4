package io.sallyport.upstream.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class HandWrittenTest {

    @Test
    void putsATextBlockOnOneLine() {
        String compact = HandWritten.json("""
                        {
                          "type": "object",
                          "maxProperties": 1.0
                        }
                        """).toJson();

        assertThat(compact).isEqualTo("{\"type\":\"object\",\"maxProperties\":1.0}");
    }

    @Test
    void leavesStringsAsTheyAre() {
        String json = "{\"a b\":\"c \\\" d \\\\\",\"e\":[\" \"]}";

        assertThat(HandWritten.json(json).toJson()).isEqualTo(json);
    }

    @Test
    void refusesWhatIsNotJson() {
        assertThatThrownBy(() -> HandWritten.json("{\"type\": object}"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("not JSON");
    }
}
