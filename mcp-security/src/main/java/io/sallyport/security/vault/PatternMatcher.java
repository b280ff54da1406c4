package io.sallyport.security.vault;

import java.util.ArrayDeque;
import java.util.Arrays;

/**
 * Finds any of many byte patterns in one pass over a text, whatever their number (Aho and Corasick, 1975). Immutable.
 *
 * <p>A state stands for the longest end of what was read that is the beginning of a pattern. The states form a trie; where no
 * child fits, one falls back to the next shorter such end.
 */
final class PatternMatcher {

    /** The state in which nothing has begun. */
    static final int START = 0;

    private static final PatternMatcher EMPTY = new Builder(1).build();

    private final int[] fromStart;
    private final byte[] label;
    private final int[] firstChild;
    private final int[] nextSibling;
    private final int[] fallback;
    private final int[] matched;
    private final int[] begun;
    private final int states;

    private PatternMatcher(Builder builder) {
        states = builder.states;
        label = Arrays.copyOf(builder.label, states);
        firstChild = Arrays.copyOf(builder.firstChild, states);
        nextSibling = Arrays.copyOf(builder.nextSibling, states);
        fallback = new int[states];
        matched = new int[states];
        begun = new int[states];
        fromStart = new int[256];
        link(builder);
    }

    /** Breadth first, because a state falls back to one that is nearer to the start. */
    private void link(Builder builder) {
        ArrayDeque<Integer> next = new ArrayDeque<>();
        for (int child = firstChild[START]; child != 0; child = nextSibling[child]) {
            fromStart[label[child] & 0xFF] = child;
            next.add(child);
        }
        while (!next.isEmpty()) {
            int state = next.remove();
            int shorter = fallback[state];
            matched[state] = builder.isEnd[state] ? builder.depth[state] : matched[shorter];
            begun[state] = firstChild[state] == 0 ? begun[shorter] : builder.depth[state];
            for (int child = firstChild[state]; child != 0; child = nextSibling[child]) {
                fallback[child] = next(fallback[state], label[child]);
                next.add(child);
            }
        }
    }

    /** Returns one that finds nothing. */
    static PatternMatcher empty() {
        return EMPTY;
    }

    boolean isEmpty() {
        return states == 1;
    }

    int states() {
        return states;
    }

    /** Returns the state after one more byte. */
    int next(int state, byte read) {
        int at = state;
        while (at != START) {
            int child = firstChild[at];
            while (child != 0 && label[child] != read) {
                child = nextSibling[child];
            }
            if (child != 0) {
                return child;
            }
            at = fallback[at];
        }
        return fromStart[read & 0xFF];
    }

    /** Returns the length of the longest pattern that ends here; 0 if none does. */
    int matched(int state) {
        return matched[state];
    }

    /** Returns how many of the last bytes may be the beginning of a pattern that has not ended. */
    int begun(int state) {
        return begun[state];
    }

    /** Erases what it holds of the patterns; it must not be used any more. */
    void erase() {
        Arrays.fill(label, (byte) 0);
    }

    /** Takes patterns in. Confined to one thread. */
    static final class Builder {

        private final int mostStates;
        private byte[] label = new byte[16];
        private int[] firstChild = new int[16];
        private int[] nextSibling = new int[16];
        private int[] depth = new int[16];
        private boolean[] isEnd = new boolean[16];
        private int states = 1;

        Builder(int mostStates) {
            this.mostStates = mostStates;
        }

        /** Adds a pattern; returns whether there was room. One that was added before needs none. */
        boolean add(byte[] pattern) {
            int state = START;
            for (byte read : pattern) {
                int child = firstChild[state];
                while (child != 0 && label[child] != read) {
                    child = nextSibling[child];
                }
                if (child == 0) {
                    if (states == mostStates) {
                        return false;
                    }
                    child = addChild(state, read);
                }
                state = child;
            }
            isEnd[state] = state != START;
            return true;
        }

        private int addChild(int state, byte read) {
            if (states == label.length) {
                int larger = Math.min(mostStates, 2 * states);
                byte[] old = label;
                label = Arrays.copyOf(label, larger);
                Arrays.fill(old, (byte) 0);
                firstChild = Arrays.copyOf(firstChild, larger);
                nextSibling = Arrays.copyOf(nextSibling, larger);
                depth = Arrays.copyOf(depth, larger);
                isEnd = Arrays.copyOf(isEnd, larger);
            }
            int child = states++;
            label[child] = read;
            nextSibling[child] = firstChild[state];
            firstChild[state] = child;
            depth[child] = depth[state] + 1;
            return child;
        }

        PatternMatcher build() {
            PatternMatcher matcher = new PatternMatcher(this);
            Arrays.fill(label, (byte) 0);
            return matcher;
        }
    }
}
