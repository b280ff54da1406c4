package io.sallyport.spi;

import io.sallyport.spi.ClusterBus.Posted;
import io.sallyport.spi.EventLog.Appended;
import io.sallyport.spi.EventLog.Pen;
import io.sallyport.spi.SessionStore.Bounds;
import io.sallyport.spi.SessionStore.Created;
import io.sallyport.spi.SessionStore.Creation;
import io.sallyport.spi.SessionStore.End;
import io.sallyport.spi.SessionStore.Ended;
import io.sallyport.spi.SessionStore.Live;
import io.sallyport.spi.SessionStore.Lookup;
import io.sallyport.testing.History;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Whatever many nodes do at once, a store does one after the other: what is created, changed, leased and fenced. Each
 * test puts down what happened and looks for an order that explains it, see {@link History}. What is done is random; the
 * system property {@code sallyport.seed} repeats it, as far as threads do.
 */
public interface StoreHistoriesContract {

    int THREADS = 6;

    /** See {@link SessionStoreContract#open}. */
    SessionStore open(Bounds bounds);

    /** See {@link SessionStoreContract#another}. */
    Optional<SessionStore> another(SessionStore store);

    /** See {@link SessionStoreContract#letPass}. */
    void letPass(Duration duration);

    /** See {@link StoreContract#lease}. */
    Duration lease();

    /** What one thread does, at a node of its own where nodes can share the store. */
    interface Work {
        void run(int thread, SessionStore node, Random random) throws Exception;
    }

    /** A store as several nodes see it, and the random numbers of a run. */
    final class Run implements AutoCloseable {

        private final long seed = Long.getLong("sallyport.seed", System.nanoTime());
        private final List<SessionStore> nodes = new ArrayList<>();

        Run(StoreHistoriesContract contract, Bounds bounds) {
            nodes.add(contract.open(bounds));
            for (int i = 1; i < 3; i++) {
                contract.another(nodes.get(0)).ifPresent(nodes::add);
            }
        }

        SessionStore store() {
            return nodes.get(0);
        }

        /** Has all threads work at once, and waits for them. */
        void together(Work work) throws Exception {
            ExecutorService threads = Executors.newFixedThreadPool(THREADS);
            try {
                CyclicBarrier start = new CyclicBarrier(THREADS);
                List<Callable<Void>> tasks = IntStream.range(0, THREADS)
                        .<Callable<Void>>mapToObj(thread -> () -> {
                            start.await();
                            work.run(thread, nodes.get(thread % nodes.size()), new Random(seed + thread));
                            return null;
                        })
                        .toList();
                for (Future<Void> done : threads.invokeAll(tasks)) {
                    done.get();
                }
            } finally {
                threads.shutdownNow();
            }
        }

        /** Fails if nothing explains what was put down. */
        <S> void check(History<S> history, S first) {
            try {
                history.assertLinearizable(first);
            } catch (AssertionError e) {
                throw new AssertionError("with -Dsallyport.seed=" + seed + " " + e.getMessage(), e);
            }
        }

        @Override
        public void close() {
            for (int i = nodes.size() - 1; i >= 0; i--) {
                nodes.get(i).close();
            }
        }
    }

    private static <S> Optional<S> only(boolean fits, S next) {
        return fits ? Optional.of(next) : Optional.empty();
    }

    /**
     * A session as its key shows it.
     *
     * @param end how it ended, or a word for what it is else
     * @param by who opened it
     */
    record Known(String end, String by, long version, String level) {

        static final Known UNKNOWN = new Known("unknown", "", 0, "");
        private static final String LIVES = "lives";

        static Known of(Lookup found) {
            if (found instanceof Live live) {
                return of(live.record());
            }
            return found instanceof Ended ended ? new Known(ended.how().word(), "", 0, "") : UNKNOWN;
        }

        static Known of(SessionRecord record) {
            return new Known(
                    LIVES,
                    record.initializeParams(),
                    record.version(),
                    record.logLevel().orElse(""));
        }

        boolean lives() {
            return end.equals(LIVES);
        }
    }

    @Test
    default void sessionsAreCreatedChangedAndEndedOneAfterTheOther() throws Exception {
        int keys = 12;
        List<History<Known>> histories =
                IntStream.range(0, keys).mapToObj(i -> new History<Known>()).toList();
        try (Run run = new Run(this, Bounds.defaults())) {
            run.together((thread, node, random) -> {
                for (int key = 0; key < keys; key++) {
                    SessionDeeds deeds = new SessionDeeds(histories.get(key), node, "k" + key, thread);
                    for (int i = 0; i < 8; i++) {
                        switch (random.nextInt(6)) {
                            case 0 -> deeds.create();
                            case 1 -> deeds.find();
                            case 2 -> deeds.end(End.values()[random.nextInt(End.values().length)]);
                            default -> deeds.change("level" + thread + "." + i);
                        }
                    }
                }
            });
            histories.forEach(history -> run.check(history, Known.UNKNOWN));
        }
    }

    /** What a thread does with a session. */
    final class SessionDeeds {

        private final History<Known> history;
        private final SessionStore node;
        private final String key;
        private final SessionRecord fresh;

        SessionDeeds(History<Known> history, SessionStore node, String key, int thread) {
            this.history = history;
            this.node = node;
            this.key = key;
            // Each of its own, so that none makes room for another.
            Principal principal = new Principal("issuer", "client", key, Principal.DEFAULT_TENANT);
            this.fresh = SessionRecord.opened(key, "/mcp", principal, "2025-11-25", "\"by " + thread + "\"");
        }

        void create() {
            history.put(
                    "create " + key,
                    () -> {
                        try {
                            return node.create(fresh).toString();
                        } catch (IllegalArgumentException lives) {
                            return "it lives";
                        }
                    },
                    (known, answer) -> answer.equals("it lives")
                            ? only(known.lives(), known)
                            : only(!known.lives(), Known.of(fresh)));
        }

        Lookup find() {
            return history.put(
                    "find " + key, () -> node.find(key), (known, found) -> only(known.equals(Known.of(found)), known));
        }

        /** Finds it and, if it lives, replaces it by the next version. */
        void change(String level) {
            if (find() instanceof Live live) {
                SessionRecord next = live.record().withLogLevel(level);
                history.put("update to " + Known.of(next), () -> node.update(next), (known, taken) -> {
                    boolean isNext = known.lives() && known.version() + 1 == next.version();
                    return only(taken == isNext, taken ? Known.of(next) : known);
                });
            }
        }

        void end(End how) {
            history.put(
                    "end " + how.word(),
                    () -> {
                        node.end(key, how);
                        return "ended";
                    },
                    (known, done) -> Optional.of(known.lives() ? new Known(how.word(), "", 0, "") : known));
        }
    }

    @Test
    default void roomIsGivenOneAfterTheOther() throws Exception {
        int perPrincipal = 3;
        int total = 4;
        // What lives, by the key, and whose it is.
        History<Map<String, String>> history = new History<>();
        Duration awhile = Duration.ofHours(8);
        try (Run run = new Run(this, new Bounds(awhile, awhile, perPrincipal, total))) {
            run.together((thread, node, random) -> {
                for (int i = 0; i < 12; i++) {
                    String key = "k" + thread + "." + i;
                    String who = random.nextBoolean() ? "ann" : "bob";
                    Principal principal = new Principal("issuer", "client", who, Principal.DEFAULT_TENANT);
                    Creation made = history.put(
                            "create " + key + " of " + who,
                            () -> node.create(SessionRecord.opened(key, "/mcp", principal, "2025-11-25", "{}")),
                            (living, creation) -> created(living, key, who, creation, perPrincipal, total));
                    if (made instanceof Created && random.nextInt(3) == 0) {
                        history.put(
                                "end " + key,
                                () -> {
                                    node.end(key, End.TERMINATED_BY_CLIENT);
                                    return "ended";
                                },
                                (living, done) -> Optional.of(without(living, key)));
                    }
                    history.put(
                            "find " + key,
                            () -> node.find(key) instanceof Live,
                            (living, lives) -> only(lives == living.containsKey(key), living));
                }
            });
            run.check(history, Map.of());
        }
    }

    private static Map<String, String> without(Map<String, String> living, String key) {
        Map<String, String> rest = new HashMap<>(living);
        rest.remove(key);
        return Map.copyOf(rest);
    }

    private static Optional<Map<String, String>> created(
            Map<String, String> living, String key, String who, Creation creation, int perPrincipal, int total) {
        boolean mustTrade = living.values().stream().filter(who::equals).count() == perPrincipal;
        if (!(creation instanceof Created made)) {
            return only(!mustTrade && living.size() == total, living);
        }
        Map<String, String> now = new HashMap<>(living);
        if (made.evicted().isPresent() != mustTrade
                || !mustTrade && living.size() == total
                || mustTrade && !who.equals(now.remove(made.evicted().get()))) {
            return Optional.empty();
        }
        now.put(key, who);
        return Optional.of(Map.copyOf(now));
    }

    /** How many leases of a unit each living node has left. */
    record Leases(Map<String, Integer> left) {

        Leases with(String node, int units) {
            Map<String, Integer> next = new TreeMap<>(left);
            next.put(node, units);
            return new Leases(next);
        }

        Leases without(String node) {
            Map<String, Integer> next = new TreeMap<>(left);
            next.remove(node);
            return new Leases(next);
        }

        Leases after(int units) {
            Map<String, Integer> next = new TreeMap<>();
            left.forEach((node, its) -> {
                if (its > units) {
                    next.put(node, its - units);
                }
            });
            return new Leases(next);
        }
    }

    @Test
    default void leasesAreGivenProlongedAndEndedOneAfterTheOther() throws Exception {
        // Long, so that the time that the test itself takes is nothing to it.
        Duration unit = lease().multipliedBy(6);
        History<Leases> history = new History<>();
        try (Run run = new Run(this, Bounds.defaults())) {
            for (int round = 0; round < 3; round++) {
                if (round > 0) {
                    history.put(
                            "time passes",
                            () -> {
                                letPass(unit.multipliedBy(2));
                                return 2;
                            },
                            (leases, units) -> Optional.of(leases.after(units)));
                }
                int offset = round * THREADS;
                run.together((thread, node, random) -> {
                    Random its = new Random(random.nextLong() + offset);
                    // A node says itself that it lives; whether it does everybody asks.
                    LeaseDeeds deeds = new LeaseDeeds(history, node.bus(), "n" + thread, unit);
                    for (int i = 0; i < 8; i++) {
                        switch (its.nextInt(6)) {
                            case 0 -> deeds.leave();
                            case 1, 2 -> deeds.beat(its.nextBoolean() ? 1 : 3);
                            case 3 -> deeds.nodes();
                            default -> deeds.post("n" + its.nextInt(THREADS));
                        }
                    }
                });
            }
            run.check(history, new Leases(Map.of()));
        }
    }

    /** What a node does with its lease and those of others. */
    final class LeaseDeeds {

        private final History<Leases> history;
        private final ClusterBus bus;
        private final String name;
        private final Duration unit;

        LeaseDeeds(History<Leases> history, ClusterBus bus, String name, Duration unit) {
            this.history = history;
            this.bus = bus;
            this.name = name;
            this.unit = unit;
        }

        void beat(int units) {
            history.put(
                    "beat " + name + " for " + units,
                    () -> bus.beat(name, unit.multipliedBy(units)),
                    (leases, lived) -> only(lived == leases.left().containsKey(name), leases.with(name, units)));
        }

        void leave() {
            history.put(
                    "leave " + name,
                    () -> {
                        bus.leave(name);
                        return "left";
                    },
                    (leases, done) -> Optional.of(leases.without(name)));
        }

        void nodes() {
            history.put(
                    "nodes",
                    bus::nodes,
                    (leases, living) -> only(living.equals(leases.left().keySet()), leases));
        }

        void post(String to) {
            history.put(
                    "post to " + to,
                    () -> bus.post(to, "from " + name),
                    (leases, posted) ->
                            only((posted == Posted.KEPT) == leases.left().containsKey(to), leases));
        }
    }

    /** A stream of a log. */
    record Kept(boolean exists, String writer, long fence, boolean isFinished, List<String> events) {

        static final Kept NOTHING = new Kept(false, "", 0, false, List.of());

        Pen pen() {
            return new Pen(fence, events.size(), "{}");
        }

        EventLog.Reading reading() {
            List<EventLog.Event> all = IntStream.range(0, events.size())
                    .mapToObj(i -> new EventLog.Event(i + 1, events.get(i)))
                    .toList();
            return new EventLog.Reading(all, events.size(), isFinished, writer);
        }

        Kept takenBy(String node) {
            return new Kept(true, node, fence + 1, isFinished, events);
        }

        /** Returns what it is after an attempt to append, if that was answered so. */
        Optional<Kept> appended(long by, long first, List<String> data, boolean isLast, Appended answer) {
            long end = first + data.size() - 1;
            boolean isKept = fence == by && !(isFinished && end > events.size());
            if (!exists || !isKept) {
                return only(answer == (exists ? Appended.FENCED : Appended.UNKNOWN), this);
            }
            List<String> all = new ArrayList<>(events);
            for (int i = 0; i < data.size(); i++) {
                if (first + i > events.size()) {
                    all.add(data.get(i));
                }
            }
            return only(answer == Appended.KEPT, new Kept(true, writer, fence, isFinished || isLast, List.copyOf(all)));
        }
    }

    @Test
    default void streamsHaveOneWriterAfterTheOther() throws Exception {
        int streams = 10;
        List<History<Kept>> histories =
                IntStream.range(0, streams).mapToObj(i -> new History<Kept>()).toList();
        try (Run run = new Run(this, Bounds.defaults())) {
            run.store().create(SessionRecord.opened("s", "/mcp", Principal.anonymous(), "2025-11-25", "{}"));
            for (int thread = 0; thread < THREADS; thread++) {
                run.store().bus().beat("n" + thread, Duration.ofHours(1));
            }
            run.together((thread, node, random) -> {
                for (int stream = 0; stream < streams; stream++) {
                    StreamDeeds deeds = new StreamDeeds(histories.get(stream), node.events(), "p" + stream, thread);
                    deeds.open();
                    for (int i = 0; i < 8; i++) {
                        switch (random.nextInt(8)) {
                            case 0 -> deeds.read();
                            case 1 -> deeds.take(false);
                            case 2, 3 -> deeds.take(true);
                            default -> deeds.append(1 + random.nextInt(2), random.nextInt(12) == 0);
                        }
                    }
                    deeds.read();
                }
            });
            histories.forEach(history -> run.check(history, Kept.NOTHING));
        }
    }

    /** What a thread, which is a node that lives, does with a stream. Whoever opens it does so for a node that does not. */
    final class StreamDeeds {

        private final History<Kept> history;
        private final EventLog log;
        private final String stream;
        private final String node;
        private Optional<Pen> pen = Optional.empty();
        private long next = 1;

        StreamDeeds(History<Kept> history, EventLog log, String stream, int thread) {
            this.history = history;
            this.log = log;
            this.stream = stream;
            this.node = "n" + thread;
        }

        private void hold(Optional<Pen> its) {
            if (its.isPresent()) {
                pen = its;
                next = its.get().last() + 1;
            }
        }

        void open() {
            hold(history.put(
                    "open " + stream + " for the dead",
                    () -> {
                        try {
                            return log.open("s", stream, "dead of " + node, "{}");
                        } catch (IllegalArgumentException exists) {
                            return Optional.<Pen>empty();
                        }
                    },
                    (kept, its) -> its.isEmpty()
                            ? only(kept.exists(), kept)
                            : only(
                                    !kept.exists() && its.get().equals(new Pen(1, 0, "{}")),
                                    new Kept(true, "dead of " + node, 1, false, List.of()))));
        }

        void take(boolean evenFromTheLiving) {
            hold(history.put(
                    "take " + stream + (evenFromTheLiving ? "" : " if its writer is dead") + " at " + node,
                    () -> log.take("s", stream, node, evenFromTheLiving),
                    (kept, its) -> {
                        boolean isDue = !kept.isFinished()
                                && (evenFromTheLiving || kept.writer().startsWith("dead"));
                        Kept taken = isDue ? kept.takenBy(node) : kept;
                        return only(its.equals(isDue ? Optional.of(taken.pen()) : Optional.empty()), taken);
                    }));
        }

        /** Appends with the pen that it had last, whoever has a later one; and then once more, as after a lost answer. */
        void append(int count, boolean isLast) {
            if (pen.isEmpty()) {
                return;
            }
            long fence = pen.get().fence();
            long first = next;
            List<String> data = IntStream.range(0, count)
                    .mapToObj(i -> fence + "/" + (first + i))
                    .toList();
            for (int attempt = 0; attempt < 2; attempt++) {
                Appended answer = history.put(
                        "append " + data + (isLast ? " and finish" : "") + " by fence " + fence,
                        () -> log.append("s", stream, fence, first, data, isLast),
                        (kept, its) -> kept.appended(fence, first, data, isLast, its));
                if (answer == Appended.KEPT) {
                    next = first + count;
                }
            }
        }

        void read() {
            history.put(
                    "read " + stream,
                    () -> log.read("s", stream, 0, Integer.MAX_VALUE),
                    (kept, its) ->
                            only(its.equals(kept.exists() ? Optional.of(kept.reading()) : Optional.empty()), kept));
        }
    }
}
