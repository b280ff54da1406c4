package io.sallyport.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.spi.Principal;
import io.sallyport.spi.Sealer;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SessionIdsTest {

    private static final Principal ANN = new Principal("issuer", "client", "ann", "default");

    private final Sealer sealer = Sealer.ephemeral();
    private Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private final SessionIds ids = new SessionIds(sealer, () -> now);

    private SessionIds.Made make(String content) {
        return ids.make("/mcp", ANN, Duration.ofHours(8), "node", content);
    }

    @Test
    void anIdSaysWhatItWasMadeOf() {
        SessionIds.Made made = make("");

        assertThat(ids.open(made.id(), "/mcp", ANN))
                .contains(new SessionIds.Opened(made.key(), false, true, "node", Optional.empty()));
        assertThat(ids.open(make("all of it: é").id(), "/mcp", ANN)
                        .orElseThrow()
                        .content())
                .contains("all of it: é");
    }

    /** Revision 2025-11-25, "Session management": visible ASCII only. */
    @Test
    void anIdIsShortAndVisibleAscii() {
        assertThat(make("").id()).hasSizeLessThan(160).matches("[\\x21-\\x7E]+");
    }

    @Test
    void noTwoIdsAreTheSame() {
        Set<String> made = new HashSet<>();
        Set<String> keys = new HashSet<>();
        for (int i = 0; i < 1000; i++) {
            SessionIds.Made next = make("");
            made.add(next.id());
            keys.add(next.key());
        }

        assertThat(made).hasSize(1000);
        assertThat(keys).hasSize(1000);
    }

    @Test
    void anIdOfWhichOneBitWasChangedIsNone() {
        String alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        // Of three lengths in a row the last characters of two carry bits that mean nothing to a decoder.
        for (String content : List.of("", "x", "xx")) {
            String id = make(content).id();
            for (int i = "s1.".length(); i < id.length(); i++) {
                for (int bit = 1; bit < 64; bit <<= 1) {
                    char other = alphabet.charAt(alphabet.indexOf(id.charAt(i)) ^ bit);
                    String changed = id.substring(0, i) + other + id.substring(i + 1);

                    assertThat(ids.open(changed, "/mcp", ANN))
                            .as("bit %d of character %d of %d", bit, i, id.length())
                            .isEmpty();
                }
            }
        }
    }

    @Test
    void whatIsNoIdIsNone() {
        String id = make("").id();
        for (String none : List.of(
                "",
                "s1.",
                "s1.AAAA",
                "s1.not base64!",
                "s2." + id.substring(3),
                id + "=",
                id + "==",
                id + "A",
                "s1." + "A".repeat(9000))) {
            assertThat(ids.open(none, "/mcp", ANN)).as(none).isEmpty();
        }
    }

    @Test
    void anIdIsOfOneEndpointAndOneRingOfKeys() {
        String id = make("").id();

        assertThat(ids.open(id, "/other", ANN)).isEmpty();
        assertThat(new SessionIds(Sealer.ephemeral(), () -> now).open(id, "/mcp", ANN))
                .isEmpty();
    }

    @Test
    void eachPartOfThePrincipalCounts() {
        String id = make("").id();
        for (Principal other : List.of(
                new Principal("x", "client", "ann", "default"),
                new Principal("issuer", "x", "ann", "default"),
                new Principal("issuer", "client", "x", "default"),
                new Principal("issuer", "client", "ann", "x"),
                new Principal("issuerclient", "", "ann", "default"))) {
            assertThat(ids.open(id, "/mcp", other).orElseThrow().isOwn())
                    .as("%s", other)
                    .isFalse();
        }
    }

    @Test
    void anIdExpiresAMinuteAfterItsTimeAtTheLatest() {
        String id = make("").id();

        now = now.plus(Duration.ofHours(8));
        assertThat(ids.open(id, "/mcp", ANN).orElseThrow().isExpired())
                .as("clocks differ")
                .isFalse();
        now = now.plus(Duration.ofMinutes(1));
        assertThat(ids.open(id, "/mcp", ANN).orElseThrow().isExpired()).isTrue();
    }

    @Test
    void sessionsMayBeGivenAllTheTimeThereIs() {
        String id = ids.make("/mcp", ANN, Duration.ofSeconds(Long.MAX_VALUE), "node", "")
                .id();
        now = now.plus(Duration.ofDays(365_000));

        assertThat(ids.open(id, "/mcp", ANN).orElseThrow().isExpired()).isFalse();
    }
}
