package io.sallyport.gateway.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.spi.Authentication;
import io.sallyport.spi.Principal;
import io.sallyport.spi.RequestHead;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LocalOnlyTest {

    private static final String LOOPBACK = "127.0.0.1";

    @ParameterizedTest
    @CsvSource({
        "127.0.0.1, localhost",
        "127.0.0.1, localhost:8080",
        "127.0.0.1, LocalHost:8080",
        "127.0.0.2, 127.0.0.1",
        "::1, [::1]",
        "::1, [::1]:8080",
        "::ffff:127.0.0.1, 127.0.0.1:65535",
    })
    void whoIsOnThisMachineIsTakenForTheAnonymousPrincipal(String peer, String host) {
        assertThat(answer(peer, "Host", host)).isEqualTo(Authentication.accepted(Principal.anonymous()));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"10.0.0.1", "192.168.1.1", "169.254.1.1", "0.0.0.0", "128.0.0.1", "::", "fe80::1", "2001:db8::1"
            })
    void nobodyElseIs(String peer) {
        assertThat(reason(answer(peer, "Host", "localhost")))
                .isEqualTo("Forbidden: requests without a credential are served to this machine only.");
    }

    @Test
    void whoseAddressIsUnknownIsNot() {
        assertThat(reason(new LocalOnly().authenticate(new Head(Optional.empty(), headers("Host", "localhost")))))
                .contains("this machine only");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Forwarded",
                "Via",
                "X-Forwarded-For",
                "X-Forwarded-Host",
                "X-Forwarded-Proto",
                "X-Forwarded-Port",
                "X-Forwarded-Server",
                "X-Forwarded-Prefix",
                "X-Forwarded",
                "x-forwarded-anything",
                "X-Real-IP",
                "X-Client-IP",
                "X-Cluster-Client-IP",
                "X-Envoy-External-Address",
                "X-Original-Host",
                "True-Client-IP",
                "CF-Connecting-IP",
                "cf-connecting-ip",
                "Fastly-Client-IP",
                "Fly-Client-IP",
            })
    void aProxyIsNotThisMachineWhateverItSays(String header) {
        assertThat(reason(answer(LOOPBACK, "Host", "localhost", header, LOOPBACK)))
                .containsIgnoringCase("through a proxy (" + header + ")");
        assertThat(reason(answer(LOOPBACK, "Host", "localhost", header, ""))).contains("through a proxy");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "gateway.example",
                "gateway.example:80",
                "localhost.evil.example",
                "evil-localhost",
                "localhost.",
                "127.0.0.1.nip.io",
                "127.0.0.2",
                "127.1",
                "2130706433",
                "0.0.0.0",
                "[::]",
                "::1",
                "[::1",
                "localhost@evil.example",
                "evil.example:80@localhost:80",
                "localhost:",
                "localhost:x",
                "localhost:123456",
                "localhost/",
                "localhost evil.example",
                "",
            })
    void aHostThatIsNoLocalNameMayHaveBeenMadeToResolveToThisMachine(String host) {
        assertThat(reason(answer(LOOPBACK, "Host", host))).contains("local Host");
    }

    @Test
    void thereIsExactlyOneHost() {
        assertThat(reason(answer(LOOPBACK))).contains("local Host");
        assertThat(reason(answer(LOOPBACK, "Host", "localhost", "Host", "localhost")))
                .contains("local Host");
    }

    private static Authentication answer(String peer, String... headers) {
        try {
            return new LocalOnly().authenticate(new Head(Optional.of(InetAddress.getByName(peer)), headers(headers)));
        } catch (UnknownHostException e) {
            throw new AssertionError(e);
        }
    }

    private static String reason(Authentication answer) {
        assertThat(answer).isInstanceOf(Authentication.Refused.class);
        Authentication.Refused refused = (Authentication.Refused) answer;
        assertThat(refused.status()).isEqualTo(403);
        assertThat(refused.challenge()).isEmpty();
        return refused.reason();
    }

    static Map<String, List<String>> headers(String... pairs) {
        Map<String, List<String>> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        for (int i = 0; i < pairs.length; i += 2) {
            headers.computeIfAbsent(pairs[i], name -> new ArrayList<>()).add(pairs[i + 1]);
        }
        return headers;
    }

    private record Head(Optional<InetAddress> peer, Map<String, List<String>> headers) implements RequestHead {
        @Override
        public String method() {
            return "POST";
        }

        @Override
        public String path() {
            return "/mcp";
        }

        @Override
        public Optional<java.security.Principal> containerUser() {
            return Optional.empty();
        }

        @Override
        public List<String> values(String name) {
            return headers.getOrDefault(name, List.of());
        }

        @Override
        public Set<String> names() {
            return headers.keySet();
        }
    }
}
