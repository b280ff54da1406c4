package io.sallyport.upstream;

import io.sallyport.spi.SecretResolver;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/**
 * An MCP server behind the gateway. Implemented here for HTTP, standard input and output, and local tools; a host may
 * bring its own kind. Thread-safe.
 */
public interface Upstream {

    /**
     * Returns the name by which the configuration, policies, logs and the prefixes of tools know it: letters, digits,
     * {@code -} and single {@code _}, 1 to 32 of them.
     */
    String name();

    /**
     * Opens a session.
     *
     * @param spec whom the session is for
     * @param listener told what the upstream sends outside calls, and how the session ends
     * @param runtime the gateway's threads, timers and limits
     * @return the open session, or an {@link UpstreamException}; never waits longer than the upstream's own time-outs
     */
    CompletionStage<UpstreamSession> open(SessionSpec spec, SessionListener listener, UpstreamRuntime runtime);

    /** Returns whether one session serves everybody, because it knows of each call whose it is. */
    boolean sharesSessions();

    /**
     * Returns whether each client with a session of its own gets one here as well. If not, clients of one principal
     * share, except those that the upstream may ask things: only a session of its own tells whom to ask.
     */
    default boolean sessionPerClient() {
        return true;
    }

    /**
     * Returns whether what the upstream knows of a session ends with this process: another node can neither go on with it
     * nor do without. Calls of a client's session then all go to the node that has made its first one; when that dies the
     * client is told that the state is lost. Otherwise nodes pass {@link UpstreamSession#handle handles} on, where there
     * are any. Asked only where nodes share their clients' sessions, of legacy sessions.
     */
    default boolean tiesSessions() {
        return !sharesSessions();
    }

    /**
     * Returns the host that calls go to, as {@link SecretResolver.Use#host} has it: what binds the secrets in their arguments.
     * Empty if they go to none, such as to a child process, or it is not known. Defaults to empty.
     */
    default Optional<String> secretHost() {
        return Optional.empty();
    }

    /**
     * Forgets what was learnt from failures, so that the next {@link #open} tries at once: an operator has mended what was broken.
     * Defaults to doing nothing.
     */
    default void reset() {}

    /** Ends everything that this upstream has started. Idempotent; returns when it is done, or nearly so. */
    default void close() {}

    /**
     * Returns a name if it may be one.
     *
     * @throws IllegalArgumentException if not
     */
    static String requireValidName(String name) {
        if (!name.matches("[A-Za-z0-9-]+(_[A-Za-z0-9-]+)*") || name.length() > 32) {
            throw new IllegalArgumentException("an upstream's name is 1 to 32 letters, digits, '-' and single '_', but "
                    + "was \"" + name + "\"; \"__\" separates it from the names of its tools");
        }
        return name;
    }
}
