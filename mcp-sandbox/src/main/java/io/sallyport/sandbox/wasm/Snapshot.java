package io.sallyport.sandbox.wasm;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import run.endive.runtime.Instance;
import run.endive.runtime.Memory;
import run.endive.wasm.types.MemoryLimits;
import run.endive.wasm.types.MutabilityType;

/** An instance as it was at one moment. Copies of it go on from there, and share the memory that they do not write to.
 * Immutable; thread-safe. */
final class Snapshot {

    /** Null where there is none. */
    private final byte[][] pages;

    private final long[] globals;

    private Snapshot(byte[][] pages, long[] globals) {
        this.pages = pages;
        this.globals = globals;
    }

    static Snapshot of(Instance instance) {
        Memory memory = instance.memory();
        byte[][] pages = new byte[memory.pages()][];
        for (int i = 0; i < pages.length; i++) {
            pages[i] = memory.readBytes(i * Memory.PAGE_SIZE, Memory.PAGE_SIZE);
        }
        long[] globals = new long[instance.globalCount()];
        for (int i = 0; i < globals.length; i++) {
            globals[i] = instance.global(i).getValue();
        }
        return new Snapshot(pages, globals);
    }

    /** Returns the same without a page: a copy that writes to it has used up its stack. */
    Snapshot without(int page) {
        byte[][] others = pages.clone();
        others[page] = null;
        return new Snapshot(others, globals);
    }

    /** Returns memory that begins with this, and may grow by so many bytes. */
    CowMemory memory(long bytes, MemoryBudget budget) {
        long more = Math.min(bytes / Memory.PAGE_SIZE, Memory.RUNTIME_MAX_PAGES - pages.length);
        return new CowMemory(pages, pages.length + (int) more, budget);
    }

    /** Returns an instance that goes on from here, with memory that began with this. */
    Instance copy(Instance.Builder ofTheSameModule, CowMemory memory) {
        Instance copy = ofTheSameModule
                .withStart(false)
                .withMemoryLimits(new MemoryLimits(pages.length, memory.maximumPages()))
                .withMemoryFactory(limits -> memory)
                .build();
        for (int i = 0; i < globals.length; i++) {
            if (copy.global(i).getMutabilityType() == MutabilityType.Var) {
                copy.global(i).setValue(globals[i]);
            }
        }
        return copy;
    }

    /**
     * Returns the bytes of a resource of an interpreter.
     *
     * @param name absolute, or relative to this package
     */
    static byte[] resource(String name) {
        try (InputStream resource = Snapshot.class.getResourceAsStream(name)) {
            if (resource == null) {
                throw new IllegalStateException("missing from the class path: " + name);
            }
            return resource.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
