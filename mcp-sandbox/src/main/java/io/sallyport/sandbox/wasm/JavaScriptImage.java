package io.sallyport.sandbox.wasm;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.sallyport.sandbox.wasm.JavaScriptEngine.Host;
import io.sallyport.sandbox.wasm.JavaScriptEngine.Stored;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import run.endive.runtime.ByteArrayMemory;
import run.endive.runtime.Memory;
import run.endive.wasm.types.MemoryLimits;

/**
 * An engine that is about to run code, kept as the bytes of its memory: copying them takes a fraction of the time that an
 * engine needs to get there, and each run begins from the same ones. Immutable; thread-safe.
 */
final class JavaScriptImage {

    private static final SecureRandom RANDOM = new SecureRandom();

    /** What an engine has when it is built, and far more than it needs to take the wrapper in. */
    private static final MemoryLimits LIMITS = new MemoryLimits(19, 256);

    private final Snapshot snapshot;
    private final Stored start;
    private final Stored finish;
    private final int randomStateAt;

    private JavaScriptImage(JavaScriptEngine taken, Stored start, Stored finish, double lastRandom) {
        this.snapshot = Snapshot.of(taken.instance());
        this.start = start;
        this.finish = finish;
        this.randomStateAt = randomStateAt(taken.memory(), lastRandom);
    }

    /** Takes one of an engine that has evaluated the wrapper. Takes a second or so. */
    static JavaScriptImage take() {
        List<String> random = new ArrayList<>();
        JavaScriptEngine engine = new JavaScriptEngine(
                (kind, first, second) -> {
                    random.add(first.string(32));
                    return "";
                },
                builder -> builder.withMemoryFactory(ByteArrayMemory::new)
                        .withMemoryLimits(LIMITS)
                        .build());
        engine.initialize();
        engine.run(engine.compile(new String(Snapshot.resource("javascript.js"), UTF_8)));
        Stored start = engine.compile("$sandbox.start()");
        Stored finish = engine.compile("$sandbox.finish()");
        return new JavaScriptImage(engine, start, finish, Double.parseDouble(random.get(0)));
    }

    /**
     * Finds what Math.random() goes on from, as else all runs would go on from the same. What it says is what a
     * generator makes of 64 bits (wyrand, of Rust's fastrand), so that only one word can be those.
     */
    private static int randomStateAt(Memory memory, double lastRandom) {
        for (int at = 0; at < memory.pages() * Memory.PAGE_SIZE; at += Long.BYTES) {
            if ((wyrand(memory.readLong(at)) >>> 1) * 0x1p-63 == lastRandom) {
                return at;
            }
        }
        throw new IllegalStateException("the engine keeps the state of Math.random() as none did before");
    }

    private static long wyrand(long state) {
        long other = state ^ 0x8bb84b93962eacc9L;
        // The upper half of the product of both as unsigned numbers; Math.unsignedMultiplyHigh is not in 17.
        long high = Math.multiplyHigh(state, other) + ((state >> 63) & other) + ((other >> 63) & state);
        return high ^ (state * other);
    }

    /** Returns memory that begins with this image, and may grow by so many bytes. */
    CowMemory memory(long bytes, MemoryBudget budget) {
        return snapshot.memory(bytes, budget);
    }

    /** Returns an engine that goes on from here. */
    JavaScriptEngine copy(CowMemory memory, Host host) {
        JavaScriptEngine engine = new JavaScriptEngine(host, builder -> snapshot.copy(builder, memory));
        memory.writeLong(randomStateAt, RANDOM.nextLong());
        return engine;
    }

    /** Has a copy begin with the code that its host gives, and runs all that this leaves to be run. */
    void start(JavaScriptEngine copy) {
        copy.run(start);
    }

    /** Has a copy tell what came of it. */
    void finish(JavaScriptEngine copy) {
        copy.run(finish);
    }
}
