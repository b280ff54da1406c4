package io.sallyport.sandbox;

import io.sallyport.sandbox.process.ProcessSandbox;
import io.sallyport.sandbox.process.WarmPool;
import io.sallyport.sandbox.validation.CodeValidator;
import io.sallyport.sandbox.validation.ValidationMode;
import io.sallyport.sandbox.wasm.WasmSandbox;
import io.sallyport.spi.AuditSink;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Code that prints two, in a state that no other code has touched: in the embedded sandbox, with a validator before it and
 * without, in a process that waits for code, and in an interpreter that is started plainly for it.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class SandboxBenchmark {

    /** Where code runs, and in which language. */
    public enum Way {
        PYTHON_PLAIN(Language.PYTHON),
        PYTHON_WASM(Language.PYTHON),
        PYTHON_VALIDATED(Language.PYTHON),
        PYTHON_PROCESS(Language.PYTHON),
        NODE_PLAIN(Language.JAVASCRIPT),
        JAVASCRIPT_WASM(Language.JAVASCRIPT),
        JAVASCRIPT_VALIDATED(Language.JAVASCRIPT),
        JAVASCRIPT_PROCESS(Language.JAVASCRIPT),
        SHELL_PLAIN(Language.SHELL),
        SHELL_PROCESS(Language.SHELL);

        private final Language language;

        Way(Language language) {
            this.language = language;
        }

        private String code() {
            return switch (language) {
                case PYTHON -> "print(1+1)";
                case JAVASCRIPT -> "console.log(1+1)";
                case SHELL -> "echo $((1+1))";
            };
        }

        private String[] command() {
            return switch (language) {
                case PYTHON -> new String[] {program("python3"), "-c", code()};
                case JAVASCRIPT -> new String[] {program("node"), "-e", code()};
                case SHELL -> new String[] {"/bin/sh", "-c", code()};
            };
        }
    }

    /** Something that code is run in. */
    private interface Place extends AutoCloseable {
        String run() throws Exception;

        default void makeReady() {}

        @Override
        void close();
    }

    /** All of them, unless the command line says otherwise. */
    @Param
    public Way way = Way.PYTHON_PLAIN;

    private Place place = plain(way);

    /** Starts what runs the code, and sees that it does. */
    @Setup
    public void open() throws Exception {
        place = switch (way) {
            case PYTHON_PLAIN, NODE_PLAIN, SHELL_PLAIN -> plain(way);
            case PYTHON_WASM, JAVASCRIPT_WASM -> in(wasm(way), way);
            case PYTHON_VALIDATED, JAVASCRIPT_VALIDATED -> validated(way);
            case PYTHON_PROCESS, JAVASCRIPT_PROCESS, SHELL_PROCESS -> pool(way);
        };
        String said = place.run();
        if (!said.equals("2\n")) {
            throw new IllegalStateException(way + " has said: " + said);
        }
    }

    /** Waits for whatever is to be there before code comes: what it costs to start that is no part of this. */
    @Setup(Level.Invocation)
    public void makeReady() {
        place.makeReady();
    }

    /** Runs the code. */
    @Benchmark
    public String run() throws Exception {
        return place.run();
    }

    /** Ends what runs the code. */
    @TearDown
    public void close() {
        place.close();
    }

    private static Sandbox wasm(Way way) throws InterruptedException {
        return WasmSandbox.builder().languages(Set.of(way.language)).build();
    }

    private static Place validated(Way way) throws InterruptedException {
        Sandbox sandbox = wasm(way);
        return in(CodeValidator.builder(sandbox).build().guard(sandbox, ValidationMode.BLOCK, AuditSink.none()), way);
    }

    private static Place in(Sandbox sandbox, Way way) {
        return new Place() {
            @Override
            public String run() throws InterruptedException {
                return ran(sandbox, way);
            }

            @Override
            public void close() {
                sandbox.close();
            }
        };
    }

    private static Place pool(Way way) throws InterruptedException {
        ProcessSandbox sandbox =
                ProcessSandbox.builder().languages(Set.of(way.language)).build();
        return new Place() {
            @Override
            public String run() throws InterruptedException {
                return ran(sandbox, way);
            }

            @Override
            public void makeReady() {
                WarmPool.await(sandbox, way.language, 2);
            }

            @Override
            public void close() {
                sandbox.close();
            }
        };
    }

    private static String ran(Sandbox sandbox, Way way) throws InterruptedException {
        Outcome outcome = sandbox.run(Execution.of(way.language, way.code()).build());
        if (outcome.status() != Outcome.Status.OK) {
            throw new IllegalStateException(way + " has ended with " + outcome + ", "
                    + outcome.error().orElseThrow().message());
        }
        return outcome.stdout();
    }

    private static Place plain(Way way) {
        return new Place() {
            @Override
            public String run() throws IOException, InterruptedException {
                Process process = new ProcessBuilder(way.command()).start();
                process.getOutputStream().close();
                String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
                process.waitFor();
                return said;
            }

            @Override
            public void close() {}
        };
    }

    /** Returns the program itself where it usually is: what is first in the path may be a script that looks for it. */
    private static String program(String name) {
        Path usual = Path.of("/usr/bin", name);
        return Files.isExecutable(usual) ? usual.toString() : name;
    }
}
