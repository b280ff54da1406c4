package io.sallyport.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.spi.Authentication;
import io.sallyport.spi.Principal;
import io.sallyport.upstream.SessionListener;
import io.sallyport.upstream.SessionSpec;
import io.sallyport.upstream.Upstream;
import io.sallyport.upstream.UpstreamRuntime;
import io.sallyport.upstream.UpstreamSession;
import io.sallyport.upstream.local.LocalServer;
import java.net.URI;
import java.time.Duration;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class McpGatewayBuilderTest {

    private static McpGateway.Builder gateway() {
        return McpGateway.builder().upstream(LocalServer.named("local").build());
    }

    @Test
    void aGatewayThatNobodySaysWhoMayUseIsNotBuilt() {
        assertThatThrownBy(() -> gateway().build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("nothing says who may use this gateway; set authenticator(…), or, for this machine only, "
                        + "allowAnonymous()");
    }

    @Test
    void anAuthenticatorAndAnonymousRequestsContradictEachOther() {
        assertThatThrownBy(() -> gateway()
                        .authenticator(head -> Authentication.accepted(Principal.anonymous()))
                        .allowAnonymous()
                        .build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("leave out allowAnonymous()");
    }

    @Test
    void anonymousRequestsNeedALocalHost() {
        assertThatThrownBy(() -> gateway()
                        .allowAnonymous()
                        .publicUrl(URI.create("https://gw.example"))
                        .build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessage(
                        "anonymous requests need a local Host, which the public URLs [https://gw.example] are not; set "
                                + "authenticator(…), or leave out publicUrl(…)");

        gateway()
                .allowAnonymous()
                .publicUrl(URI.create("http://localhost:8080"))
                .build()
                .close();
    }

    @Test
    void aGatewayWithoutUpstreamsIsNotBuilt() {
        assertThatThrownBy(() -> McpGateway.builder().allowAnonymous().build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("a gateway needs an upstream; add one with upstream(…)");
    }

    @Test
    void twoUpstreamsOfOneNameAreRefused() {
        assertThatThrownBy(() -> gateway().upstream(LocalServer.named("local").build()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("two upstreams are named \"local\"; rename one of them");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a__b", "_a", "a_", "a b", "a.b", "é", "123456789012345678901234567890123"})
    void aNameThatWouldMakeToolsAmbiguousIsRefused(String name) {
        assertThatThrownBy(() -> gateway().upstream(new Named(name)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("an upstream's name is 1 to 32 letters, digits, '-' and single '_', but was \"" + name
                        + "\"; \"__\" separates it from the names of its tools");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "a-b", "a_b", "A_1-", "-", "12345678901234567890123456789012"})
    void otherNamesAreTaken(String name) {
        gateway().upstream(new Named(name));
    }

    @Test
    void twoEndpointsAtOnePathAreRefused() {
        assertThatThrownBy(() -> gateway().endpoint(Endpoint.at("/x")).endpoint(Endpoint.at("/x")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("two endpoints have the path /x");
    }

    @Test
    void aConfigurationThatIsRefusedLeavesNoThread() {
        Set<Thread> before = Thread.getAllStackTraces().keySet();

        assertThatThrownBy(() -> gateway()
                        .allowAnonymous()
                        .endpoint(Endpoint.at("/x").upstreams("nobody"))
                        .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("[nobody]");

        assertThat(Thread.getAllStackTraces().keySet())
                .filteredOn(thread -> !before.contains(thread))
                .extracting(Thread::getName)
                .noneMatch(name -> name.startsWith("sallyport-"));
    }

    static Stream<Arguments> durations() {
        return Stream.of(
                setting("callDeadline", McpGateway.Builder::callDeadline),
                setting("maxCallDuration", McpGateway.Builder::maxCallDuration),
                setting("upstreamSessionIdle", McpGateway.Builder::upstreamSessionIdle),
                setting("idleHeartbeat", McpGateway.Builder::idleHeartbeat),
                setting("startupPatience", McpGateway.Builder::startupPatience));
    }

    private static Arguments setting(String name, BiConsumer<McpGateway.Builder, Duration> setter) {
        return Arguments.of(name, setter);
    }

    @ParameterizedTest
    @MethodSource("durations")
    void aDurationIsPositive(String name, BiConsumer<McpGateway.Builder, Duration> setter) {
        setter.accept(gateway(), Duration.ofNanos(1));
        for (Duration bad : new Duration[] {Duration.ZERO, Duration.ofNanos(-1)}) {
            assertThatThrownBy(() -> setter.accept(gateway(), bad))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(name + " must be positive, but was " + bad);
        }
    }

    static Stream<Arguments> counts() {
        return Stream.of(
                count("maxDefinitions", McpGateway.Builder::maxDefinitions),
                count("maxSessionsPerUpstream", McpGateway.Builder::maxSessionsPerUpstream),
                count("maxStreamsPerPrincipal", McpGateway.Builder::maxStreamsPerPrincipal),
                count("streamBufferBytes", McpGateway.Builder::streamBufferBytes));
    }

    private static Arguments count(String name, BiConsumer<McpGateway.Builder, Integer> setter) {
        return Arguments.of(name, setter);
    }

    @ParameterizedTest
    @MethodSource("counts")
    void aCountIsPositive(String name, BiConsumer<McpGateway.Builder, Integer> setter) {
        setter.accept(gateway(), 1);
        for (int bad : new int[] {0, -1}) {
            assertThatThrownBy(() -> setter.accept(gateway(), bad))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(name + " must be positive, but was " + bad);
        }
    }

    @Test
    void aCallMayTakeAsLongAsItsDeadlineAtLeast() {
        McpGateway.Builder builder = gateway().allowAnonymous().callDeadline(Duration.ofSeconds(2));

        builder.maxCallDuration(Duration.ofSeconds(2)).build().close();
        assertThatThrownBy(() -> builder.maxCallDuration(Duration.ofSeconds(1)).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("maxCallDuration (PT1S) must be at least callDeadline (PT2S)");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"ftp://gw.example", "//gw.example", "gw.example", "https:/gw.example", "https://gw_1.example"})
    void aPublicUrlHasASchemeAndAHost(String url) {
        assertThatThrownBy(() -> gateway().publicUrl(URI.create(url)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a public URL is http or https with a host, but was " + url);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "*",
                "null",
                "app.example",
                "https://",
                "https://*.example",
                "https://app.example/",
                "https://app.example?",
                "https://app.example#",
                "https://user@app.example",
                "https://app.example ",
                "https://app.example, https://other.example",
                "ws://app.example",
            })
    void anOriginThatNoBrowserSendsIsRefused(String origin) {
        assertThatThrownBy(() -> gateway().allowOrigin(origin))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("an origin is a scheme, a host and maybe a port, like \"https://app.example\", but was \""
                        + origin + "\"");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"https://app.example", "HTTPS://APP.example", "https://app.example:443", "http://[::1]:3000"})
    void anOriginIsKnownAsBrowsersSendIt(String origin) {
        try (McpGateway gateway = gateway()
                .allowAnonymous()
                .publicUrl(URI.create("http://localhost"))
                .allowOrigin(origin)
                .build()) {
            assertThat(gateway.unwrap(io.sallyport.gateway.internal.Inside.class)
                            .guard()
                            .isAllowedOrigin(origin.toLowerCase(Locale.ROOT).replace(":443", "")))
                    .isTrue();
        }
    }

    @Test
    void aGatewayStartsOnceAndClosesTwice() {
        McpGateway gateway = gateway().allowAnonymous().build();
        assertThat(gateway.isServing()).isFalse();
        gateway.start().join();
        assertThat(gateway.isServing()).isTrue();
        assertThat(gateway.isReady()).isTrue();
        assertThatThrownBy(gateway::start)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("a gateway is started once, but this one is RUNNING");

        assertThat(gateway.close(Duration.ofSeconds(1))).isTrue();
        gateway.close();

        assertThat(gateway.isServing()).isFalse();
        assertThatThrownBy(gateway::start)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageEndingWith("this one is CLOSED");
        assertThatThrownBy(() -> gateway.unwrap(String.class))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a gateway has no inside of class java.lang.String");
    }

    /** An upstream of which only the name counts. */
    private record Named(String name) implements Upstream {
        @Override
        public CompletionStage<UpstreamSession> open(
                SessionSpec spec, SessionListener listener, UpstreamRuntime runtime) {
            throw new UnsupportedOperationException();
        }

        @Override
        public boolean sharesSessions() {
            return true;
        }
    }
}
