package io.sallyport.security.vault;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.sallyport.spi.RedactingStream;
import io.sallyport.spi.Redactor;
import io.sallyport.spi.SecretReference;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Takes the secrets that a vault has given out for use out of text, each replaced by {@code ***}. Thread-safe.
 *
 * <p>A secret is found as it is, and in the encodings that programs use without being asked: as in JSON strings, in URLs and
 * forms, in base64 and base64url at each alignment, in hexadecimal digits of either case. From its first use on it is looked
 * for in everything, whoever says it; of a secret whose value is replaced, the last four values are.
 *
 * <p>What it cannot find: a value that was split, reversed, compressed, encrypted, hashed, encoded twice or with line breaks
 * in between, or that differs in case; a piece of a value; at the edges of base64, up to two characters that hold bits of the
 * value remain. Who can have text looked through can find out by guessing whether it is a secret. It is a second line behind
 * the policies, and no permission to hand secrets to upstreams that are not trusted with them.
 *
 * <p>It is bounded. When it is full, the use of any further secret is refused (word {@code redactor_full}), rather than that a
 * secret be used which nobody looks for. What it knows stays in memory, as it must, until {@link #close}.
 */
public final class VaultRedactor implements Redactor, AutoCloseable {

    /** Shorter values are found in ordinary text; their use is refused, unless a policy says that they are not redacted. */
    public static final int LEAST_CHARS = 8;

    /** Longer values are not redacted; their use is refused in the same way. */
    public static final int MOST_CHARS = 8 * 1024;

    static final String MARK = "***";

    private static final int DEFAULT_MOST_VALUES = 256;
    private static final int MOST_VALUES_OF_ONE = 4;

    /** About 20 bytes of memory each. */
    private static final int MOST_STATES = 1 << 20;

    /** What became of a value that was to be looked for. */
    enum Registered {
        YES,
        TOO_SHORT,
        TOO_LONG,
        FULL
    }

    private final int mostValues;
    private final int mostStates;
    private final ReentrantLock lock = new ReentrantLock();

    /** The values of each reference, the newest first. Guarded by the lock. */
    private final Map<SecretReference, Deque<char[]>> values = new LinkedHashMap<>();

    private volatile PatternMatcher matcher = PatternMatcher.empty();

    VaultRedactor(int mostValues, int mostStates) {
        this.mostValues = mostValues;
        this.mostStates = mostStates;
    }

    /** Returns a redactor that knows nothing yet, of at most 256 values. */
    public static VaultRedactor create() {
        return ofAtMost(DEFAULT_MOST_VALUES);
    }

    /**
     * Returns a redactor that knows nothing yet.
     *
     * @param values how many it will know at most, replaced ones included
     * @throws IllegalArgumentException if that is less than 1 or more than 10,000
     */
    public static VaultRedactor ofAtMost(int values) {
        if (values < 1 || values > 10_000) {
            throw new IllegalArgumentException(
                    "a redactor knows 1 to 10000 values, but should know " + values + "; choose a number between them");
        }
        return new VaultRedactor(values, MOST_STATES);
    }

    /** Has a value looked for from now on. */
    Registered register(SecretReference reference, char[] value) {
        if (value.length < LEAST_CHARS) {
            return Registered.TOO_SHORT;
        }
        if (value.length > MOST_CHARS) {
            return Registered.TOO_LONG;
        }
        lock.lock();
        try {
            Deque<char[]> known = values.computeIfAbsent(reference, none -> new ArrayDeque<>());
            boolean isKnown = known.stream().anyMatch(other -> Arrays.equals(other, value));
            return isKnown || add(reference, known, value.clone()) ? Registered.YES : Registered.FULL;
        } finally {
            lock.unlock();
        }
    }

    private boolean add(SecretReference reference, Deque<char[]> known, char[] value) {
        char[] oldest = known.size() == MOST_VALUES_OF_ONE ? known.removeLast() : null;
        known.addFirst(value);
        if (count() <= mostValues && rebuild()) {
            if (oldest != null) {
                Arrays.fill(oldest, '\0');
            }
            return true;
        }
        Arrays.fill(known.removeFirst(), '\0');
        if (oldest != null) {
            known.addLast(oldest);
        }
        if (known.isEmpty()) {
            values.remove(reference);
        }
        return false;
    }

    private int count() {
        return values.values().stream().mapToInt(Deque::size).sum();
    }

    private boolean rebuild() {
        PatternMatcher.Builder builder = new PatternMatcher.Builder(mostStates);
        for (Deque<char[]> ofOne : values.values()) {
            for (char[] value : ofOne) {
                if (!SecretEncodings.each(value, builder::add)) {
                    return false;
                }
            }
        }
        // The old one is not erased: others may be reading with it.
        matcher = builder.build();
        return true;
    }

    /** Returns how many values it looks for, replaced ones included. */
    public int size() {
        lock.lock();
        try {
            return count();
        } finally {
            lock.unlock();
        }
    }

    PatternMatcher matcher() {
        return matcher;
    }

    @Override
    public boolean isIdle() {
        return matcher.isEmpty();
    }

    @Override
    public String redact(String text) {
        PatternMatcher now = matcher;
        if (now.isEmpty()) {
            return text;
        }
        byte[] bytes = text.getBytes(UTF_8);
        if (!holdsAny(now, bytes)) {
            // The very same, also where it holds what UTF-8 cannot.
            return text;
        }
        VaultRedactingStream stream = new VaultRedactingStream(() -> now);
        String begin = new String(stream.accept(bytes, 0, bytes.length), UTF_8);
        return begin + new String(stream.finish(), UTF_8);
    }

    private static boolean holdsAny(PatternMatcher matcher, byte[] bytes) {
        int state = PatternMatcher.START;
        for (byte read : bytes) {
            state = matcher.next(state, read);
            if (matcher.matched(state) > 0) {
                return true;
            }
        }
        return false;
    }

    @Override
    public RedactingStream stream() {
        return new VaultRedactingStream(this::matcher);
    }

    /** Forgets and erases all values; from then on it finds nothing. Idempotent. */
    @Override
    public void close() {
        lock.lock();
        try {
            values.values().forEach(ofOne -> ofOne.forEach(value -> Arrays.fill(value, '\0')));
            values.clear();
            matcher = PatternMatcher.empty();
        } finally {
            lock.unlock();
        }
    }

    /** Returns how many values it knows, and none of them. */
    @Override
    public String toString() {
        return "VaultRedactor[" + size() + " values]";
    }
}
