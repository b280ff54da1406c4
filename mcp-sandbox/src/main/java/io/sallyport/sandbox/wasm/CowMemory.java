package io.sallyport.sandbox.wasm;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import run.endive.runtime.Instance;
import run.endive.runtime.Memory;
import run.endive.runtime.WasmRuntimeException;
import run.endive.wasm.types.DataSegment;

/**
 * Memory that begins as a snapshot and copies a page of it when that is first written to, so that a started interpreter costs
 * what it writes, not what it is. Never writes to the snapshot. Confined to one thread.
 */
final class CowMemory implements Memory {

    private static final VarHandle SHORTS =
            MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    /** As the engine says it of its own stack. */
    static final String STACK_EXHAUSTED = "call stack exhausted";

    /** Ends code for which there is no heap any more, where it could not be told. */
    static final class ExhaustedException extends WasmRuntimeException {

        private static final long serialVersionUID = 1;

        ExhaustedException() {
            super("no memory is left to copy a page");
        }
    }

    private static final int MOST_BELOW_STACK = 1 << 20;
    private static final int PAGE_BITS = 16;
    private static final int PAGE_MASK = PAGE_SIZE - 1;

    private final int initialPages;

    /** The pages as they are read: of the snapshot, or our own. Null for what is not to be touched. */
    private final byte[][] pages;

    /** Our own pages; null where the snapshot's is still read. */
    private final byte[][] own;

    private final MemoryBudget budget;
    private int count;
    private int taken;
    private boolean isRefused;

    /**
     * Creates memory.
     *
     * @param snapshot pages that nobody writes to any more; null for one that lies behind a stack, and is not to be touched
     * @param mostPages how many there may ever be; as many as are in the snapshot at least
     * @param budget what its own pages are taken out of
     */
    CowMemory(byte[][] snapshot, int mostPages, MemoryBudget budget) {
        this.initialPages = snapshot.length;
        this.budget = budget;
        this.pages = Arrays.copyOf(snapshot, mostPages);
        this.own = new byte[mostPages][];
        this.count = snapshot.length;
    }

    /** Returns whether more was asked for than there may be, or was, since somebody has begun to look. */
    boolean isRefused() {
        return isRefused;
    }

    /** Begins to look whether more is asked for than there may be. */
    void forgetRefusal() {
        isRefused = false;
    }

    /** Gives its pages back to the budget. Nobody may use it any more. */
    void discard() {
        budget.giveBack(taken);
        taken = 0;
        Arrays.fill(own, null);
        Arrays.fill(pages, null);
    }

    /** Returns whether there is heap for as many pages of our own. */
    private boolean take(int more) {
        if (!budget.take(more)) {
            isRefused = true;
            return false;
        }
        taken += more;
        return true;
    }

    @Override
    public int pages() {
        return count;
    }

    @Override
    public int initialPages() {
        return initialPages;
    }

    @Override
    public int maximumPages() {
        return pages.length;
    }

    @Override
    public int grow(int more) {
        int before = count;
        if (more < 0 || more > pages.length - before) {
            isRefused = true;
            return -1;
        }
        if (!take(more)) {
            return -1;
        }
        try {
            for (int i = before; i < before + more; i++) {
                own[i] = new byte[PAGE_SIZE];
                pages[i] = own[i];
            }
        } catch (OutOfMemoryError e) {
            // The host has used up what the budget left to it. Others need this more than code does.
            Arrays.fill(own, before, before + more, null);
            Arrays.fill(pages, before, before + more, null);
            isRefused = true;
            return -1;
        }
        count = before + more;
        return before;
    }

    private byte[] toRead(int address) {
        int page = address >>> PAGE_BITS;
        if (page >= count) {
            throw outOfBounds(address);
        }
        byte[] bytes = pages[page];
        if (bytes == null) {
            throw new WasmRuntimeException(STACK_EXHAUSTED);
        }
        return bytes;
    }

    private byte[] toWrite(int address) {
        int page = address >>> PAGE_BITS;
        if (page >= count) {
            throw outOfBounds(address);
        }
        byte[] mine = own[page];
        return mine != null ? mine : copied(page);
    }

    private byte[] copied(int page) {
        if (pages[page] == null) {
            throw new WasmRuntimeException(STACK_EXHAUSTED);
        }
        if (!take(1)) {
            throw new ExhaustedException();
        }
        byte[] mine = pages[page].clone();
        own[page] = mine;
        pages[page] = mine;
        return mine;
    }

    private static WasmRuntimeException outOfBounds(int address) {
        // Where the stack of what was C or Rust lies at the bottom of memory, it grows towards zero.
        if (address < 0 && address > -MOST_BELOW_STACK) {
            return new WasmRuntimeException(STACK_EXHAUSTED);
        }
        return new WasmRuntimeException("out of bounds memory access: " + Integer.toUnsignedString(address));
    }

    /** Refuses a range that is not wholly within memory before any of it is touched. */
    private void check(int address, int size) {
        if (size < 0 || Integer.toUnsignedLong(address) + size > (long) count * PAGE_SIZE) {
            throw outOfBounds(address);
        }
    }

    @Override
    public byte read(int address) {
        return toRead(address)[address & PAGE_MASK];
    }

    @Override
    public void writeByte(int address, byte data) {
        toWrite(address)[address & PAGE_MASK] = data;
    }

    @Override
    public short readShort(int address) {
        int at = address & PAGE_MASK;
        return at <= PAGE_SIZE - 2 ? (short) SHORTS.get(toRead(address), at) : (short) readAcross(address, 2);
    }

    @Override
    public long readU16(int address) {
        return readShort(address) & 0xFFFFL;
    }

    @Override
    public void writeShort(int address, short data) {
        int at = address & PAGE_MASK;
        if (at <= PAGE_SIZE - 2) {
            SHORTS.set(toWrite(address), at, data);
        } else {
            writeAcross(address, data, 2);
        }
    }

    @Override
    public int readInt(int address) {
        int at = address & PAGE_MASK;
        return at <= PAGE_SIZE - 4 ? (int) INTS.get(toRead(address), at) : (int) readAcross(address, 4);
    }

    @Override
    public void writeI32(int address, int data) {
        int at = address & PAGE_MASK;
        if (at <= PAGE_SIZE - 4) {
            INTS.set(toWrite(address), at, data);
        } else {
            writeAcross(address, data, 4);
        }
    }

    @Override
    public long readLong(int address) {
        int at = address & PAGE_MASK;
        return at <= PAGE_SIZE - 8 ? (long) LONGS.get(toRead(address), at) : readAcross(address, 8);
    }

    @Override
    public void writeLong(int address, long data) {
        int at = address & PAGE_MASK;
        if (at <= PAGE_SIZE - 8) {
            LONGS.set(toWrite(address), at, data);
        } else {
            writeAcross(address, data, 8);
        }
    }

    private long readAcross(int address, int size) {
        check(address, size);
        long value = 0;
        for (int i = size - 1; i >= 0; i--) {
            value = value << 8 | (read(address + i) & 0xFF);
        }
        return value;
    }

    private void writeAcross(int address, long data, int size) {
        check(address, size);
        for (int i = 0; i < size; i++) {
            writeByte(address + i, (byte) (data >>> (8 * i)));
        }
    }

    @Override
    public long readF32(int address) {
        return readInt(address);
    }

    @Override
    public float readFloat(int address) {
        return Float.intBitsToFloat(readInt(address));
    }

    @Override
    public void writeF32(int address, float data) {
        writeI32(address, Float.floatToRawIntBits(data));
    }

    @Override
    public long readF64(int address) {
        return readLong(address);
    }

    @Override
    public double readDouble(int address) {
        return Double.longBitsToDouble(readLong(address));
    }

    @Override
    public void writeF64(int address, double data) {
        writeLong(address, Double.doubleToRawLongBits(data));
    }

    @Override
    public byte[] readBytes(int address, int size) {
        check(address, size);
        byte[] bytes = new byte[size];
        for (int done = 0; done < size; ) {
            int at = (address + done) & PAGE_MASK;
            int chunk = Math.min(size - done, PAGE_SIZE - at);
            System.arraycopy(toRead(address + done), at, bytes, done, chunk);
            done += chunk;
        }
        return bytes;
    }

    @Override
    public void write(int address, byte[] data, int offset, int size) {
        check(address, size);
        for (int done = 0; done < size; ) {
            int at = (address + done) & PAGE_MASK;
            int chunk = Math.min(size - done, PAGE_SIZE - at);
            System.arraycopy(data, offset + done, toWrite(address + done), at, chunk);
            done += chunk;
        }
    }

    @Override
    public void fill(byte value, int from, int to) {
        int size = to - from;
        check(from, size);
        for (int done = 0; done < size; ) {
            int at = (from + done) & PAGE_MASK;
            int chunk = Math.min(size - done, PAGE_SIZE - at);
            Arrays.fill(toWrite(from + done), at, at + chunk, value);
            done += chunk;
        }
    }

    @Override
    public void copy(int to, int from, int size) {
        int toAt = to & PAGE_MASK;
        int fromAt = from & PAGE_MASK;
        if (size > 0 && size <= PAGE_SIZE - Math.max(toAt, fromAt)) {
            // Of the page that is written first: it may be the one that is read.
            byte[] target = toWrite(to);
            System.arraycopy(toRead(from), fromAt, target, toAt, size);
        } else {
            check(to, size);
            check(from, size);
            // As memmove: in the direction in which nothing is overwritten that is still to be read.
            if (Integer.compareUnsigned(to, from) <= 0) {
                copyForward(to, from, size);
            } else {
                copyBackward(to, from, size);
            }
        }
    }

    private void copyForward(int to, int from, int size) {
        for (int done = 0; done < size; ) {
            int toAt = (to + done) & PAGE_MASK;
            int fromAt = (from + done) & PAGE_MASK;
            int chunk = Math.min(size - done, PAGE_SIZE - Math.max(toAt, fromAt));
            byte[] target = toWrite(to + done);
            System.arraycopy(toRead(from + done), fromAt, target, toAt, chunk);
            done += chunk;
        }
    }

    private void copyBackward(int to, int from, int size) {
        for (int left = size; left > 0; ) {
            // How much of the pages lies before what is copied next: all of a page if that begins it.
            int toEnd = ((to + left - 1) & PAGE_MASK) + 1;
            int fromEnd = ((from + left - 1) & PAGE_MASK) + 1;
            int chunk = Math.min(left, Math.min(toEnd, fromEnd));
            byte[] target = toWrite(to + left - 1);
            System.arraycopy(toRead(from + left - 1), fromEnd - chunk, target, toEnd - chunk, chunk);
            left -= chunk;
        }
    }

    /** Does nothing: what the module would put into memory is in the snapshot, as it was changed since. */
    @Override
    public void initialize(Instance instance, DataSegment[] segments) {}

    /** Does nothing, see {@link #initialize}. */
    @Override
    public void zero() {}

    @Override
    public void initPassiveSegment(int segment, int address, int offset, int size) {
        throw new WasmRuntimeException("a snapshot has no segments");
    }

    @Override
    public void drop(int segment) {
        throw new WasmRuntimeException("a snapshot has no segments");
    }

    @Override
    public boolean shared() {
        return false;
    }

    @Override
    @SuppressWarnings("removal")
    public Object lock(int address) {
        throw notShared();
    }

    @Override
    @SuppressWarnings("removal")
    public int waitOn(int address, int expected, long timeout) {
        throw notShared();
    }

    @Override
    @SuppressWarnings("removal")
    public int waitOn(int address, long expected, long timeout) {
        throw notShared();
    }

    @Override
    @SuppressWarnings("removal")
    public int notify(int address, int most) {
        throw notShared();
    }

    private static WasmRuntimeException notShared() {
        return new WasmRuntimeException("the memory is not shared");
    }
}
