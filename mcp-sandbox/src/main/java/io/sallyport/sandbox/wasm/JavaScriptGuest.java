package io.sallyport.sandbox.wasm;

import io.sallyport.protocol.JsonValue;
import io.sallyport.sandbox.Execution;
import io.sallyport.sandbox.Limits;
import io.sallyport.sandbox.Outcome;
import io.sallyport.sandbox.Outcome.Status;
import io.sallyport.sandbox.wasm.JavaScriptEngine.Text;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import run.endive.runtime.WasmInterruptedException;
import run.endive.wasm.WasmEngineException;

/** A copy of a started QuickJS. */
final class JavaScriptGuest implements Guest {

    /** As the engine calls whatever it compiles. */
    private static final String WRAPPER_FILE = "(function.mjs";

    private static final String OUT_OF_MEMORY = "out of memory";

    /** Where a frame of the code is. Columns would be wrong on the first line, which the wrapper shares. */
    private static final Pattern POSITION = Pattern.compile("<input>(:\\d+)?(:\\d+)?");

    private final JavaScriptImage image;
    private final CowMemory memory;
    private final JavaScriptEngine engine;
    private Optional<Conversation> conversation = Optional.empty();

    JavaScriptGuest(JavaScriptImage image, Limits limits, MemoryBudget budget) {
        this.image = image;
        this.memory = image.memory(limits.memoryBytes(), budget);
        this.engine = image.copy(
                memory, (kind, first, second) -> conversation.orElseThrow().told(kind, first, second));
    }

    @Override
    public Ended run(Execution execution, BoundedOutput stdout, BoundedOutput stderr) {
        memory.forgetRefusal();
        Conversation said = new Conversation(execution, stdout, stderr);
        conversation = Optional.of(said);
        try {
            image.start(engine);
            said.isFinishing = true;
            image.finish(engine);
            return ended(said);
        } catch (BoundedOutput.ExceededException e) {
            return failed(Status.OUTPUT, "OutputExceeded", String.valueOf(e.getMessage()))
                    .broken();
        } catch (WasmInterruptedException e) {
            throw e;
        } catch (WasmEngineException | StackOverflowError e) {
            return gaveUp(e).broken();
        } catch (JavaScriptEngine.OutOfMemoryException e) {
            return usedUp().broken();
        }
    }

    @Override
    public void close() {
        memory.discard();
    }

    private Ended ended(Conversation said) {
        if (!said.isSettled) {
            return failed(Status.ERROR, "Unsettled", "the value is a promise of what never comes");
        }
        if (said.failure.isPresent()) {
            Outcome.Failure it = said.failure.get();
            // With no memory left for the error that it wants to throw, the engine throws null, or one that says
            // nothing.
            boolean saysNothing = it.message().isEmpty() || it.message().equals("null");
            return it.message().equals(OUT_OF_MEMORY) || (saysNothing && memory.isRefused())
                    ? usedUp()
                    : Ended.badly(Status.ERROR, it, engine.memoryBytes());
        }
        try {
            return Ended.well(said.value.map(JsonValue::trusted), engine.memoryBytes());
        } catch (IllegalArgumentException e) {
            // QuickJS nests it deeper than we do.
            return failed(Status.ERROR, "ValueNotJson", String.valueOf(e.getMessage()));
        }
    }

    /** Returns how an engine ended that could not even say so. */
    private Ended gaveUp(Throwable fault) {
        if (fault instanceof StackOverflowError
                || fault.getCause() instanceof StackOverflowError
                || String.valueOf(fault.getMessage()).contains(CowMemory.STACK_EXHAUSTED)) {
            return failed(Status.ERROR, "InternalError", "stack overflow");
        }
        String lastWords = engine.lastWords();
        if (memory.isRefused() || lastWords.contains("memory allocation of") || lastWords.contains(OUT_OF_MEMORY)) {
            return usedUp();
        }
        return failed(Status.ERROR, "InternalError", "the engine has given up");
    }

    private Ended usedUp() {
        return failed(Status.MEMORY, "InternalError", OUT_OF_MEMORY);
    }

    private Ended failed(Status status, String type, String message) {
        return Ended.badly(status, new Outcome.Failure(type, message, ""), engine.memoryBytes());
    }

    /** What is said between one run and Java. */
    private static final class Conversation implements JavaScriptEngine.Host {

        private final Execution execution;
        private final BoundedOutput stdout;
        private final BoundedOutput stderr;
        private final int most;

        private boolean isBegun;

        /** Whether the code has run: what is told of its end before that does not count. */
        private boolean isFinishing;

        private boolean isSettled;
        private Optional<String> value = Optional.empty();
        private Optional<Outcome.Failure> failure = Optional.empty();
        private String trace = "";

        Conversation(Execution execution, BoundedOutput stdout, BoundedOutput stderr) {
            this.execution = execution;
            this.stdout = stdout;
            this.stderr = stderr;
            this.most = execution.limits().outputBytes();
        }

        @Override
        public String told(String kind, Text first, Text second) {
            switch (kind) {
                case "inputs" -> {
                    boolean isAgain = isBegun;
                    isBegun = true;
                    return isAgain ? "" : execution.inputs().toJson();
                }
                case "code" -> {
                    return execution.code();
                }
                case "finish" -> {
                    return isFinishing ? "now" : "";
                }
                case "stdout" -> say(stdout, first, second);
                case "stderr" -> say(stderr, first, second);
                default -> {
                    if (isFinishing) {
                        toldOfEnd(kind, first, second);
                    }
                }
            }
            return "";
        }

        private void say(BoundedOutput output, Text line, Text end) {
            // No more of it than is one too many: it may be as long as memory is large.
            byte[] bytes = line.bytes(most + 1);
            output.write(bytes, 0, bytes.length);
            bytes = end.bytes(most + 1);
            output.write(bytes, 0, bytes.length);
        }

        private void toldOfEnd(String kind, Text first, Text second) {
            switch (kind) {
                case "value" -> {
                    if (first.length() > most) {
                        throw new BoundedOutput.ExceededException(most);
                    }
                    value = Optional.of(first.string(most));
                }
                case "trace" -> trace = ownFrames(first.string(most));
                case "error" ->
                    failure = Optional.of(new Outcome.Failure(first.string(most), second.string(most), trace));
                case "nothing" -> value = Optional.empty();
                default -> throw new IllegalArgumentException("the wrapper tells what nobody knows: " + kind);
            }
            isSettled = true;
        }

        /** Returns the frames of a trace that are the code's, and what it has called. */
        private static String ownFrames(String trace) {
            List<String> frames = trace.lines()
                    .filter(frame -> !frame.isBlank() && !frame.contains(WRAPPER_FILE))
                    .map(frame -> POSITION.matcher(frame).replaceAll("code.js$1"))
                    .collect(Collectors.toCollection(ArrayList::new));
            // What is below the code is how the wrapper has called it.
            while (!frames.isEmpty() && frames.get(frames.size() - 1).endsWith("(native)")) {
                frames.remove(frames.size() - 1);
            }
            return String.join("\n", frames);
        }
    }
}
