package io.sallyport.upstream.http;

import java.util.function.Function;

/** What came of speaking to an upstream in one of the eras. */
sealed interface Probe<T> {

    /** It speaks the era. */
    record Speaks<T>(T found) implements Probe<T> {}

    /**
     * It gave evidence that it does not.
     *
     * @param detail what it answered, for operators
     */
    record Refuses<T>(String detail) implements Probe<T> {}

    /** Returns the same, with something else made of what was found. */
    default <R> Probe<R> map(Function<T, R> function) {
        return this instanceof Speaks<T> speaks
                ? new Speaks<>(function.apply(speaks.found))
                : new Refuses<>(((Refuses<T>) this).detail);
    }
}
