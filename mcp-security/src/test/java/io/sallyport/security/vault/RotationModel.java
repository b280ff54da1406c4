package io.sallyport.security.vault;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * All that can happen while a data key is rotated, step by step in every order: nodes that know only the ring that they last
 * looked at, each with a writer and a reader; two rows; and a rotator that may be killed between any two steps, which then
 * begins again knowing nothing but what is stored.
 *
 * <p>A step is what the store does at once: one statement, one transaction. What somebody knows of it later may be stale.
 */
final class RotationModel {

    /** What may be left out of the protocol, to see what for it is there. */
    record Protocol(boolean hasCas, boolean hasFence, boolean hasBarrier) {
        static final Protocol WHOLE = new Protocol(true, true, true);
    }

    enum Violation {
        /** A write that was acknowledged is gone. */
        LOST_UPDATE,
        /** A row is sealed under a key that is no more. */
        ROW_UNDER_DESTROYED_KEY,
        /** A node does not have the key of a row as it stands. */
        UNREADABLE
    }

    /**
     * What was found.
     *
     * @param states how many states there are; what follows on a violation is not looked at
     * @param violations how to come to each by the fewest steps
     * @param stuck how many states there are from which the rotation cannot come to its end
     */
    record Findings(int states, Map<Violation, List<String>> violations, int stuck) {}

    private static final int NODES = 2;
    private static final int ROWS = 2;
    private static final int KEYS = 2;
    private static final int NOBODY = -1;

    // States of a key, in the order in which a key that is given up goes through them; the new one begins at ABSENT.
    private static final int ABSENT = 0;
    private static final int DISTRIBUTED = 1;
    private static final int PRIMARY = 2;
    private static final int DECRYPT_ONLY = 3;
    private static final int DISABLED = 4;
    private static final int DESTROYED = 5;

    private final Protocol protocol;
    private final int rotators;

    RotationModel(Protocol protocol, int rotators) {
        this.protocol = protocol;
        this.rotators = rotators;
    }

    /** Everything that is stored, and that somebody knows. */
    private final class State {

        final int[] keys = {PRIMARY, ABSENT};
        final int[] rowKey = new int[ROWS];

        // Of each node: the states of the keys as it knows them, whether it has written, the row that it is about to
        // write,
        // under which key, and whether the row has been written since it looked at its version.
        final int[][] known = {{PRIMARY, ABSENT}, {PRIMARY, ABSENT}};
        final int[] written = new int[NODES];
        final int[] writing = fill(NODES, NOBODY);
        final int[] writingKey = new int[NODES];
        final int[] writingIsStale = new int[NODES];

        // Of each rotator: the row that it has opened and is about to write back, under which key, and since then.
        final int[] rewriting = fill(rotators, NOBODY);
        final int[] rewritingKey = new int[rotators];
        final int[] rewritingIsStale = new int[rotators];
        final int[] aborted = new int[1];

        State copy() {
            State copy = new State();
            int[][] from = arrays();
            int[][] to = copy.arrays();
            for (int i = 0; i < from.length; i++) {
                System.arraycopy(from[i], 0, to[i], 0, from[i].length);
            }
            return copy;
        }

        private int[][] arrays() {
            return new int[][] {
                keys,
                rowKey,
                known[0],
                known[1],
                written,
                writing,
                writingKey,
                writingIsStale,
                rewriting,
                rewritingKey,
                rewritingIsStale,
                aborted
            };
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof State that && Arrays.deepEquals(arrays(), that.arrays());
        }

        @Override
        public int hashCode() {
            return Arrays.deepHashCode(arrays());
        }

        int primary() {
            return keys[0] == PRIMARY ? 0 : 1;
        }

        boolean isDone() {
            return keys[1 - primary()] == DESTROYED;
        }

        boolean isUsed(int key) {
            return Arrays.stream(rowKey).anyMatch(of -> of == key);
        }

        void write(int row, int key, boolean isNew) {
            rowKey[row] = key;
            for (int node = 0; node < NODES; node++) {
                writingIsStale[node] |= writing[node] == row ? 1 : 0;
            }
            for (int rotator = 0; rotator < rotators; rotator++) {
                rewritingIsStale[rotator] |= rewriting[rotator] == row && isNew ? 1 : 0;
            }
        }
    }

    private static int[] fill(int size, int value) {
        int[] filled = new int[size];
        Arrays.fill(filled, value);
        return filled;
    }

    /** What can happen next. */
    private record Step(String name, State to, Optional<Violation> violation) {}

    private final class Steps {

        private final State from;
        private final List<Step> steps = new ArrayList<>();

        Steps(State from) {
            this.from = from;
        }

        void add(String name, Consumer<State> change) {
            State to = from.copy();
            change.accept(to);
            steps.add(new Step(name, to, violationIn(to)));
        }

        void fails(String name, Violation violation) {
            steps.add(new Step(name, from, Optional.of(violation)));
        }
    }

    private static Optional<Violation> violationIn(State state) {
        for (int row = 0; row < ROWS; row++) {
            int key = state.rowKey[row];
            if (state.keys[key] == DESTROYED) {
                return Optional.of(Violation.ROW_UNDER_DESTROYED_KEY);
            }
            for (int[] known : state.known) {
                // Who had fetched it before its key was changed fetches it once more, and finds this.
                if (known[key] < DISTRIBUTED || known[key] > DECRYPT_ONLY) {
                    return Optional.of(Violation.UNREADABLE);
                }
            }
        }
        return Optional.empty();
    }

    private List<Step> from(State state) {
        Steps steps = new Steps(state);
        for (int node = 0; node < NODES; node++) {
            refreshing(steps, node);
            writing(steps, node);
        }
        rotating(steps);
        for (int rotator = 0; rotator < rotators; rotator++) {
            rewriting(steps, rotator);
        }
        aborting(steps);
        return steps.steps;
    }

    private static void refreshing(Steps steps, int node) {
        if (!Arrays.equals(steps.from.known[node], steps.from.keys)) {
            steps.add("node " + node + " looks at the ring", to -> refresh(to, node));
        }
    }

    private static void refresh(State to, int node) {
        System.arraycopy(to.keys, 0, to.known[node], 0, KEYS);
    }

    /** One write per node. */
    private void writing(Steps steps, int node) {
        State from = steps.from;
        int row = from.writing[node];
        if (row != NOBODY) {
            boolean isRefused = protocol.hasCas() && from.writingIsStale[node] == 1;
            boolean isFenced = protocol.hasFence() && from.keys[from.writingKey[node]] != PRIMARY;
            steps.add("node " + node + " commits row " + row + " under key " + from.writingKey[node], to -> {
                to.writing[node] = NOBODY;
                to.writingKey[node] = 0;
                to.writingIsStale[node] = 0;
                if (isFenced) {
                    refresh(to, node);
                } else if (!isRefused) {
                    to.write(row, from.writingKey[node], true);
                    to.written[node] = 1;
                }
            });
            return;
        }
        for (int i = 0; i < ROWS && from.written[node] == 0; i++) {
            int it = i;
            steps.add("node " + node + " begins to write row " + i, to -> {
                to.writing[node] = it;
                to.writingKey[node] = to.known[node][0] == PRIMARY ? 0 : 1;
            });
        }
    }

    /** What the rotator does to the ring follows from the ring alone. */
    private void rotating(Steps steps) {
        State from = steps.from;
        int primary = from.primary();
        int other = 1 - primary;
        switch (from.keys[other]) {
            case ABSENT -> steps.add("a new key is distributed", to -> to.keys[other] = DISTRIBUTED);
            case DISTRIBUTED -> {
                boolean doAllKnow = Arrays.stream(from.known).allMatch(known -> known[other] >= DISTRIBUTED);
                if (doAllKnow || !protocol.hasBarrier()) {
                    steps.add("key " + other + " is promoted", to -> {
                        to.keys[other] = PRIMARY;
                        to.keys[primary] = DECRYPT_ONLY;
                    });
                }
            }
            case DECRYPT_ONLY -> {
                if (!from.isUsed(other)) {
                    steps.add("key " + other + " is disabled", to -> to.keys[other] = DISABLED);
                }
            }
            case DISABLED -> steps.add("key " + other + " is destroyed", to -> to.keys[other] = DESTROYED);
            default -> {
                // It is done.
            }
        }
    }

    private static void forget(State to, int rotator) {
        to.rewriting[rotator] = NOBODY;
        to.rewritingKey[rotator] = 0;
        to.rewritingIsStale[rotator] = 0;
    }

    private void rewriting(Steps steps, int rotator) {
        State from = steps.from;
        int row = from.rewriting[rotator];
        if (row != NOBODY) {
            steps.add("rotator " + rotator + " is killed", to -> forget(to, rotator));
            boolean isStale = from.rewritingIsStale[rotator] == 1;
            boolean isFenced = protocol.hasFence() && from.keys[from.rewritingKey[rotator]] != PRIMARY;
            String name = "rotator " + rotator + " writes row " + row + " back";
            if (isStale && !protocol.hasCas() && !isFenced) {
                steps.fails(name, Violation.LOST_UPDATE);
                return;
            }
            steps.add(name, to -> {
                if (!isStale && !isFenced) {
                    to.write(row, from.rewritingKey[rotator], false);
                }
                forget(to, rotator);
            });
            return;
        }
        int primary = from.primary();
        for (int i = 0; i < ROWS; i++) {
            int it = i;
            if (from.keys[from.rowKey[i]] == DECRYPT_ONLY) {
                steps.add("rotator " + rotator + " opens row " + i, to -> {
                    to.rewriting[rotator] = it;
                    to.rewritingKey[rotator] = primary;
                });
            }
        }
    }

    /** Once: the old key is promoted back, as long as it can be, and the same steps lead there. */
    private static void aborting(Steps steps) {
        int primary = steps.from.primary();
        if (steps.from.aborted[0] == 0 && steps.from.keys[1 - primary] == DECRYPT_ONLY) {
            steps.add("the rotation is given up", to -> {
                to.keys[1 - primary] = PRIMARY;
                to.keys[primary] = DECRYPT_ONLY;
                to.aborted[0] = 1;
            });
        }
    }

    /** Goes through all states that there are. */
    Findings explore() {
        State first = new State();
        Map<State, Step> cameBy = new HashMap<>();
        Map<State, State> cameFrom = new HashMap<>();
        Map<State, List<State>> before = new HashMap<>();
        Map<Violation, List<String>> violations = new EnumMap<>(Violation.class);
        Deque<State> open = new ArrayDeque<>(List.of(first));
        Set<State> seen = new HashSet<>(open);
        Deque<State> done = new ArrayDeque<>();
        while (!open.isEmpty()) {
            State state = open.remove();
            if (state.isDone()) {
                done.add(state);
            }
            for (Step step : from(state)) {
                if (step.violation().isPresent()) {
                    violations.computeIfAbsent(step.violation().get(), unused -> {
                        List<String> trace = trace(state, cameBy, cameFrom);
                        trace.add(step.name());
                        return trace;
                    });
                    continue;
                }
                before.computeIfAbsent(step.to(), unused -> new ArrayList<>(4)).add(state);
                if (seen.add(step.to())) {
                    cameBy.put(step.to(), step);
                    cameFrom.put(step.to(), state);
                    open.add(step.to());
                }
            }
        }
        return new Findings(seen.size(), violations, seen.size() - leadingTo(done, before));
    }

    private static List<String> trace(State to, Map<State, Step> cameBy, Map<State, State> cameFrom) {
        List<String> trace = new ArrayList<>();
        for (State at = to; cameBy.containsKey(at); at = cameFrom.get(at)) {
            trace.add(0, cameBy.get(at).name());
        }
        return trace;
    }

    private static int leadingTo(Deque<State> done, Map<State, List<State>> before) {
        Set<State> leading = new HashSet<>(done);
        while (!done.isEmpty()) {
            for (State state : before.getOrDefault(done.remove(), List.of())) {
                if (leading.add(state)) {
                    done.add(state);
                }
            }
        }
        return leading.size();
    }
}
