package io.sallyport.egress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.sallyport.testing.Incident;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is told from a URL alone: of the configuration, and of each redirect. */
class EgressUrlTest {

    @Test
    void portsAre443And80AndTheUrlsOwnUnlessNamed() throws Exception {
        EgressGuard guard = EgressGuard.builder(URI.create("https://mcp.example:8443/mcp"))
                .allowPort(9443)
                .resolver(Egress.answers(Egress.GLOBAL))
                .build();

        for (int port : List.of(443, 80, 8443, 9443)) {
            assertThat(guard.resolve("mcp.example", port)).hasSize(1);
            guard.check("mcp.example", Egress.socket(Egress.GLOBAL, port));
            guard.check(URI.create("https://mcp.example:" + port + "/"));
        }
        for (int port : List.of(0, -1, 22, 25, 3306, 6379, 8444, 65_536)) {
            Egress.assertRefused(() -> guard.resolve("mcp.example", port), "allowPort(" + port + ")");
        }
        Egress.assertRefused(() -> guard.check(URI.create("https://mcp.example:6379/")), "port 6379");
        Egress.assertRefused(() -> guard.check("mcp.example", Egress.socket(Egress.GLOBAL, 6379)), "port 6379");
    }

    @Test
    @Incident("S189")
    void plainHttpIsForLoopbackUnlessNamed() throws Exception {
        EgressGuard strict = EgressGuard.strict();
        EgressGuard plain = EgressGuard.builder(URI.create("http://tools:8080/mcp"))
                .allowHost("tools")
                .allowPlaintext()
                .build();

        Egress.assertRefused(() -> strict.check(URI.create("http://mcp.example/")), "allowPlaintext()");
        Egress.assertRefused(() -> strict.check(URI.create("http://" + Egress.GLOBAL + "/")), "allowPlaintext()");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EgressGuard.of(URI.create("http://10.1.2.3:8080/mcp")))
                .withMessageContaining("allowPlaintext()");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EgressGuard.of(URI.create("http://tools:8080/mcp")))
                .withMessageContaining("allowPlaintext()");
        plain.check(URI.create("http://tools:8080/mcp"));
        for (String url : List.of("http://localhost:1/", "http://127.9.9.9:1/", "http://[::1]:1/")) {
            EgressGuard.of(URI.create(url)).check(URI.create(url));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "ftp://mcp.example/ | scheme",
                "file:///etc/passwd | scheme",
                "gopher://mcp.example:443/ | scheme",
                "unix:/run/docker.sock | scheme",
                "javascript:alert(1) | scheme",
                "//mcp.example/ | scheme",
                "/mcp | scheme",
                "mcp.example | scheme",
                "https:mcp.example | host",
                "https:///mcp | host",
                "https://:443/mcp | host",
                "https://user@mcp.example/ | user info",
                "https://user:secret@mcp.example/ | user info",
                "https://@mcp.example/ | user info",
                "https://mcp.example@127.0.0.1/ | user info",
                "https://user:secret@my_host/ | user info",
                "https://mcp.example:/ | spelled unusually",
                "https://mcp.example:0443/ | spelled unusually",
                "https://my_host/ | every parser",
                "https://my_host:443/ | every parser",
                "https://127.1:443/ | looks like an address",
                "https://mcp.example:99999/ | port 99999",
                "https://mcp.example:0/ | port 0",
                "https://localhost/ | 127.0.0.0/8",
                "https://LOCALHOST./ | 127.0.0.0/8",
            })
    void aUrlThatSeveralReadersMayReadDifferentlyIsRefused(URI url, String why) {
        EgressRefusedException refused = catchThrowableOfType(
                EgressRefusedException.class, () -> EgressGuard.strict().check(url));

        assertThat(refused).hasMessageContaining(why);
        assertThat(refused.getMessage()).doesNotContain("secret").doesNotContain("passwd");
    }

    @Test
    void aUrlOnTheInternetPasses() {
        EgressGuard guard = EgressGuard.strict();

        for (String url : List.of(
                "https://mcp.example/mcp?a=b#c",
                "HTTPS://MCP.EXAMPLE/",
                "https://mcp.example.:443/",
                "https://mcp.example:80",
                "https://xn--bcher-kva.example/",
                "https://1.1.1.1/",
                "https://[2606:4700:4700::1111]:443/",
                "https://a/")) {
            assertThatCode(() -> guard.check(URI.create(url))).doesNotThrowAnyException();
        }
    }

    @Test
    void everyHopOfARedirectIsCheckedAndTheBadOneStopsIt() throws Exception {
        Map<String, String> dns = Map.of(
                "mcp.example", Egress.GLOBAL, "www.mcp.example", Egress.GLOBAL_V6, "rebound.example", "10.0.0.1");
        EgressGuard guard = EgressGuard.builder(URI.create("https://mcp.example/mcp"))
                .resolver(host -> new InetAddress[] {Egress.ip(dns.get(host))})
                .build();

        assertThat(follow(guard, "https://mcp.example/mcp", "/v2", "https://www.mcp.example/mcp", "page/2"))
                .hasToString("https://www.mcp.example/page/2");
        for (String bad : List.of(
                "http://mcp.example/mcp",
                "https://127.0.0.1/",
                "//169.254.169.254/latest/meta-data",
                "https://[::1]/",
                "https://[::ffff:a9fe:a9fe]/",
                "https://2852039166/",
                "https://mcp.example:22/",
                "https://rebound.example/",
                "ftp://mcp.example/",
                "https://mcp.example@10.0.0.1/",
                "https://localhost/")) {
            assertThatThrownBy(() -> follow(guard, "https://mcp.example/mcp", "https://www.mcp.example/", bad))
                    .as(bad)
                    .isInstanceOf(EgressRefusedException.class);
        }
    }

    private static URI follow(EgressGuard guard, String start, String... locations) throws UnknownHostException {
        URI at = URI.create(start);
        for (String location : locations) {
            at = at.resolve(location);
            guard.check(at);
            guard.resolve(at.getHost(), at.getPort() < 0 ? 443 : at.getPort());
        }
        return at;
    }
}
