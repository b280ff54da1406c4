package io.sallyport.upstream.stdio;

import java.time.Duration;

/**
 * How much room and time a child gets. Immutable.
 *
 * @param maxLineBytes the longest line of its standard output, without its end; defaults to 4 MiB and 64 KiB, so that the
 *     limit on a message speaks first
 * @param maxQueuedLines how many lines may wait for it to read; defaults to 1,024
 * @param maxQueuedBytes how many bytes may wait for it to read; defaults to 8 MiB
 * @param eofGrace how long it may take to end after its standard input was closed; defaults to 2 seconds
 * @param termGrace how long it and what it started may take to end after SIGTERM; defaults to 2 seconds
 */
record ChildLimits(int maxLineBytes, int maxQueuedLines, int maxQueuedBytes, Duration eofGrace, Duration termGrace) {

    private static final int KIB = 1024;
    private static final int MIB = 1024 * KIB;

    ChildLimits {
        requirePositive("maxLineBytes", maxLineBytes);
        requirePositive("maxQueuedLines", maxQueuedLines);
        requirePositive("maxQueuedBytes", maxQueuedBytes);
        requireNotNegative("eofGrace", eofGrace);
        requireNotNegative("termGrace", termGrace);
        if (maxLineBytes == Integer.MAX_VALUE) {
            throw new IllegalArgumentException("maxLineBytes must leave room for the end of the line, but was "
                    + maxLineBytes + "; choose a smaller one");
        }
    }

    static ChildLimits defaults() {
        return new ChildLimits(4 * MIB + 64 * KIB, 1024, 8 * MIB, Duration.ofSeconds(2), Duration.ofSeconds(2));
    }

    ChildLimits withMaxLineBytes(int bytes) {
        return new ChildLimits(bytes, maxQueuedLines, maxQueuedBytes, eofGrace, termGrace);
    }

    ChildLimits withQueue(int lines, int bytes) {
        return new ChildLimits(maxLineBytes, lines, bytes, eofGrace, termGrace);
    }

    ChildLimits withGraces(Duration eof, Duration term) {
        return new ChildLimits(maxLineBytes, maxQueuedLines, maxQueuedBytes, eof, term);
    }

    private static void requirePositive(String name, int value) {
        if (value <= 0) {
            throw new IllegalArgumentException(name + " must be positive, but was " + value);
        }
    }

    private static void requireNotNegative(String name, Duration value) {
        if (value.isNegative()) {
            throw new IllegalArgumentException(name + " must not be negative, but was " + value);
        }
    }
}
