package io.sallyport.testing;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * What several threads did to one thing at once, put down with when each deed began and when it had its answer. It is
 * linearizable if there is an order of all of it, one after the other, that explains every answer, and in which nothing
 * comes before what had its answer when it began. That order is searched as by Wing and Gong, with Lowe's memory of what was
 * tried in vain. Thread-safe while deeds are put down.
 *
 * @param <S> what the thing may be like, as a value
 */
public final class History<S> {

    /** So many tries find an order of what a test does, or something is wrong with the test. */
    private static final int MAX_TRIES = 2_000_000;

    private record Deed<S>(String what, long began, long answered, Function<S, Optional<S>> explained) {}

    private record Tried<S>(BitSet done, S state) {}

    private final Queue<Deed<S>> deeds = new ConcurrentLinkedQueue<>();

    /**
     * Does something, puts it down, and returns the answer.
     *
     * @param what in a few words
     * @param explained what the thing is like afterwards, for what it was like before and the answer; nothing if it could not
     *     have given that answer
     */
    public <A> A put(String what, Supplier<A> deed, BiFunction<S, A, Optional<S>> explained) {
        long began = System.nanoTime();
        A answer = deed.get();
        long answered = System.nanoTime();
        deeds.add(new Deed<>(what + " -> " + answer, began, answered, state -> explained.apply(state, answer)));
        return answer;
    }

    /** Returns how many deeds were put down. */
    public int size() {
        return deeds.size();
    }

    /** Fails if there is no order of the deeds that explains them all. */
    public void assertLinearizable(S first) {
        new Search(deeds).from(first);
    }

    /** The search for an order. */
    private final class Search {

        private final List<Deed<S>> all;
        private final Set<Tried<S>> tried = new HashSet<>();
        private final BitSet done = new BitSet();
        private final List<Deed<S>> order = new ArrayList<>();
        private List<Deed<S>> longest = List.of();
        private String after = "";

        Search(Collection<Deed<S>> deeds) {
            all = deeds.stream().sorted(Comparator.comparingLong(Deed::began)).toList();
        }

        void from(S first) {
            if (!goesOn(first)) {
                throw new AssertionError("nothing explains what was answered; the best order begins with "
                        + longest.size()
                        + " of " + all.size() + " deeds, which end with\n  "
                        + lines(longest.subList(Math.max(0, longest.size() - 10), longest.size())) + "\nand lead to "
                        + after + ", after which none of these can come\n  " + lines(next(longest)));
            }
        }

        private String lines(List<Deed<S>> some) {
            return String.join("\n  ", some.stream().map(Deed::what).toList());
        }

        private List<Deed<S>> next(List<Deed<S>> order) {
            done.clear();
            order.forEach(deed -> done.set(all.indexOf(deed)));
            return candidates().stream().<Deed<S>>mapToObj(all::get).toList();
        }

        /** What may come next: whatever had begun before the first of what is left had its answer. */
        private BitSet candidates() {
            long firstAnswer = Long.MAX_VALUE;
            BitSet candidates = new BitSet();
            for (int i = done.nextClearBit(0); i < all.size(); i = done.nextClearBit(i + 1)) {
                if (all.get(i).began() > firstAnswer) {
                    break;
                }
                candidates.set(i);
                firstAnswer = Math.min(firstAnswer, all.get(i).answered());
            }
            long bound = firstAnswer;
            candidates.stream().filter(i -> all.get(i).began() > bound).forEach(candidates::clear);
            return candidates;
        }

        private boolean goesOn(S state) {
            if (order.size() >= longest.size()) {
                longest = List.copyOf(order);
                after = String.valueOf(state);
            }
            if (order.size() == all.size()) {
                return true;
            }
            if (tried.size() > MAX_TRIES) {
                throw new AssertionError("no order was found in " + MAX_TRIES + " tries; let less be done at once");
            }
            BitSet candidates = candidates();
            for (int i = candidates.nextSetBit(0); i >= 0; i = candidates.nextSetBit(i + 1)) {
                Optional<S> next = all.get(i).explained().apply(state);
                if (next.isEmpty()) {
                    continue;
                }
                done.set(i);
                if (tried.add(new Tried<>((BitSet) done.clone(), next.get()))) {
                    order.add(all.get(i));
                    if (goesOn(next.get())) {
                        return true;
                    }
                    order.remove(order.size() - 1);
                }
                done.clear(i);
            }
            return false;
        }
    }
}
