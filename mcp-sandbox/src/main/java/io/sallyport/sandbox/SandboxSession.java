package io.sallyport.sandbox;

/**
 * A place where code finds what code before it has left: its variables, and its files. Nobody else's code runs there. One
 * execution at a time; who comes meanwhile waits. Thread-safe.
 *
 * <p>What survives is what the language keeps: in Python whatever the module {@code __main__} holds, in JavaScript what is
 * declared with {@code var} or {@code function} outside functions, and the properties of {@code globalThis}.
 *
 * @since 0.1
 */
public interface SandboxSession extends AutoCloseable {

    /**
     * Runs code to its end. As {@link Sandbox#run(Execution, Cancellation)}, with two differences: {@link
     * Limits#memoryBytes()}, {@link Limits#fileBytes()} and {@link Limits#processes()} are those the session was opened
     * with, whatever the execution says, and code that had to be ended (all statuses but {@link Outcome.Status#OK}, {@link
     * Outcome.Status#ERROR} and {@link Outcome.Status#REJECTED}) may take the session with it: see {@link #isLost()}.
     *
     * @throws IllegalArgumentException if the execution is in another language than the session
     */
    Outcome run(Execution execution, Cancellation cancellation) throws InterruptedException;

    /**
     * Returns whether what was in it is gone, because code had to be ended or the enclosure broke. What is run then, as in one
     * that is closed, is {@link Outcome.Status#UNAVAILABLE} with the type {@code SessionLost}.
     */
    boolean isLost();

    /** Ends what runs in it, and forgets what was in it. Idempotent. */
    @Override
    void close();
}
