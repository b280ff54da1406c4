package io.sallyport.catalogue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UriTemplateTest {

    @ParameterizedTest
    @CsvSource({
        "test://static, test://static",
        "test://{id}, test://1",
        "test://{id}/data, test://1/data",
        "test://{id}/data, test://a/data/data",
        "test://{a}{b}, test://12",
        "test://{a}-{b}/end, test://1-2-3/end",
        "file:///{+path}, file:///home/a/b.txt",
        "search://items{?q}, search://items",
        "search://items{?q}, search://items?q=1",
        "'{scheme}://x', 'a://x'",
    })
    void takesWhatTheTemplateMayHaveBecome(String template, String uri) {
        assertThat(new UriTemplate(template).matches(uri)).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "test://static, test://static/",
        "test://{id}, test://",
        "test://{id}, other://1",
        "test://{id}/data, test:///data",
        "test://{id}/data, test://1/data/more",
        "test://{a}{b}, test://1",
        "test://{a}-{b}/end, test://1-/end",
        "test://{a}-{b}/end, test://1/end",
        "test://a.c, test://abc",
    })
    void takesNothingElse(String template, String uri) {
        assertThat(new UriTemplate(template).matches(uri)).isFalse();
    }

    @Test
    void isDoneSoonWhateverTheTemplate() {
        UriTemplate hostile = new UriTemplate("x" + "{a}y".repeat(200) + "z");
        String uri = "x" + "yy".repeat(100_000);

        boolean matches = assertTimeoutPreemptively(Duration.ofSeconds(20), () -> hostile.matches(uri));

        assertThat(matches).isFalse();
    }
}
