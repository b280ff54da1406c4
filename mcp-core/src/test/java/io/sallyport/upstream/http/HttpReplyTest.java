package io.sallyport.upstream.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.testing.Incident;
import io.sallyport.upstream.UpstreamFailure.Kind;
import java.time.Duration;
import java.util.Optional;
import org.apache.hc.core5.http.message.BasicHttpResponse;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Incident("S74")
class HttpReplyTest {

    private static final String DATE = "Wed, 29 Jul 2026 10:00:00 GMT";

    private static HttpReply busy(int status, String retryAfter) {
        BasicHttpResponse head = new BasicHttpResponse(status);
        head.addHeader("Date", DATE);
        head.addHeader("Retry-After", retryAfter);
        return new HttpReply(head, new byte[0]);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "7|7",
                " 0 |0",
                "86401|86400",
                "999999999|86400",
                "Wed, 29 Jul 2026 10:01:30 GMT|90",
                "Wed, 29 Jul 2026 09:00:00 GMT|0",
                "Fri, 31 Dec 9999 23:59:59 GMT|86400"
            })
    void readsAfterHowLongAnotherTryMakesSense(String retryAfter, long seconds) {
        assertThat(busy(429, retryAfter).failure().retryAfter()).contains(Duration.ofSeconds(seconds));
        assertThat(busy(503, retryAfter).failure().retryAfter()).contains(Duration.ofSeconds(seconds));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "soon", "-1", "1.5", "99999999999999999999", "2026-07-29T10:00:00Z"})
    void makesNothingOfWhatIsNeitherSecondsNorDate(String retryAfter) {
        assertThat(busy(429, retryAfter).failure().kind()).isEqualTo(Kind.OVERLOADED);
        assertThat(busy(429, retryAfter).failure().retryAfter()).isEmpty();
    }

    @Test
    void aDateMeansNothingWhereTheUpstreamDoesNotSayWhatTimeItHas() {
        BasicHttpResponse head = new BasicHttpResponse(429);
        head.addHeader("Retry-After", DATE);

        assertThat(new HttpReply(head, new byte[0]).failure().retryAfter()).isEqualTo(Optional.empty());
    }
}
