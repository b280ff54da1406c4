package io.sallyport.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.spi.EventLog.Appended;
import io.sallyport.spi.EventLog.Event;
import io.sallyport.spi.EventLog.Pen;
import io.sallyport.spi.EventLog.Reading;
import io.sallyport.testing.Incident;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What every {@link EventLog} must do. */
public interface EventLogContract {

    /** See {@link SessionStoreContract#open}. */
    SessionStore open(SessionStore.Bounds bounds);

    /** See {@link SessionStoreContract#another}. */
    Optional<SessionStore> another(SessionStore store);

    /** See {@link SessionStoreContract#letPass}. */
    void letPass(Duration duration);

    /** See {@link StoreContract#lease}. */
    Duration lease();

    /** Returns a store with the living sessions {@code s} and {@code t}, in which the nodes {@code n} and {@code m} live. */
    private SessionStore openWith(int bytesPerStream, int streamsPerSession) {
        SessionStore store = open(SessionStore.Bounds.defaults().withStreams(bytesPerStream, streamsPerSession));
        for (String key : List.of("s", "t")) {
            store.create(SessionRecord.opened(key, "/mcp", Principal.anonymous(), "2025-11-25", "{}"));
        }
        store.bus().beat("n", lease());
        store.bus().beat("m", lease());
        return store;
    }

    private static Pen begin(SessionStore store, String session, String stream) {
        return store.events().open(session, stream, "n", "{}").orElseThrow();
    }

    private static Appended append(SessionStore store, String session, String stream, long first, String... data) {
        return store.events().append(session, stream, 1, first, List.of(data), false);
    }

    private static Reading read(SessionStore store, String session, String stream, long after) {
        return store.events().read(session, stream, after, 100).orElseThrow();
    }

    private static List<String> data(SessionStore store, String session, String stream) {
        return read(store, session, stream, 0).events().stream()
                .map(Event::data)
                .toList();
    }

    private static Set<String> streams(SessionStore store, String session) {
        return store.events().streams(session).stream()
                .map(EventLog.Summary::stream)
                .collect(Collectors.toSet());
    }

    @Test
    default void aClientThatComesBackGetsWhatItHasMissedInOrder() {
        try (SessionStore store = openWith(1000, 4)) {
            begin(store, "s", "a");
            assertThat(append(store, "s", "a", 1, "{\"n\":1}")).isEqualTo(Appended.KEPT);
            assertThat(append(store, "s", "a", 2, "{\"n\":\"é\uD83D\uDE00\"}", "{\"n\":3}"))
                    .isEqualTo(Appended.KEPT);

            assertThat(data(store, "s", "a")).containsExactly("{\"n\":1}", "{\"n\":\"é\uD83D\uDE00\"}", "{\"n\":3}");
            assertThat(read(store, "s", "a", 2))
                    .isEqualTo(new Reading(List.of(new Event(3, "{\"n\":3}")), 3, false, "n"));
            assertThat(read(store, "s", "a", 3).events()).isEmpty();
            assertThat(read(store, "s", "a", 4).events()).isEmpty();
            assertThat(store.events().read("s", "a", 0, 2).orElseThrow().events())
                    .extracting(Event::number)
                    .containsExactly(1L, 2L);
        }
    }

    @Test
    default void aStreamThatHasJustBegunIsEmpty() {
        try (SessionStore store = openWith(1000, 4)) {
            assertThat(store.events().open("s", "a", "n", "about it: é")).contains(new Pen(1, 0, "about it: é"));

            assertThat(read(store, "s", "a", 0)).isEqualTo(new Reading(List.of(), 0, false, "n"));
        }
    }

    @Test
    default void aStreamBeginsOnce() {
        try (SessionStore store = openWith(1000, 4)) {
            begin(store, "s", "a");
            append(store, "s", "a", 1, "x");

            assertThatThrownBy(() -> begin(store, "s", "a")).isInstanceOf(IllegalArgumentException.class);

            assertThat(data(store, "s", "a")).containsExactly("x");
        }
    }

    @Test
    default void whatIsUnknownHasNoEventsAndTakesNone() {
        try (SessionStore store = openWith(1000, 4)) {
            begin(store, "s", "a");

            assertThat(store.events().read("s", "b", 0, 1)).isEmpty();
            assertThat(store.events().read("t", "a", 0, 1)).isEmpty();
            assertThat(append(store, "t", "a", 1, "x")).isEqualTo(Appended.UNKNOWN);
            assertThat(append(store, "u", "a", 1, "x")).isEqualTo(Appended.UNKNOWN);
            assertThat(store.events().take("s", "b", "n", true)).isEmpty();
            assertThat(store.events().open("u", "a", "n", "{}"))
                    .as("no such session")
                    .isEmpty();
            assertThat(store.events().streams("u")).isEmpty();
        }
    }

    @Test
    default void sessionsAndStreamsAreKeptApart() {
        try (SessionStore store = openWith(1000, 4)) {
            begin(store, "s", "a");
            begin(store, "s", "b");
            begin(store, "t", "a");
            append(store, "s", "a", 1, "s a");
            append(store, "s", "b", 1, "s b");
            append(store, "t", "a", 1, "t a");

            assertThat(data(store, "s", "a")).containsExactly("s a");
            assertThat(data(store, "s", "b")).containsExactly("s b");
            assertThat(data(store, "t", "a")).containsExactly("t a");
            assertThat(streams(store, "s")).containsExactlyInAnyOrder("a", "b");
            assertThat(streams(store, "t")).containsExactly("a");
        }
    }

    @Test
    default void whatIsAppendedTwiceIsThereOnce() {
        try (SessionStore store = openWith(1000, 4)) {
            begin(store, "s", "a");
            append(store, "s", "a", 1, "1", "2");

            assertThat(append(store, "s", "a", 1, "1", "2")).isEqualTo(Appended.KEPT);
            assertThat(append(store, "s", "a", 2, "2", "3")).isEqualTo(Appended.KEPT);

            assertThat(data(store, "s", "a")).containsExactly("1", "2", "3");
            assertThat(read(store, "s", "a", 0).last()).isEqualTo(3);
        }
    }

    @Test
    default void aFinishedStreamTakesNoMore() {
        try (SessionStore store = openWith(1000, 4)) {
            begin(store, "s", "a");
            EventLog log = store.events();
            assertThat(log.append("s", "a", 1, 1, List.of("1"), true)).isEqualTo(Appended.KEPT);

            assertThat(log.append("s", "a", 1, 1, List.of("1"), true))
                    .as("tried again")
                    .isEqualTo(Appended.KEPT);
            assertThat(append(store, "s", "a", 2, "2")).isEqualTo(Appended.FENCED);
            assertThat(log.take("s", "a", "m", true)).isEmpty();

            assertThat(read(store, "s", "a", 0)).isEqualTo(new Reading(List.of(new Event(1, "1")), 1, true, "n"));
        }
    }

    @Test
    default void aStreamCanBeFinishedWithoutAnotherEvent() {
        try (SessionStore store = openWith(1000, 4)) {
            begin(store, "s", "a");

            assertThat(store.events().append("s", "a", 1, 1, List.of(), true)).isEqualTo(Appended.KEPT);

            assertThat(read(store, "s", "a", 0)).isEqualTo(new Reading(List.of(), 0, true, "n"));
        }
    }

    @Test
    default void whoTookAStreamOverKeepsFormerWritersOut() {
        try (SessionStore store = openWith(1000, 4)) {
            store.events().open("s", "a", "n", "what it is about");
            append(store, "s", "a", 1, "of n");

            assertThat(store.events().take("s", "a", "m", true)).contains(new Pen(2, 1, "what it is about"));

            assertThat(append(store, "s", "a", 2, "late")).isEqualTo(Appended.FENCED);
            assertThat(store.events().append("s", "a", 1, 2, List.of("late"), true))
                    .isEqualTo(Appended.FENCED);
            assertThat(store.events().append("s", "a", 2, 2, List.of("of m"), true))
                    .isEqualTo(Appended.KEPT);
            assertThat(data(store, "s", "a")).containsExactly("of n", "of m");
            assertThat(read(store, "s", "a", 0).writer()).isEqualTo("m");
        }
    }

    @Test
    default void aStreamIsInheritedFromTheDeadOnly() {
        try (SessionStore store = openWith(1000, 4)) {
            begin(store, "s", "a");
            assertThat(store.events().take("s", "a", "m", false)).as("n lives").isEmpty();
            letPass(lease());
            store.bus().beat("m", lease());

            assertThat(store.events().take("s", "a", "m", false)).contains(new Pen(2, 0, "{}"));

            store.bus().beat("n", lease());
            assertThat(store.events().take("s", "a", "n", false))
                    .as("m lives now")
                    .isEmpty();
            assertThat(append(store, "s", "a", 1, "late")).isEqualTo(Appended.FENCED);
        }
    }

    @Test
    default void aStreamOfANodeThatLeftCanBeInherited() {
        try (SessionStore store = openWith(1000, 4)) {
            begin(store, "s", "a");
            store.bus().leave("n");

            assertThat(store.events().take("s", "a", "m", false)).contains(new Pen(2, 0, "{}"));
        }
    }

    @Test
    default void whatIsAboutStreamsCanBeLookedThrough() {
        try (SessionStore store = openWith(1000, 4)) {
            store.events().open("s", "a", "n", "A");
            store.events().open("s", "b", "m", "B");
            store.events().append("s", "b", 1, 1, List.of("x"), true);

            assertThat(store.events().streams("s"))
                    .containsExactlyInAnyOrder(
                            new EventLog.Summary("a", "n", "A", false), new EventLog.Summary("b", "m", "B", true));
        }
    }

    @Test
    default void anotherNodeReadsWhatOneHasWritten() {
        try (SessionStore store = openWith(1000, 4);
                SessionStore other = another(store).orElse(store)) {
            begin(store, "s", "a");
            append(store, "s", "a", 1, "x");

            assertThat(data(other, "s", "a")).containsExactly("x");
            assertThat(other.events().take("s", "a", "m", true)).contains(new Pen(2, 1, "{}"));
            assertThat(append(store, "s", "a", 2, "y")).isEqualTo(Appended.FENCED);
        }
    }

    @Test
    @Incident("S94")
    default void aStreamKeepsAsManyBytesAsItMayAndThenLosesItsOldest() {
        try (SessionStore store = openWith(10, 4)) {
            begin(store, "s", "a");
            append(store, "s", "a", 1, "12345");
            append(store, "s", "a", 2, "67890");
            assertThat(data(store, "s", "a")).containsExactly("12345", "67890");

            append(store, "s", "a", 3, "x");

            assertThat(data(store, "s", "a")).containsExactly("67890", "x");
            assertThat(read(store, "s", "a", 0).last()).isEqualTo(3);
        }
    }

    @Test
    default void bytesAreCountedNotCharacters() {
        try (SessionStore store = openWith(10, 4)) {
            begin(store, "s", "a");
            append(store, "s", "a", 1, "ééé", "éé");
            assertThat(data(store, "s", "a")).containsExactly("ééé", "éé");

            append(store, "s", "a", 3, "é");

            assertThat(data(store, "s", "a")).containsExactly("éé", "é");
        }
    }

    @Test
    default void oneEventIsKeptHoweverLongItIs() {
        try (SessionStore store = openWith(10, 4)) {
            begin(store, "s", "a");
            append(store, "s", "a", 1, "1");
            append(store, "s", "a", 2, "x".repeat(11));

            assertThat(data(store, "s", "a")).containsExactly("x".repeat(11));
        }
    }

    @Test
    @Incident("S94")
    default void aSessionKeepsAsManyStreamsAsItMayAndThenLosesTheOneNotAppendedToForLongest() {
        try (SessionStore store = openWith(1000, 2)) {
            begin(store, "s", "a");
            begin(store, "s", "b");
            begin(store, "t", "c");
            append(store, "s", "b", 1, "b1");
            append(store, "s", "a", 1, "a1");

            begin(store, "s", "c");

            assertThat(streams(store, "s")).containsExactlyInAnyOrder("a", "c");
            assertThat(streams(store, "t")).containsExactly("c");
            assertThat(append(store, "s", "b", 2, "b2")).isEqualTo(Appended.UNKNOWN);
        }
    }

    @Test
    default void aFinishedStreamIsLostBeforeOneThatIsNot() {
        try (SessionStore store = openWith(1000, 2)) {
            begin(store, "s", "a");
            begin(store, "s", "b");
            store.events().append("s", "b", 1, 1, List.of("the end"), true);

            begin(store, "s", "c");

            assertThat(streams(store, "s")).containsExactlyInAnyOrder("a", "c");
        }
    }

    @Test
    default void theStreamsOfASessionTogetherKeepNoMoreThanTheyAllMay() {
        try (SessionStore store = openWith(10, 4)) {
            begin(store, "t", "a");
            append(store, "t", "a", 1, "x".repeat(40));
            begin(store, "s", "a");
            begin(store, "s", "b");
            begin(store, "s", "c");
            append(store, "s", "a", 1, "x".repeat(20));
            append(store, "s", "b", 1, "x".repeat(20));
            assertThat(streams(store, "s")).contains("a", "b");

            append(store, "s", "c", 1, "x");

            assertThat(streams(store, "s")).as("not appended to for longest").containsExactlyInAnyOrder("b", "c");

            store.events().forget("s", "b");
            begin(store, "s", "d");
            append(store, "s", "d", 1, "x".repeat(39));
            assertThat(streams(store, "s"))
                    .as("what was forgotten does not count")
                    .contains("c", "d");
            assertThat(streams(store, "t")).containsExactly("a");
        }
    }

    @Test
    default void whatIsForgottenIsGone() {
        try (SessionStore store = openWith(1000, 4)) {
            begin(store, "s", "a");
            begin(store, "s", "b");
            begin(store, "t", "a");

            store.events().forget("s", "a");
            store.events().forget("s", "a");
            store.events().forget("unknown", "a");

            assertThat(streams(store, "s")).containsExactly("b");
            assertThat(streams(store, "t")).containsExactly("a");
        }
    }

    @Test
    default void theStreamsOfASessionEndWithIt() {
        try (SessionStore store = openWith(1000, 4)) {
            begin(store, "s", "a");
            begin(store, "t", "a");

            store.end("s", SessionStore.End.TERMINATED_BY_CLIENT);

            assertThat(store.events().read("s", "a", 0, 1)).isEmpty();
            assertThat(append(store, "s", "a", 1, "x")).isEqualTo(Appended.UNKNOWN);
            assertThat(store.events().open("s", "b", "n", "{}")).isEmpty();
            assertThat(streams(store, "t")).containsExactly("a");
        }
    }
}
