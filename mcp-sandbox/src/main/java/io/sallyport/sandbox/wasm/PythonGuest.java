package io.sallyport.sandbox.wasm;

import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.MalformedMessageException;
import io.sallyport.protocol.MessageLimits;
import io.sallyport.sandbox.Execution;
import io.sallyport.sandbox.Limits;
import io.sallyport.sandbox.Outcome;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import run.endive.runtime.Memory;
import run.endive.wasi.WasiExitException;
import run.endive.wasm.WasmEngineException;

/** A copy of a started CPython. */
final class PythonGuest implements Guest {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.sandbox");

    /** Room for what went wrong, beside the value that the limit is for. */
    private static final int REPLY_BYTES = 64 * 1024;

    private final CowMemory memory;
    private final GuestSystem system;
    private final PythonImage.Copy copy;

    PythonGuest(PythonImage image, Limits limits, MemoryBudget budget) {
        this.memory = image.memory(limits.memoryBytes(), budget);
        this.system = image.system(limits.fileBytes());
        this.copy = image.copy(memory, system);
    }

    @Override
    public Ended run(Execution execution, BoundedOutput stdout, BoundedOutput stderr) {
        memory.forgetRefusal();
        system.sayTo(stdout, stderr);
        int valueBytes = execution.limits().outputBytes();
        try {
            PythonImage.Reply reply =
                    copy.run(execution.code(), execution.inputs().toJson(), Math.max(valueBytes + 1, REPLY_BYTES));
            return reply.returned()
                    .map(it -> returned(it, memory, valueBytes))
                    .orElseGet(() -> thrown(reply.thrown().orElse(""), memory).broken());
        } catch (BoundedOutput.ExceededException e) {
            return tooMuch(memory).broken();
        } catch (WasiExitException e) {
            return exited(e.exitCode(), memory).broken();
        } catch (StackOverflowError e) {
            return tooDeep(memory).broken();
        } catch (WasmEngineException e) {
            if (Thread.currentThread().isInterrupted() || e.getCause() instanceof InterruptedException) {
                throw e;
            }
            return trapped(e, memory).broken();
        }
    }

    @Override
    public void close() {
        memory.discard();
        system.close();
    }

    private static Ended returned(byte[] reply, CowMemory memory, int valueBytes) {
        String text = new String(reply, StandardCharsets.UTF_8);
        if (text.equals("N")) {
            return ok(Optional.empty(), memory);
        }
        if (text.startsWith("V")) {
            return reply.length - 1 > valueBytes ? tooMuch(memory) : value(text.substring(1), memory);
        }
        if (text.startsWith("X")) {
            return notJson(text.substring(1), memory);
        }
        return text.startsWith("E") ? error(text.substring(1), memory) : meddled(memory);
    }

    private static Ended value(String json, CowMemory memory) {
        try {
            // Whoever it is given to reads no more than this.
            MessageLimits limits = MessageLimits.forUpstreams().withMaxBytes(Integer.MAX_VALUE);
            return ok(Optional.of(JsonValue.parse(json, limits)), memory);
        } catch (MalformedMessageException e) {
            return notJson(String.valueOf(e.getMessage()), memory);
        }
    }

    private static Ended error(String json, CowMemory memory) {
        try {
            JsonValue error = JsonValue.parse(json, MessageLimits.forUpstreams());
            return raised(
                    error.getString("type").orElse("Exception"),
                    error.getString("message").orElse(""),
                    error.getString("trace").orElse(""),
                    memory);
        } catch (MalformedMessageException e) {
            return meddled(memory);
        }
    }

    /** What is thrown by what surrounds code: there was no memory left to say it properly, or code has meddled with it. */
    private static Ended thrown(String message, CowMemory memory) {
        if (message.startsWith("Python MemoryError")) {
            return raised("MemoryError", "", "", memory);
        }
        return message.startsWith("RecursionError") ? tooDeep(memory) : meddled(memory);
    }

    /** Code has changed what is to say how it ended, in its own copy. */
    private static Ended meddled(CowMemory memory) {
        return failed(Outcome.Status.ERROR, memory, "NoReply", "the code has not let it be said how it ended", "");
    }

    private static Ended raised(String type, String message, String trace, CowMemory memory) {
        // Others are of the parser, whose stack is of a size of its own.
        boolean isUsedUp = type.equals("MemoryError") && memory.isRefused();
        return isUsedUp ? usedUp(trace, memory) : failed(Outcome.Status.ERROR, memory, type, message, trace);
    }

    private static Ended exited(int code, CowMemory memory) {
        if (code == 0) {
            return ok(Optional.empty(), memory);
        }
        // The interpreter's host exits when it does not get memory.
        return memory.isRefused()
                ? usedUp("", memory)
                : failed(Outcome.Status.ERROR, memory, "SystemExit", String.valueOf(code), "");
    }

    private static Ended trapped(WasmEngineException trap, CowMemory memory) {
        if (memory.isRefused()) {
            return usedUp("", memory);
        }
        if (String.valueOf(trap.getMessage()).contains(CowMemory.STACK_EXHAUSTED)) {
            return tooDeep(memory);
        }
        LOGGER.atDebug().addKeyValue("error", trap.toString()).log("the Python interpreter has trapped");
        return failed(Outcome.Status.ERROR, memory, "InterpreterTrapped", "the interpreter could not go on", "");
    }

    private static Ended ok(Optional<JsonValue> value, CowMemory memory) {
        return Ended.well(value, bytes(memory));
    }

    private static Ended notJson(String why, CowMemory memory) {
        return failed(Outcome.Status.ERROR, memory, "ValueNotJson", why, "");
    }

    private static Ended usedUp(String trace, CowMemory memory) {
        return failed(
                Outcome.Status.MEMORY, memory, "MemoryError", "the code wanted more memory than it may have", trace);
    }

    private static Ended tooMuch(CowMemory memory) {
        return failed(Outcome.Status.OUTPUT, memory, "OutputExceeded", "the code has said more than it may", "");
    }

    private static Ended tooDeep(CowMemory memory) {
        return failed(Outcome.Status.ERROR, memory, "RecursionError", "the calls are nested too deeply", "");
    }

    private static Ended failed(Outcome.Status status, CowMemory memory, String type, String message, String trace) {
        return Ended.badly(status, new Outcome.Failure(type, message, trace), bytes(memory));
    }

    private static long bytes(CowMemory memory) {
        return (long) memory.pages() * Memory.PAGE_SIZE;
    }
}
