package io.sallyport.sandbox.wasm;

import io.sallyport.sandbox.Execution;
import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Limits;
import io.sallyport.sandbox.Outcome;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** A host with little heap in which much code at once wants all memory. Prints one line; fails if the host has suffered. */
final class Bombs {

    private static final long MEBIBYTE = 1024 * 1024;

    private static final List<Execution> BOMBS = List.of(
            bomb(Language.PYTHON, "x = []\nwhile True: x.append('a' * 1000000)"),
            bomb(Language.PYTHON, "x = {}\nwhile True: x[len(x)] = bytes(10000)"),
            bomb(Language.PYTHON, "x = b'x' * (100 << 20)\nx += x"),
            bomb(Language.JAVASCRIPT, "const a = []; for (;;) a.push(new Uint8Array(100000).fill(1))"),
            bomb(Language.JAVASCRIPT, "const a = []; for (;;) a.push(new Array(1000).fill(1))"));

    private Bombs() {}

    private static Execution bomb(Language language, String code) {
        // All of them share the processors, however few there are.
        return Execution.of(language, code)
                .limits(Limits.builder().wallTime(Duration.ofMinutes(10)).build())
                .build();
    }

    public static void main(String[] args) throws Exception {
        int many = Integer.parseInt(args[0]);
        try (WasmSandbox sandbox = WasmSandbox.builder().concurrency(many).build()) {
            long before = usedAfterCollection();
            Map<Outcome.Status, Integer> ends = new EnumMap<>(Outcome.Status.class);
            ExecutorService callers = Executors.newFixedThreadPool(many);
            List<Future<Outcome>> running = new ArrayList<>();
            for (int i = 0; i < many; i++) {
                Execution bomb = BOMBS.get(i % BOMBS.size());
                running.add(callers.submit(() -> sandbox.run(bomb)));
            }
            long most = 0;
            int allocated = 0;
            for (Future<Outcome> one : running) {
                while (!one.isDone()) {
                    // What any other thread of a host does; it fails if there is no heap for it.
                    byte[] ofTheHost = new byte[(int) MEBIBYTE];
                    allocated += ofTheHost.length >> 20;
                    most = Math.max(most, used());
                    Thread.yield();
                }
                Outcome outcome = one.get();
                ends.merge(outcome.status(), 1, Integer::sum);
                if (outcome.status() != Outcome.Status.MEMORY) {
                    System.out.println(outcome.error());
                }
            }
            callers.shutdown();
            long after = usedAfterCollection();
            Outcome next = sandbox.run(bomb(Language.PYTHON, "result = len(bytes(64 << 20))"));
            System.out.printf(
                    "%d bombs at once in %d MiB of heap: %s; used %d MiB before, %d at the most, %d after; the host"
                            + " allocated %d MiB meanwhile%n",
                    many,
                    Runtime.getRuntime().maxMemory() / MEBIBYTE,
                    ends,
                    before / MEBIBYTE,
                    most / MEBIBYTE,
                    after / MEBIBYTE,
                    allocated);
            require(ends.equals(Map.of(Outcome.Status.MEMORY, many)), "all end because of memory");
            require(after - before < 16 * MEBIBYTE, "the heap is as before");
            require(next.status() == Outcome.Status.OK, "code after them has its memory");
        }
    }

    private static void require(boolean condition, String what) {
        if (!condition) {
            throw new AssertionError("not so: " + what);
        }
    }

    private static long used() {
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    private static long usedAfterCollection() {
        System.gc();
        return used();
    }
}
