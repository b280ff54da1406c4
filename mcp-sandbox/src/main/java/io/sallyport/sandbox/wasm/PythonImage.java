package io.sallyport.sandbox.wasm;

import static java.util.Objects.requireNonNull;
import static run.endive.wasm.types.ValType.I32;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import run.endive.runtime.ByteArrayMemory;
import run.endive.runtime.GlobalInstance;
import run.endive.runtime.HostFunction;
import run.endive.runtime.ImportValues;
import run.endive.runtime.Instance;
import run.endive.runtime.Memory;
import run.endive.wasm.Parser;
import run.endive.wasm.WasmEngineException;
import run.endive.wasm.WasmModule;
import run.endive.wasm.types.FunctionType;
import run.endive.wasm.types.MemoryLimits;

/**
 * A CPython that has been started and has imported what code often wants, as it lies in memory: each run begins with it.
 * Immutable, once made; thread-safe.
 *
 * <p>The interpreter's host calls one function with two texts and gives back a third (see {@code guest.py}). Python has
 * {@code io.trino.wasm.python.Python} for that, but that class needs Java 25.
 */
final class PythonImage {

    /** What the function has returned, or why there is nothing. */
    static final class Reply {

        private Optional<byte[]> returned = Optional.empty();
        private Optional<String> thrown = Optional.empty();

        /** Returns the text that was returned, as UTF-8. */
        Optional<byte[]> returned() {
            return returned;
        }

        /** Returns the type and the message of the exception that it has thrown. */
        Optional<String> thrown() {
            return thrown;
        }
    }

    /** The only directory that the interpreter was built to find: of our module first, then of the files of code. */
    private static final String DIRECTORY = "/guest";

    private static final int INITIAL_PAGES = 473;

    /** What the imports below may take in addition. */
    private static final int MOST_PAGES_TO_START = 1024;

    /** The interpreter was built with a single page, in which 35 nested lists cannot be compiled. */
    private static final int STACK_PAGES = 64;

    /** What the module calls __stack_pointer; it has no names. */
    private static final int STACK_POINTER = 0;

    private static final int STACK_POINTER_AS_BUILT = Memory.PAGE_SIZE;

    private static final int MOST_THROWN_BYTES = 16 * 1024;

    // Types in the language of the interpreter's host.
    private static final int ROW = 0;
    private static final int VARCHAR = 11;

    private final WasmModule module;
    private final Snapshot snapshot;

    private PythonImage(WasmModule module, Snapshot snapshot) {
        this.module = module;
        this.snapshot = snapshot;
    }

    /** Starts the interpreter, which takes seconds and a stack as large as running code does. */
    static PythonImage start() {
        BoundedOutput said = new BoundedOutput(Short.MAX_VALUE);
        try (GuestSystem system = new GuestSystem(1 << 20, DIRECTORY)) {
            system.sayTo(said, said);
            WasmModule module = Parser.parse(Snapshot.resource("/io/trino/wasm/python/Python.meta"));
            Files.write(system.path("/guest/guest.py"), Snapshot.resource("guest.py"));
            Copy started = new Copy();
            started.instance = Instance.builder(module)
                    .withMachineFactory(io.trino.wasm.python.PythonMachine::new)
                    .withStart(false)
                    .withMemoryLimits(new MemoryLimits(INITIAL_PAGES, MOST_PAGES_TO_START))
                    .withMemoryFactory(ByteArrayMemory::new)
                    .withImportValues(started.imports(system))
                    .build();
            int guard = enlargeStack(started.instance);
            started.call(
                    "setup",
                    started.put("run\0".getBytes(StandardCharsets.UTF_8)),
                    started.put(ints(ROW, 2, VARCHAR, VARCHAR)),
                    started.put(ints(VARCHAR)));
            return new PythonImage(module, Snapshot.of(started.instance).without(guard));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (WasmEngineException e) {
            throw new IllegalStateException("the interpreter has ended, and said: " + said.text(), e);
        }
    }

    /**
     * Has the stack of what was C lie in memory of its own, behind a page that nobody may write to.
     *
     * @return that page
     */
    private static int enlargeStack(Instance instance) {
        GlobalInstance pointer = instance.global(STACK_POINTER);
        if (pointer.getValue() != STACK_POINTER_AS_BUILT) {
            throw new IllegalStateException("the interpreter keeps its stack as none did before");
        }
        int guard = instance.memory().grow(1 + STACK_PAGES);
        pointer.setValue((long) (guard + 1 + STACK_PAGES) * Memory.PAGE_SIZE);
        return guard;
    }

    /** Returns memory that begins with this image, and may grow by so many bytes. */
    CowMemory memory(long bytes, MemoryBudget budget) {
        return snapshot.memory(bytes, budget);
    }

    /** Returns a system as the interpreter expects to find it. */
    GuestSystem system(long fileBytes) {
        return new GuestSystem(fileBytes, DIRECTORY);
    }

    /** Returns an interpreter that goes on from here. */
    Copy copy(CowMemory memory, GuestSystem system) {
        Copy copy = new Copy();
        copy.instance = snapshot.copy(
                Instance.builder(module)
                        .withMachineFactory(io.trino.wasm.python.PythonMachine::new)
                        .withImportValues(copy.imports(system)),
                memory);
        return copy;
    }

    /** An interpreter. One thread at a time. */
    static final class Copy {

        private @Nullable Instance instance;
        private Reply reply = new Reply();

        /**
         * Runs code to its end.
         *
         * @param mostBytes how much the function may return
         * @throws WasmEngineException if the interpreter itself has ended
         * @throws BoundedOutput.ExceededException if more was said or returned than may be
         */
        Reply run(String code, String inputs, int mostBytes) {
            reply = new Reply();
            long given = put(row(code, inputs));
            long result = call("execute", given);
            call("deallocate", given);
            if (result != 0) {
                reply.returned = Optional.of(returned((int) result, mostBytes));
                call("deallocate", result);
            }
            return reply;
        }

        private byte[] returned(int at, int mostBytes) {
            // Its size, whether it is not null, the size of the text, the text.
            int size = instance().memory().readInt(at + 5);
            if (size > mostBytes) {
                throw new BoundedOutput.ExceededException(mostBytes);
            }
            return instance().memory().readBytes(at + 9, size);
        }

        private ImportValues imports(GuestSystem system) {
            return ImportValues.builder()
                    .addFunction(system.functions())
                    .addFunction(new HostFunction(
                            "trino",
                            "return_error",
                            FunctionType.of(List.of(I32, I32, I32, I32, I32), List.of()),
                            (it, args) -> {
                                int size = Math.min((int) args[2], MOST_THROWN_BYTES);
                                reply.thrown = Optional.of(
                                        new String(it.memory().readBytes((int) args[1], size), StandardCharsets.UTF_8));
                                return new long[0];
                            }))
                    .build();
        }

        private long put(byte[] bytes) {
            long address = call("allocate", bytes.length);
            instance().memory().write((int) address, bytes);
            return address;
        }

        private long call(String function, long... args) {
            long[] results = instance().export(function).apply(args);
            return results == null || results.length == 0 ? 0 : results[0];
        }

        private Instance instance() {
            return requireNonNull(instance, "instance");
        }
    }

    private static byte[] row(String... texts) {
        ByteArrayOutputStream row = new ByteArrayOutputStream();
        row.write(1);
        for (String text : texts) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            row.write(1);
            row.writeBytes(ints(bytes.length));
            row.writeBytes(bytes);
        }
        return row.toByteArray();
    }

    private static byte[] ints(int... values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (int value : values) {
            bytes.putInt(value);
        }
        return bytes.array();
    }
}
