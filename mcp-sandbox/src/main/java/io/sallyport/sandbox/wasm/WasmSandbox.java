package io.sallyport.sandbox.wasm;

import io.sallyport.sandbox.Cancellation;
import io.sallyport.sandbox.Capabilities;
import io.sallyport.sandbox.Execution;
import io.sallyport.sandbox.Gate;
import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Limit;
import io.sallyport.sandbox.Limits;
import io.sallyport.sandbox.Outcome;
import io.sallyport.sandbox.Sandbox;
import io.sallyport.sandbox.SandboxSession;
import io.sallyport.sandbox.SandboxUnavailableException;
import io.sallyport.sandbox.Tier;
import java.time.Duration;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;

/**
 * Runs Python and JavaScript in interpreters that are compiled to WebAssembly and executed by this JVM: no process, no
 * container, nothing to install. Code has no network, no processes, and no files but those that it makes itself, in memory.
 * Thread-safe.
 *
 * <p>Each run has a thread of its own and an instance of its own, which is thrown away. Code is interpreted by an interpreter
 * that is interpreted: short code takes milliseconds, long loops some 40 times what they take elsewhere.
 *
 * @since 0.1
 */
public final class WasmSandbox implements Sandbox {

    private static final Set<Language> RUNS = Set.of(Language.PYTHON, Language.JAVASCRIPT);

    /** How often interpreters are tried out before they run code: the first runs take longer. */
    private static final int WARM_UP = 3;

    private static final long LEAST_MEMORY_BYTES = 64L * 1024 * 1024;

    private final Map<Language, Interpreter> interpreters;
    private final Gate room;
    private final Duration patience;
    private final Semaphore sessionsLeft;
    private final Set<WasmSession> sessions = ConcurrentHashMap.newKeySet();
    private final Set<Run> running = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    WasmSandbox(Map<Language, Interpreter> interpreters, int concurrency, int sessions, Duration patience) {
        this.interpreters = Map.copyOf(interpreters);
        this.room = new Gate(concurrency);
        this.sessionsLeft = new Semaphore(sessions);
        this.patience = patience;
    }

    /** Returns a builder. */
    public static Builder builder() {
        return new Builder();
    }

    /** Puts a sandbox together. Confined to one thread. */
    public static final class Builder {

        private Set<Language> languages = RUNS;
        private int concurrency = 8;
        private int sessions = 16;
        private long memoryBytes = Runtime.getRuntime().maxMemory() / 2;
        private Duration patience = Duration.ofSeconds(10);

        private Builder() {}

        /**
         * Sets what it runs. Defaults to Python and JavaScript. Each takes some 65 MB of heap.
         *
         * @throws IllegalArgumentException if there is none, or one that it cannot run
         */
        public Builder languages(Set<Language> languages) {
            if (languages.isEmpty()) {
                throw new IllegalArgumentException("languages must not be empty; leave it out for all");
            }
            if (!RUNS.containsAll(languages)) {
                throw new IllegalArgumentException("languages must be among " + RUNS + ", but were " + languages);
            }
            this.languages = EnumSet.copyOf(languages);
            return this;
        }

        /**
         * Sets how much code may run at once. Defaults to 8.
         *
         * @throws IllegalArgumentException if it is not positive, or more than 1000
         */
        public Builder concurrency(int atMost) {
            if (atMost <= 0 || atMost > 1000) {
                throw new IllegalArgumentException("concurrency must be positive and at most 1000, but was " + atMost);
            }
            this.concurrency = atMost;
            return this;
        }

        /**
         * Sets how many sessions may be open at once. Defaults to 16.
         *
         * @throws IllegalArgumentException if it is negative, or more than 10000
         */
        public Builder sessions(int atMost) {
            if (atMost < 0 || atMost > 10_000) {
                throw new IllegalArgumentException(
                        "sessions must not be negative, and at most 10000, but was " + atMost);
            }
            this.sessions = atMost;
            return this;
        }

        /**
         * Sets how many bytes of the heap all code may have together, that of sessions included; what is in files is not
         * counted. Code that wants more than is left is ended as if it had used up its own. Defaults to half of what the JVM
         * may have.
         *
         * @throws IllegalArgumentException if it is less than 64 MiB
         */
        public Builder memoryBytes(long atMost) {
            if (atMost < LEAST_MEMORY_BYTES) {
                throw new IllegalArgumentException("memoryBytes must be at least 67108864 (64 MiB), but was " + atMost);
            }
            this.memoryBytes = atMost;
            return this;
        }

        /**
         * Sets how long code waits for others to end, when as much runs as may. Defaults to 10 seconds.
         *
         * @throws IllegalArgumentException if it is negative, or more than 7 days
         */
        public Builder patience(Duration patience) {
            this.patience = Gate.patience(patience);
            return this;
        }

        /**
         * Returns the sandbox. Starts the interpreters that all runs are copies of, and has them compute what Java computes as
         * well, which takes a second or two for each.
         *
         * @throws IllegalStateException if an interpreter does not start, or computes wrongly, as it has been seen with JDKs
         *     that compile it wrongly
         * @throws InterruptedException if the thread was interrupted
         */
        public WasmSandbox build() throws InterruptedException {
            MemoryBudget budget = new MemoryBudget(memoryBytes);
            Map<Language, Interpreter> interpreters = new EnumMap<>(Language.class);
            for (Language language : languages) {
                interpreters.put(language, started(language, budget));
            }
            return new WasmSandbox(interpreters, concurrency, sessions, patience);
        }

        private static Interpreter started(Language language, MemoryBudget budget) throws InterruptedException {
            Interpreter interpreter =
                    language == Language.PYTHON ? PythonInterpreter.start(budget) : JavaScriptInterpreter.start(budget);
            EngineCheck check = new EngineCheck();
            for (int i = 0; i < WARM_UP; i++) {
                check.check(language, interpreter);
            }
            return interpreter;
        }
    }

    @Override
    public Capabilities capabilities() {
        return Capabilities.of(Tier.WASM, interpreters.keySet(), EnumSet.allOf(Limit.class));
    }

    @Override
    public Outcome run(Execution execution, Cancellation cancellation) throws InterruptedException {
        Interpreter interpreter = interpreters.get(execution.language());
        if (interpreter == null) {
            return unrun(
                    Outcome.Status.UNAVAILABLE,
                    "NoSuchLanguage",
                    "this sandbox does not run " + execution.language().word());
        }
        return run(execution, Run.inCopyOf(interpreter, execution), cancellation);
    }

    /** Runs it as soon as there is room, if it may be run here. */
    Outcome run(Execution execution, Run run, Cancellation cancellation) throws InterruptedException {
        if (!Tier.WASM.isAtLeast(execution.weakestTier())) {
            return unrun(
                    Outcome.Status.REJECTED,
                    "TierTooWeak",
                    "this sandbox is of the tier wasm, and the code is to be run in "
                            + execution.weakestTier().word() + " at least");
        }
        if (!room.enter(patience, cancellation)) {
            return notLetIn(cancellation);
        }
        running.add(run);
        try {
            if (closed) {
                run.close();
            }
            return run.toItsEnd(cancellation);
        } finally {
            running.remove(run);
            // A thread that does not end keeps its room: there must not be ever more of them.
            run.whenOver(room::leave);
        }
    }

    /** Returns how long whoever comes waits for those before him. */
    Duration patience() {
        return patience;
    }

    /** Returns why code is not run that has waited in vain. */
    Outcome notLetIn(Cancellation cancellation) {
        if (cancellation.isCancelled()) {
            return unrun(Outcome.Status.CANCELLED, "Cancelled", "the code was to end");
        }
        return closed
                ? unrun(Outcome.Status.UNAVAILABLE, "Closed", "the sandbox is closed")
                : unrun(Outcome.Status.UNAVAILABLE, "Busy", "too much code is being run; try again in a moment");
    }

    static Outcome unrun(Outcome.Status status, String type, String message) {
        return Outcome.of(status, Tier.WASM)
                .error(new Outcome.Failure(type, message, ""))
                .build();
    }

    /**
     * As {@link Sandbox#open}. Does not wait: it is refused if as many are open as may be. Memory is taken as code wants it.
     */
    @Override
    public SandboxSession open(Language language, Limits limits, Cancellation cancellation)
            throws SandboxUnavailableException {
        Interpreter interpreter = interpreters.get(language);
        if (interpreter == null) {
            throw new SandboxUnavailableException("NoSuchLanguage", "this sandbox does not run " + language.word());
        }
        if (cancellation.isCancelled()) {
            throw new SandboxUnavailableException("Cancelled", "nobody wants the session any more");
        }
        if (!sessionsLeft.tryAcquire()) {
            throw new SandboxUnavailableException("Busy", "as many sandbox sessions are open as may be");
        }
        WasmSession session = new WasmSession(this, language, () -> interpreter.copy(limits));
        sessions.add(session);
        if (closed) {
            session.close();
            throw new SandboxUnavailableException("Closed", "the sandbox is closed");
        }
        return session;
    }

    /** Forgets a session that is closed. */
    void forget(WasmSession session) {
        if (sessions.remove(session)) {
            sessionsLeft.release();
        }
    }

    @Override
    public void close() {
        closed = true;
        room.close();
        running.forEach(Run::close);
        sessions.forEach(WasmSession::close);
    }
}
