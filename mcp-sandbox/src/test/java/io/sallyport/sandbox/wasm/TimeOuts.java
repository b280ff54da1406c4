package io.sallyport.sandbox.wasm;

import io.sallyport.sandbox.Execution;
import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Limits;
import io.sallyport.sandbox.Outcome;
import java.io.File;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** A host that ends code again and again. Prints one line; fails if something is left. Its temporary files are in a directory of
 * its own. */
final class TimeOuts {

    private static final Limits LIMITS =
            Limits.builder().wallTime(Duration.ofMillis(40)).build();

    private static final List<Execution> ENDLESS = List.of(
            endless(Language.PYTHON, "f = open('f', 'w')\nwhile True: f.write('x')"),
            endless(Language.PYTHON, "import time\ntime.sleep(60)"),
            endless(Language.JAVASCRIPT, "while (true);"));

    private TimeOuts() {}

    private static Execution endless(Language language, String code) {
        return Execution.of(language, code).limits(LIMITS).build();
    }

    public static void main(String[] args) throws Exception {
        int many = Integer.parseInt(args[0]);
        try (WasmSandbox sandbox = WasmSandbox.builder().build()) {
            // What the JVM opens once is not what is looked for.
            end(sandbox, ENDLESS.size());
            int descriptors = descriptors();
            int timeOuts = end(sandbox, many);
            System.out.printf(
                    "%d time-outs: %d threads of the sandbox are left, %d descriptors (%d before), %d temporary files%n",
                    timeOuts, threads(), descriptors(), descriptors, temporaryFiles());
            require(timeOuts == many, "all end because of the time");
            require(threads() == 0, "no thread is left");
            require(descriptors() <= descriptors, "no descriptor is left");
            require(temporaryFiles() == 0, "no temporary file is left");
        }
    }

    private static int end(WasmSandbox sandbox, int many) throws Exception {
        ExecutorService callers = Executors.newFixedThreadPool(4);
        List<Future<Outcome>> running = new ArrayList<>();
        for (int i = 0; i < many; i++) {
            Execution execution = ENDLESS.get(i % ENDLESS.size());
            running.add(callers.submit(() -> sandbox.run(execution)));
        }
        int timeOuts = 0;
        for (Future<Outcome> one : running) {
            timeOuts += one.get().status() == Outcome.Status.TIMEOUT ? 1 : 0;
        }
        callers.shutdown();
        return timeOuts;
    }

    private static void require(boolean condition, String what) {
        if (!condition) {
            throw new AssertionError("not so: " + what);
        }
    }

    private static long threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("sallyport-sandbox"))
                .count();
    }

    /** Returns how many descriptors are open, 0 where nobody can tell. */
    private static int descriptors() {
        String[] open = new File("/proc/self/fd").list();
        return open == null ? 0 : open.length;
    }

    private static int temporaryFiles() {
        String[] files = new File(System.getProperty("java.io.tmpdir")).list();
        return files == null ? -1 : files.length;
    }
}
