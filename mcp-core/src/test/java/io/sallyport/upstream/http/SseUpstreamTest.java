package io.sallyport.upstream.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.protocol.Era;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamFailure.Kind;
import io.sallyport.upstream.http.FakeHttpServer.Handler;
import java.net.URI;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the interoperability tests with a real server do not show of the transport with SSE. */
class SseUpstreamTest {

    private static final URI STREAM = URI.create("https://old.example/v1/sse?team=a");

    private final UpstreamWorkbench bench = new UpstreamWorkbench();

    @AfterEach
    void close() {
        bench.close();
    }

    @ParameterizedTest
    @CsvSource({
        "/message?id=1, /message?id=1",
        "message, /v1/message",
        "https://old.example/m, /m",
        "https://OLD.example:443/m, /m",
        "https://old.example, /",
        "?id=1, /v1/?id=1",
    })
    void postsToAPlaceAtTheSameServer(String place, String path) {
        assertThat(SseChannel.postPath(STREAM, place)).contains(path);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://evil.example/m",
                "//evil.example/m",
                "http://old.example/m",
                "https://old.example:8443/m",
                "https://user@old.example/m",
                "mailto:somebody",
                "not a uri",
            })
    void takesCredentialsNowhereElse(String place) {
        assertThat(SseChannel.postPath(STREAM, place)).isEmpty();
    }

    @Test
    void fitsNoSettingsOfTheTransportThatCameAfter() {
        assertThatThrownBy(() -> HttpUpstream.at("old", STREAM).era(Era.LEGACY).buildSse())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("era is set");
        assertThatThrownBy(() ->
                        HttpUpstream.at("old", STREAM).passHeaders("X-Trace").buildSse())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("passHeaders is set");
    }

    private UpstreamFailure failureToOpen(Handler handler) throws Exception {
        try (FakeHttpServer server = new FakeHttpServer(handler)) {
            return bench.failureToOpen(
                    bench.keep(HttpUpstream.at("old", server.uri()).buildSse()), Era.LEGACY);
        }
    }

    @Test
    void endsWithAServerThatNamesAPlaceElsewhere() throws Exception {
        // When
        UpstreamFailure failure = failureToOpen(exchange -> {
            exchange.events().send("event: endpoint\ndata: http://192.0.2.1/steal\n\n");
            exchange.awaitClosedByClient();
        });

        assertThat(failure.kind()).isEqualTo(Kind.PROTOCOL);
        assertThat(failure.detail()).contains("names no place at 127.0.0.1");
    }

    @Test
    void saysWhatItFoundInPlaceOfAStream() throws Exception {
        // When
        UpstreamFailure failure = failureToOpen(exchange -> exchange.answer(405, "text/html", "<html>no</html>"));

        assertThat(failure.kind()).isEqualTo(Kind.PROTOCOL);
        assertThat(failure.detail()).contains("HTTP 405");
    }
}
