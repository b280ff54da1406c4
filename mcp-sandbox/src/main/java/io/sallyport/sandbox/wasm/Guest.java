package io.sallyport.sandbox.wasm;

import io.sallyport.protocol.JsonValue;
import io.sallyport.sandbox.Execution;
import io.sallyport.sandbox.Outcome;
import java.util.Optional;

/** A copy of an interpreter, in which nobody else's code runs. One thread at a time. */
interface Guest extends AutoCloseable {

    /**
     * Runs code on this thread; it finds what code before it has left here. Whoever wants the code to end interrupts the
     * thread; then this returns soon, or throws, and what it returns counts for nothing.
     *
     * @param execution its limits of memory and files count for nothing here
     * @param stdout takes what the code says; it throws when that is too much, which ends the code
     * @param stderr as stdout
     */
    Ended run(Execution execution, BoundedOutput stdout, BoundedOutput stderr);

    /** Gives back what it has. Idempotent. */
    @Override
    default void close() {}

    /**
     * How code ended that nobody has ended.
     *
     * @param status {@code OK}, {@code ERROR}, {@code MEMORY} or {@code OUTPUT}
     * @param value what the code has put into the variable {@code result}; only if OK, and if JSON can say it
     * @param error what went wrong unless OK
     * @param memoryBytes how much the instance had at its end, its interpreter's own included
     * @param isIntact whether other code can be run there afterwards
     */
    record Ended(
            Outcome.Status status,
            Optional<JsonValue> value,
            Optional<Outcome.Failure> error,
            long memoryBytes,
            boolean isIntact) {

        static Ended well(Optional<JsonValue> value, long memoryBytes) {
            return new Ended(Outcome.Status.OK, value, Optional.empty(), memoryBytes, true);
        }

        static Ended badly(Outcome.Status status, Outcome.Failure error, long memoryBytes) {
            return new Ended(status, Optional.empty(), Optional.of(error), memoryBytes, true);
        }

        /** Returns the same of an interpreter that cannot go on. */
        Ended broken() {
            return new Ended(status, value, error, memoryBytes, false);
        }
    }
}
