package io.sallyport.spi;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.testing.Incident;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SealedSessionStoreTest implements SessionStoreContract, ClusterBusContract {

    private Instant now = Instant.EPOCH;

    @Override
    public SessionStore open(SessionStore.Bounds bounds) {
        return SessionStore.sealed(SessionStore.inMemory(bounds, () -> now), Sealer.ephemeral());
    }

    @Override
    public Duration lease() {
        return Duration.ofSeconds(10);
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
    void nothingThatIsSaidCanBeReadInTheStore() {
        SessionStore store = SessionStore.inMemory(SessionStore.Bounds.defaults(), () -> now);
        SessionStore sealed = SessionStore.sealed(store, Sealer.ephemeral());
        sealed.create(SessionRecord.opened("k", "/mcp", Principal.anonymous(), "2025-11-25", "secret"));
        sealed.update(((SessionStore.Live) sealed.find("k")).record().withUpstream("u", "secret"));
        sealed.events().open("k", "s", "n", "secret");
        sealed.events().append("k", "s", 1, 1, List.of("secret"), false);
        sealed.bus().beat("n", Duration.ofSeconds(1));
        sealed.bus().post("n", "secret");

        List<String> kept = new ArrayList<>();
        kept.add(((SessionStore.Live) store.find("k")).record().encoded());
        kept.add(store.events().streams("k").toString());
        kept.add(store.events().read("k", "s", 0, 10).toString());
        kept.add(store.bus().collect("n", 0, 10, Duration.ZERO).toString());
        assertThat(kept).noneMatch(text -> text.contains("secret"));

        List<String> read = new ArrayList<>();
        read.add(((SessionStore.Live) sealed.find("k")).record().encoded());
        read.add(sealed.events().streams("k").toString());
        read.add(sealed.events().read("k", "s", 0, 10).toString());
        read.add(sealed.bus().collect("n", 0, 10, Duration.ZERO).toString());
        assertThat(read).allMatch(text -> text.contains("secret"));
    }

    @Test
    void whatWasMovedToAnotherPlaceInTheStoreIsNotThere() {
        SessionStore store = SessionStore.inMemory(SessionStore.Bounds.defaults(), () -> now);
        SessionStore sealed = SessionStore.sealed(store, Sealer.ephemeral());
        for (String key : List.of("k", "l")) {
            sealed.create(SessionRecord.opened(key, "/mcp", Principal.anonymous(), "2025-11-25", "{}"));
            sealed.events().open(key, "s", "n", "{}");
        }
        sealed.events().append("k", "s", 1, 1, List.of("of k"), false);
        String moved = store.events()
                .read("k", "s", 0, 1)
                .orElseThrow()
                .events()
                .get(0)
                .data();
        store.events().append("l", "s", 1, 1, List.of(moved), false);

        assertThat(sealed.events().read("l", "s", 0, 1).orElseThrow().events()).isEmpty();
        assertThat(sealed.events().read("k", "s", 0, 1).orElseThrow().events())
                .extracting(EventLog.Event::data)
                .containsExactly("of k");
    }

    @Test
    @Incident("S113")
    void whatIsDamagedInTheStoreIsNotThereAndTheRestIs() {
        SessionStore store = SessionStore.inMemory(SessionStore.Bounds.defaults(), () -> now);
        SessionStore sealed = SessionStore.sealed(store, Sealer.ephemeral());
        for (String key : List.of("k", "l")) {
            sealed.create(SessionRecord.opened(key, "/mcp", Principal.anonymous(), "2025-11-25", "{}"));
        }
        SessionRecord kept = ((SessionStore.Live) store.find("k")).record();
        String params = kept.initializeParams();
        char other = params.charAt(40) == 'A' ? 'B' : 'A';
        store.update(kept.withLogLevel("debug").with(params.substring(0, 40) + other + params.substring(41), Map.of()));

        assertThat(sealed.find("k")).isEqualTo(new SessionStore.Unknown());
        assertThat(sealed.find("l")).isInstanceOf(SessionStore.Live.class);
        assertThat(sealed.list("", 10, Optional.empty()))
                .extracting(session -> session.record().key())
                .containsExactly("l");
    }

    @Test
    void aSessionSealedWithAKeyThatIsGoneIsUnknown() {
        SessionStore store = SessionStore.inMemory(SessionStore.Bounds.defaults(), () -> now);
        SessionStore.sealed(store, Sealer.ephemeral())
                .create(SessionRecord.opened("k", "/mcp", Principal.anonymous(), "2025-11-25", "{}"));

        assertThat(SessionStore.sealed(store, Sealer.ephemeral()).find("k")).isEqualTo(new SessionStore.Unknown());
    }
}
