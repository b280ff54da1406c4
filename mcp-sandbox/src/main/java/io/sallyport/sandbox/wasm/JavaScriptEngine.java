package io.sallyport.sandbox.wasm;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.roastedroot.quickjs4j.core.JavyPluginModule;
import java.io.OutputStream;
import java.security.SecureRandom;
import java.util.Collections;
import run.endive.runtime.HostFunction;
import run.endive.runtime.ImportValues;
import run.endive.runtime.Instance;
import run.endive.runtime.Memory;
import run.endive.wasi.WasiOptions;
import run.endive.wasi.WasiPreview1;
import run.endive.wasm.types.FunctionType;
import run.endive.wasm.types.ValType;

/** An instance of QuickJS: what its module exports, and the one function of Java that it is given. Confined to one thread. */
final class JavaScriptEngine {

    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int BYTE_ALIGNED = 1;
    private static final int MOST_LAST_WORDS = 8192;

    /** Ends a run that has no memory for what it is given. */
    static final class OutOfMemoryException extends RuntimeException {}

    /** Takes what scripts tell, and answers. */
    interface Host {

        /**
         * Hears three strings that a script has told.
         *
         * @return what the script is answered
         */
        String told(String kind, Text first, Text second);
    }

    /** A string in the memory of an engine; it may be as long as that is large. */
    record Text(Memory memory, int at, int length) {

        /** Returns its first bytes. */
        byte[] bytes(int atMost) {
            return memory.readBytes(at, Math.min(length, atMost));
        }

        /** Returns what its first bytes say. */
        String string(int atMostBytes) {
            return new String(bytes(atMostBytes), UTF_8);
        }
    }

    /** Bytes in the memory of an engine, and of all copies that are taken of it. */
    record Stored(int at, int length) {}

    /** Makes an instance of its module, with the imports that are already set. */
    interface Maker {
        Instance make(Instance.Builder builder);
    }

    private final Instance instance;
    private final BoundedOutput lastWords = new BoundedOutput(MOST_LAST_WORDS);

    /** Creates one. */
    JavaScriptEngine(Host host, Maker maker) {
        WasiOptions nothingOfTheSystem = WasiOptions.builder()
                .withRandom(RANDOM)
                .withStdout(OutputStream.nullOutputStream())
                // What its Rust says when it gives up. Code has no way to it.
                .withStderr(lastWords)
                .build();
        HostFunction told = new HostFunction(
                "endive",
                "invoke",
                FunctionType.of(Collections.nCopies(6, ValType.I32), Collections.nCopies(1, ValType.I32)),
                (it, args) -> {
                    Memory memory = it.memory();
                    String answer = host.told(
                            new Text(memory, (int) args[0], (int) args[1]).string(MOST_LAST_WORDS),
                            new Text(memory, (int) args[2], (int) args[3]),
                            new Text(memory, (int) args[4], (int) args[5]));
                    Stored bytes = write(it, answer.getBytes(UTF_8));
                    int pair = allocate(it, 2 * Integer.BYTES);
                    it.memory().writeI32(pair, bytes.at());
                    it.memory().writeI32(pair + Integer.BYTES, bytes.length());
                    return new long[] {pair};
                });
        this.instance = maker.make(Instance.builder(JavyPluginModule.load())
                .withMachineFactory(JavyPluginModule::create)
                .withImportValues(ImportValues.builder()
                        .addFunction(WasiPreview1.builder()
                                .withOptions(nothingOfTheSystem)
                                .build()
                                .toHostFunctions())
                        .addFunction(told)
                        .build()));
    }

    private static int allocate(Instance instance, int bytes) {
        int at = (int) instance.export("cabi_realloc").apply(0, 0, BYTE_ALIGNED, bytes)[0];
        if (at == 0) {
            throw new OutOfMemoryException();
        }
        return at;
    }

    private static Stored write(Instance instance, byte[] bytes) {
        // Not of no bytes: the engine frees what it is answered even then, and there would be nothing to be freed.
        int at = allocate(instance, Math.max(1, bytes.length));
        instance.memory().write(at, bytes);
        return new Stored(at, bytes.length);
    }

    /** Makes a runtime: what takes most of the time until code can run. */
    void initialize() {
        instance.export("initialize_runtime").apply();
    }

    /** Compiles a script, without running it. */
    Stored compile(String script) {
        Stored source = write(instance, script.getBytes(UTF_8));
        int pair = (int) instance.export("compileSrc").apply(source.at(), source.length())[0];
        return new Stored(instance.memory().readInt(pair), instance.memory().readInt(pair + Integer.BYTES));
    }

    /** Runs a script, and then whatever it left to be run. */
    void run(Stored script) {
        instance.export("eval").apply(script.at(), script.length(), 0, 0);
    }

    Instance instance() {
        return instance;
    }

    Memory memory() {
        return instance.memory();
    }

    long memoryBytes() {
        return (long) instance.memory().pages() * Memory.PAGE_SIZE;
    }

    /** Returns why it has given up, if it has, in the words of its Rust. */
    String lastWords() {
        return lastWords.text();
    }
}
