package io.sallyport.security.vault;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.sallyport.spi.RedactingStream;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.function.Supplier;

/**
 * Looks through bytes that come in pieces. Values that overlap become one mark. It keeps back only what may be the beginning of
 * a value, which is less than the longest of them, and looks through that again with the next piece; so a value that becomes
 * known meanwhile is found too. What comes out does not depend on where the pieces end.
 */
final class VaultRedactingStream implements RedactingStream {

    private static final byte[] MARK = VaultRedactor.MARK.getBytes(UTF_8);

    private final Supplier<PatternMatcher> matchers;
    private byte[] kept = {};

    /** How many of the bytes that were kept back belong to a value whose mark has been passed on. */
    private int marked;

    VaultRedactingStream(Supplier<PatternMatcher> matchers) {
        this.matchers = matchers;
    }

    @Override
    public byte[] accept(byte[] piece, int offset, int length) {
        return pass(piece, offset, length, false);
    }

    @Override
    public byte[] finish() {
        return pass(kept, 0, 0, true);
    }

    private byte[] pass(byte[] piece, int offset, int length, boolean isLast) {
        PatternMatcher matcher = matchers.get();
        byte[] data = new byte[kept.length + length];
        System.arraycopy(kept, 0, data, 0, kept.length);
        System.arraycopy(piece, offset, data, kept.length, length);
        Arrays.fill(kept, (byte) 0);
        Found found = new Found(marked);
        int state = PatternMatcher.START;
        for (int end = 1; end <= data.length; end++) {
            state = matcher.next(state, data[end - 1]);
            int matched = matcher.matched(state);
            if (matched > 0) {
                found.add(end - matched, end);
            }
        }
        int upTo = data.length - (isLast ? 0 : matcher.begun(state));
        byte[] passed = passOn(data, upTo, found);
        kept = Arrays.copyOfRange(data, upTo, data.length);
        Arrays.fill(data, (byte) 0);
        return passed;
    }

    private byte[] passOn(byte[] data, int upTo, Found found) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(upTo);
        boolean hasMark = marked > 0;
        int done = 0;
        for (int i = 0; i < found.count && (hasMark || found.starts[i] < upTo); i++) {
            out.write(data, done, found.starts[i] - done);
            if (!hasMark) {
                out.write(MARK, 0, MARK.length);
            }
            hasMark = false;
            done = found.ends[i];
        }
        marked = Math.max(0, done - upTo);
        if (done < upTo) {
            out.write(data, done, upTo - done);
        }
        return out.toByteArray();
    }

    /** The stretches that hold values, in order, none of which overlaps the next. */
    private static final class Found {

        private int[] starts = new int[8];
        private int[] ends = new int[8];
        private int count;

        Found(int marked) {
            if (marked > 0) {
                ends[0] = marked;
                count = 1;
            }
        }

        /** Adds one that ends behind all others that were added. */
        void add(int start, int end) {
            int first = start;
            int last = end;
            while (count > 0 && ends[count - 1] > first) {
                count--;
                first = Math.min(first, starts[count]);
                last = Math.max(last, ends[count]);
            }
            if (count == starts.length) {
                starts = Arrays.copyOf(starts, 2 * count);
                ends = Arrays.copyOf(ends, 2 * count);
            }
            starts[count] = first;
            ends[count++] = last;
        }
    }
}
