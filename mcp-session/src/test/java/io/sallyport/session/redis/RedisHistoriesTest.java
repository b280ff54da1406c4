package io.sallyport.session.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.spi.EventLog;
import io.sallyport.spi.EventLog.Appended;
import io.sallyport.spi.EventLog.Pen;
import io.sallyport.spi.Principal;
import io.sallyport.spi.SessionRecord;
import io.sallyport.spi.SessionStore;
import io.sallyport.spi.SessionStore.Live;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What several nodes did at once, put down with when each began and when it had its answer, and checked afterwards: there
 * must be an order of all of it, one after the other, that explains every answer.
 */
class RedisHistoriesTest {

    private static final int NODES = 4;
    private static final int THREADS = 8;
    private static final int STEPS = 60;

    private TestRedis redis;
    private final List<SessionStore> nodes = new ArrayList<>();

    @BeforeEach
    void start() {
        redis = TestRedis.with();
        IntStream.range(0, NODES)
                .forEach(i -> nodes.add(RedisSessionStore.at(redis.uri()).build()));
        nodes.get(0).create(SessionRecord.opened("s", "/mcp", Principal.anonymous(), "2025-11-25", "{}"));
    }

    @AfterEach
    void stop() {
        nodes.forEach(SessionStore::close);
        redis.close();
    }

    /** A look at a session or a change of it, and when: {@code version} is what it saw or made. */
    private record Step(long from, long to, boolean isChange, long version, String word) {}

    @Test
    void changesOfASessionComeOneAfterTheOtherAndEveryLookSeesTheLast() throws Exception {
        List<Step> steps = together(thread -> {
            SessionStore node = nodes.get(thread % NODES);
            List<Step> own = new ArrayList<>();
            for (int i = 0; i < STEPS; i++) {
                long began = System.nanoTime();
                SessionRecord seen = ((Live) node.find("s")).record();
                long saw = System.nanoTime();
                own.add(new Step(
                        began, saw, false, seen.version(), seen.logLevel().orElse("")));
                String word = thread + "/" + i;
                if (node.update(seen.withLogLevel(word))) {
                    own.add(new Step(saw, System.nanoTime(), true, seen.version() + 1, word));
                }
            }
            return own;
        });

        Map<Long, Step> changes =
                steps.stream().filter(Step::isChange).collect(Collectors.toMap(Step::version, Function.identity()));
        assertThat(changes.keySet())
                .as("each version is somebody's, and one's only")
                .containsExactlyInAnyOrderElementsOf(IntStream.rangeClosed(1, changes.size())
                        .mapToObj(Long::valueOf)
                        .toList());
        assertThat(changes).hasSizeGreaterThanOrEqualTo(STEPS);
        steps.stream()
                .filter(step -> step.version > 0)
                .forEach(step -> assertThat(step.word).isEqualTo(changes.get(step.version).word));
        // What was answered before another began cannot come after it.
        List<Step> byAnswer =
                steps.stream().sorted(Comparator.comparingLong(Step::to)).toList();
        for (Step later : steps) {
            long least = byAnswer.stream()
                    .takeWhile(earlier -> earlier.to < later.from)
                    .mapToLong(Step::version)
                    .max()
                    .orElse(0);
            assertThat(later.version)
                    .as("%s after version %d", later, least)
                    .isGreaterThanOrEqualTo(later.isChange ? least + 1 : least);
        }
    }

    /** That a node took the stream over, or that it appended an event or was kept from it. */
    private record Deed(long from, long to, long fence, long number, String data, Appended what) {

        static Deed take(long from, Pen pen) {
            return new Deed(from, System.nanoTime(), pen.fence(), pen.last(), "", Appended.UNKNOWN);
        }

        boolean isTake() {
            return what == Appended.UNKNOWN;
        }
    }

    @Test
    void noEventOfAFormerWriterGetsIntoAStreamAndNoNumberIsMissingOrThereTwice() throws Exception {
        nodes.get(0).events().open("s", "a", "n", "");
        List<Deed> deeds = together(thread -> {
            EventLog log = nodes.get(thread % NODES).events();
            List<Deed> own = new ArrayList<>();
            while (own.size() < STEPS) {
                long began = System.nanoTime();
                Pen pen = log.take("s", "a", "n" + thread, true).orElseThrow();
                own.add(Deed.take(began, pen));
                Appended what = Appended.KEPT;
                for (long number = pen.last() + 1; what == Appended.KEPT && number < pen.last() + 10; number++) {
                    String data = pen.fence() + "/" + number;
                    long from = System.nanoTime();
                    what = log.append("s", "a", pen.fence(), number, List.of(data), false);
                    own.add(new Deed(from, System.nanoTime(), pen.fence(), number, data, what));
                }
            }
            return own;
        });

        List<EventLog.Event> events = nodes.get(0)
                .events()
                .read("s", "a", 0, Integer.MAX_VALUE)
                .orElseThrow()
                .events();
        List<Deed> kept =
                deeds.stream().filter(deed -> deed.what == Appended.KEPT).toList();
        assertThat(kept).isNotEmpty();
        assertThat(deeds).as("somebody was kept out").anyMatch(deed -> deed.what == Appended.FENCED);
        assertThat(events)
                .as("what was acknowledged is there, once, and nothing else")
                .containsExactlyElementsOf(kept.stream()
                        .sorted(Comparator.comparingLong(Deed::number))
                        .map(deed -> new EventLog.Event(deed.number, deed.data))
                        .toList());
        assertThat(events)
                .extracting(EventLog.Event::number)
                .containsExactlyElementsOf(IntStream.rangeClosed(1, events.size())
                        .mapToObj(Long::valueOf)
                        .toList());
        assertThat(events)
                .extracting(event ->
                        Long.parseLong(event.data().substring(0, event.data().indexOf('/'))))
                .as("fences never go back")
                .isSorted();

        Set<Long> fences = new HashSet<>();
        deeds.stream().filter(Deed::isTake).forEach(take -> {
            assertThat(fences.add(take.fence)).as("fence %d twice", take.fence).isTrue();
            assertThat(kept)
                    .as("after fence %d was given", take.fence)
                    .noneMatch(deed -> deed.fence < take.fence && deed.from > take.to);
            // The last number that came with a pen is that of the last event before it.
            assertThat(kept)
                    .noneMatch(deed -> deed.fence < take.fence && deed.number > take.number
                            || deed.fence >= take.fence && deed.number <= take.number);
        });
    }

    private static <T> List<T> together(Function<Integer, List<T>> task) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(THREADS);
        try {
            List<Callable<List<T>>> tasks = IntStream.range(0, THREADS)
                    .<Callable<List<T>>>mapToObj(thread -> () -> task.apply(thread))
                    .toList();
            List<T> all = new ArrayList<>();
            for (Future<List<T>> done : pool.invokeAll(tasks)) {
                all.addAll(done.get());
            }
            return all;
        } finally {
            pool.shutdownNow();
        }
    }
}
