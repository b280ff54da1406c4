package io.sallyport.gateway.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.testing.Incident;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HttpGuardTest {

    private static final HttpGuard LOCAL = guard(Set.of());
    private static final HttpGuard PUBLIC = guard(
            Set.of("https://app.example"),
            "https://gw.example/mcp",
            "https://GW.example:8443",
            "http://plain.example:80",
            "https://[2001:DB8::1]");

    @ParameterizedTest
    @ValueSource(strings = {"localhost", "LOCALHOST:1", "127.0.0.1:8080", "[::1]", "[::1]:8080"})
    @Incident("S36")
    void withoutAPublicUrlLocalNamesComeIn(String host) {
        assertThat(refusal(LOCAL, "Host", host)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "gw.example",
                "localhost.gw.example",
                "127.0.0.1.nip.io",
                "10.0.0.1",
                "localhost@gw.example",
                "",
                "localhost:",
                "localhost:123456",
                "localhost:8o",
                "localhost:-1",
                "::1"
            })
    void withoutAPublicUrlNothingElseDoes(String host) {
        assertThat(refusal(LOCAL, "Host", host))
                .contains("Host [" + host + "] is not among the public URLs [] and not a local name; set publicUrl(…)");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "gw.example",
                "GW.EXAMPLE",
                "gw.example:443",
                "gw.example:8443",
                "plain.example",
                "plain.example:80",
                "[2001:db8::1]",
            })
    @Incident("S22")
    void publicHostsComeInWithAndWithoutTheirDefaultPort(String host) {
        assertThat(refusal(PUBLIC, "Host", host)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "localhost",
                "127.0.0.1",
                "gw.example:80",
                "gw.example:9443",
                "gw.example.",
                "plain.example:443",
                "sub.gw.example",
                "gw.example@evil.example",
                "evil.example#gw.example",
                "gw.example:443:443",
                "",
            })
    @Incident("S22")
    void withAPublicUrlNoOtherHostComesIn(String host) {
        assertThat(refusal(PUBLIC, "Host", host))
                .hasValueSatisfying(reason -> assertThat(reason)
                        .startsWith("Host [" + host + "] is not among the public URLs [")
                        .endsWith("]; add it, or mend the proxy"));
    }

    @Test
    void thereIsExactlyOneHost() {
        assertThat(refusal(LOCAL)).isPresent();
        assertThat(refusal(LOCAL, "Host", "localhost", "Host", "localhost")).isPresent();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://gw.example",
                "https://gw.example:8443",
                "http://plain.example",
                "HTTPS://App.Example",
            })
    @Incident("S35")
    void pagesOfTheGatewaysOwnAndOfAllowedOriginsMayUseIt(String origin) {
        assertThat(refusal(PUBLIC, "Host", "gw.example", "Origin", origin)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://gw.example",
                "https://app.example.evil.example",
                "https://app.example:8443",
                "https://app.example/",
                "http://localhost",
                "null",
                "",
                "*",
            })
    @Incident("S35")
    void otherPagesMayNot(String origin) {
        assertThat(refusal(PUBLIC, "Host", "gw.example", "Origin", origin))
                .hasValueSatisfying(reason -> assertThat(reason)
                        .startsWith("Origin [" + origin + "] is not allowed; allowed are [")
                        .endsWith("; add it with allowOrigin(…)"));
    }

    @ParameterizedTest
    @CsvSource({
        "http://localhost:3000, true",
        "https://127.0.0.1, true",
        "http://[::1]:1, true",
        "http://localhost.evil.example, false",
        "http://localhost/, false",
        "chrome-extension://localhost, false",
        "file://, false",
        "null, false",
    })
    @Incident("S36")
    void withoutAPublicUrlLocalPagesMayUseIt(String origin, boolean allowed) {
        assertThat(refusal(LOCAL, "Host", "localhost", "Origin", origin).isEmpty())
                .isEqualTo(allowed);
        assertThat(LOCAL.isAllowedOrigin(origin)).isEqualTo(allowed);
    }

    @Test
    void twoOriginsAreNone() {
        assertThat(refusal(LOCAL, "Host", "localhost", "Origin", "http://localhost", "Origin", "http://localhost"))
                .isPresent();
    }

    private static HttpGuard guard(Set<String> origins, String... urls) {
        return new HttpGuard(Stream.of(urls).map(URI::create).toList(), origins);
    }

    private static Optional<String> refusal(HttpGuard guard, String... pairs) {
        Map<String, List<String>> headers = LocalOnlyTest.headers(pairs);
        return guard.refusal(name -> headers.getOrDefault(name, List.of()));
    }
}
