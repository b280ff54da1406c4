package io.sallyport.sandbox.wasm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import run.endive.runtime.Memory;
import run.endive.runtime.WasmRuntimeException;

class CowMemoryTest {

    private static final int PAGES = 4;
    private static final int BYTES = PAGES * Memory.PAGE_SIZE;

    private final MemoryBudget budget = new MemoryBudget(10L * Memory.PAGE_SIZE);
    private final byte[][] snapshot = new byte[PAGES][Memory.PAGE_SIZE];
    private final CowMemory memory = new CowMemory(snapshot, 2 * PAGES, budget);

    private long pagesLeft() {
        return budget.bytesLeft() / Memory.PAGE_SIZE;
    }

    @Test
    void theSnapshotIsNeverWrittenTo() {
        memory.writeI32(Memory.PAGE_SIZE - 2, -1);

        assertThat(memory.readInt(Memory.PAGE_SIZE - 2)).isEqualTo(-1);
        assertThat(List.of(snapshot)).allMatch(page -> Arrays.equals(page, new byte[Memory.PAGE_SIZE]));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void copiesAsIfThroughAnotherPlace(long seed) {
        Random random = new Random(seed);
        byte[] expected = new byte[BYTES];
        random.nextBytes(expected);
        memory.write(0, expected, 0, BYTES);
        for (int i = 0; i < 500; i++) {
            int size = random.nextInt(random.nextBoolean() ? 100 : BYTES / 2);
            int from = random.nextInt(BYTES - size);
            // Near it half of the time, so that they overlap.
            int to = random.nextBoolean()
                    ? random.nextInt(BYTES - size)
                    : Math.floorMod(from + random.nextInt(50) - 25, BYTES - size);
            System.arraycopy(expected, from, expected, to, size);

            memory.copy(to, from, size);
        }

        assertThat(memory.readBytes(0, BYTES)).isEqualTo(expected);
    }

    @Test
    void copiesNothingIfNotAllOfItIsThere() {
        memory.writeByte(0, (byte) 1);

        assertThatThrownBy(() -> memory.copy(8, 0, BYTES)).isInstanceOf(WasmRuntimeException.class);
        assertThatThrownBy(() -> memory.copy(0, 8, BYTES)).isInstanceOf(WasmRuntimeException.class);
        assertThat(memory.read(8)).isZero();
    }

    @Test
    void whatIsBehindAStackIsNotTouched() {
        byte[][] guarded = snapshot.clone();
        guarded[1] = null;
        CowMemory memory = new CowMemory(guarded, PAGES, budget);

        assertThatThrownBy(() -> memory.writeByte(2 * Memory.PAGE_SIZE - 1, (byte) 1))
                .hasMessage(CowMemory.STACK_EXHAUSTED);
        assertThatThrownBy(() -> memory.read(Memory.PAGE_SIZE)).hasMessage(CowMemory.STACK_EXHAUSTED);
        memory.writeByte(2 * Memory.PAGE_SIZE, (byte) 1);
    }

    @Test
    void growsNoFurtherThanItMay() {
        assertThat(memory.grow(PAGES + 1)).isEqualTo(-1);
        assertThat(memory.isRefused()).isTrue();
        assertThat(memory.grow(PAGES)).isEqualTo(PAGES);
        assertThat(memory.pages()).isEqualTo(2 * PAGES);
    }

    @Test
    void growsNoFurtherThanThereIsHeapForAll() {
        budget.take(8);

        assertThat(memory.grow(3)).isEqualTo(-1);
        assertThat(memory.isRefused()).isTrue();
        assertThat(memory.grow(2)).isEqualTo(PAGES);
    }

    @Test
    void copiesNoPageIfThereIsNoHeapForIt() {
        budget.take(10);

        assertThatThrownBy(() -> memory.writeByte(0, (byte) 1)).isInstanceOf(WasmRuntimeException.class);
        assertThat(memory.isRefused()).isTrue();
    }

    @Test
    void givesBackAllThatItHasTaken() {
        memory.grow(2);
        memory.writeByte(0, (byte) 1);
        memory.writeByte(1, (byte) 1);
        assertThat(pagesLeft()).isEqualTo(7);

        memory.discard();
        memory.discard();

        assertThat(pagesLeft()).isEqualTo(10);
    }
}
