package io.sallyport.sandbox;

/**
 * Runs code that nobody vouches for so that it harms nobody: it sees what it was given, uses what its {@link Limits} allow,
 * and leaves nothing behind for whoever runs next. Thread-safe.
 *
 * <p>What the code does is told by the {@link Outcome}, never by an exception. Code that this sandbox cannot run, or not
 * within an enclosure as strong as the {@link Execution} asks for, is not run anywhere else.
 *
 * @since 0.1
 */
public interface Sandbox extends AutoCloseable {

    /** Returns what this sandbox runs, and which limits hold. */
    Capabilities capabilities();

    /**
     * Runs code to its end, in a state that no other code has touched. Waits for that; a thread that is interrupted
     * meanwhile ends the code.
     *
     * @param cancellation ends the code when somebody else wants that; the outcome is {@link Outcome.Status#CANCELLED}
     *     then
     * @return what came of it; never null
     * @throws InterruptedException if the thread was interrupted; the code does not run any more then
     */
    Outcome run(Execution execution, Cancellation cancellation) throws InterruptedException;

    /** As {@link #run(Execution, Cancellation)}, for code that nobody will want to end. */
    default Outcome run(Execution execution) throws InterruptedException {
        return run(execution, new Cancellation());
    }

    /**
     * Opens a session. May wait: for room, and for what has to be started.
     *
     * @param limits of the session: its memory, its files, its processes. The others are those of each execution
     * @param cancellation gives up opening it
     * @throws SandboxUnavailableException if there is none to be had now, or never: this kind keeps no state between
     *     executions in this language (see {@link Capabilities#stateful()})
     * @throws InterruptedException if the thread was interrupted; nothing is left of it then
     */
    default SandboxSession open(Language language, Limits limits, Cancellation cancellation)
            throws SandboxUnavailableException, InterruptedException {
        throw new SandboxUnavailableException(
                "NoSessions", "this sandbox keeps nothing between executions in " + language.word());
    }

    /** Ends all code that runs, all sessions, and everything that this sandbox has started. What is run afterwards is {@link
     * Outcome.Status#UNAVAILABLE}. Idempotent. */
    @Override
    void close();
}
