package io.sallyport.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.spi.SessionStore.Bounds;
import io.sallyport.spi.SessionStore.End;
import io.sallyport.spi.SessionStore.Ended;
import io.sallyport.spi.SessionStore.Live;
import io.sallyport.spi.SessionStore.Unknown;
import io.sallyport.testing.Incident;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InMemorySessionStoreTest implements StoreContract {

    private Instant now = Instant.EPOCH;

    @Override
    public SessionStore open(Bounds bounds) {
        return SessionStore.inMemory(bounds, () -> now);
    }

    @Override
    public Optional<SessionStore> another(SessionStore store) {
        return Optional.empty();
    }

    @Override
    public void letPass(Duration duration) {
        now = now.plus(duration);
    }

    @Test
    @Incident("S25")
    void theDefaultsAreThoseThatAreDocumented() {
        assertThat(Bounds.defaults()).isEqualTo(new Bounds(Duration.ofMinutes(30), Duration.ofHours(8), 20, 10_000));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "PT0S | PT1S | 1 | 1 | idle must be positive, but was PT0S",
                "PT-1S | PT1S | 1 | 1 | idle must be positive, but was PT-1S",
                "PT2S | PT1S | 1 | 1 | absolute must be at least idle (PT2S), but was PT1S",
                "PT1S | PT1S | 0 | 1 | perPrincipal and total must be positive, but were 0 and 1",
                "PT1S | PT1S | 1 | -1 | perPrincipal and total must be positive, but were 1 and -1",
            })
    @Incident("S25")
    void boundsThatMakeNoSenseAreRefused(
            Duration idle, Duration absolute, int perPrincipal, int total, String message) {
        assertThatThrownBy(() -> new Bounds(idle, absolute, perPrincipal, total))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    @ParameterizedTest
    @CsvSource({"0, 1", "1, 0", "-1, 1"})
    void boundsOfStreamsThatMakeNoSenseAreRefused(int bytes, int streams) {
        assertThatThrownBy(() -> Bounds.defaults().withStreams(bytes, streams))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "bytesPerStream and streamsPerSession must be positive, but were " + bytes + " and " + streams);
    }

    @Test
    void aSessionLivesOneNanosecondShortOfItsTime() {
        SessionStore store = open(new Bounds(Duration.ofSeconds(10), Duration.ofSeconds(15), 1, 1));
        store.create(session("k"));

        letPass(Duration.ofSeconds(10).minusNanos(1));
        assertThat(store.find("k")).isInstanceOf(Live.class);
        letPass(Duration.ofSeconds(5));
        assertThat(store.find("k")).isInstanceOf(Live.class);
        letPass(Duration.ofNanos(1));
        assertThat(store.find("k")).isEqualTo(new Ended(End.EXPIRED_MAX_AGE));
    }

    @Test
    void sessionsMayBeGivenAllTheTimeThereIs() {
        Duration forEver = Duration.ofSeconds(Long.MAX_VALUE);
        SessionStore store = open(new Bounds(forEver, forEver, 1, 1));
        store.create(session("k"));
        letPass(Duration.ofDays(365_000));

        assertThat(store.find("k")).isInstanceOf(Live.class);
    }

    @Test
    void asManyEndsAreRememberedAsThereMayBeSessions() {
        SessionStore store = open(new Bounds(Duration.ofSeconds(1), Duration.ofSeconds(1), 1, 2));
        for (String key : new String[] {"a", "b", "c"}) {
            store.create(session(key));
            store.end(key, End.TERMINATED_BY_CLIENT);
        }

        assertThat(store.find("a")).isEqualTo(new Unknown());
        assertThat(store.find("b")).isEqualTo(new Ended(End.TERMINATED_BY_CLIENT));
        assertThat(store.find("c")).isEqualTo(new Ended(End.TERMINATED_BY_CLIENT));
    }

    @Test
    void aClosedStoreKnowsNothing() {
        SessionStore store = open(Bounds.defaults());
        store.create(session("k"));
        store.close();

        assertThat(store.find("k")).isEqualTo(new Unknown());
        assertThat(store.size()).isZero();
    }

    private static SessionRecord session(String key) {
        return SessionRecord.opened(key, "/mcp", ANN, "2025-11-25", "{}");
    }
}
