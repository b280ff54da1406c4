package io.sallyport.sandbox.process;

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
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs Python, JavaScript and commands at full speed in processes of their own, on Linux: each in namespaces of its own, with
 * a filter for system calls, limits, no network, nothing to see but its interpreter, nothing to write to but a folder in
 * memory, and neither root nor any capability, whoever the gateway is. Thread-safe.
 *
 * <p>It takes bubblewrap, util-linux, glibc, 64-bit x86, a kernel that lets users have namespaces, and the interpreters. When
 * it is built, it tries to get out of its own enclosure. If something is missing, or does not hold, it is there, runs
 * nothing, and {@linkplain Capabilities#unavailable() says why}: it is never weaker.
 *
 * <p>Each run has a process of its own, which has run nothing before; some wait for code. Those have the {@linkplain
 * Limits#defaults() default} memory, files, processes and processor time, and then those of what was run last: code with
 * limits that were not seen before waits until a process has started.
 *
 * <p>Unless {@link Limits#processes()} says so, no process can be started, not even one: commands are then those of the
 * shell itself. Where there may be some, each thread counts as one. JavaScript has what Node has, {@code require} and
 * {@code process} included.
 *
 * @since 0.1
 */
public final class ProcessSandbox implements Sandbox {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.sandbox");

    private static final int MOST_COMMAND_BYTES = 100_000;

    private static final Duration CLOSES_WITHIN = Duration.ofSeconds(5);

    private final @Nullable Engine engine;
    private final Capabilities capabilities;
    private final Gate room;
    private final Semaphore sessionRoom;
    private final Duration patience;
    private final Set<Worker> running = ConcurrentHashMap.newKeySet();
    private final Set<Worker> ending = ConcurrentHashMap.newKeySet();
    private final int mostEnding;
    private final Set<ProcessSession> sessions = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    private ProcessSandbox(@Nullable Engine engine, Capabilities capabilities, Builder builder) {
        this.engine = engine;
        this.capabilities = capabilities;
        this.room = new Gate(builder.concurrency);
        this.sessionRoom = new Semaphore(builder.sessions);
        this.patience = builder.patience;
        this.mostEnding = builder.concurrency;
    }

    /** Returns a builder. */
    public static Builder builder() {
        return new Builder();
    }

    /** Puts a sandbox together. Confined to one thread. */
    public static final class Builder {

        private Optional<Set<Language>> languages = Optional.empty();
        private int concurrency = 8;
        private Duration patience = Duration.ofSeconds(10);
        private int warmWorkers = 2;
        private int sessions = 32;
        private Optional<Path> bubblewrap = Optional.empty();
        private Optional<Path> python = Optional.empty();
        private Optional<Path> node = Optional.empty();

        private Builder() {}

        /**
         * Sets what it must run. Defaults to whatever this machine has interpreters for, commands always.
         *
         * @throws IllegalArgumentException if there is none
         */
        public Builder languages(Set<Language> languages) {
            if (languages.isEmpty()) {
                throw new IllegalArgumentException("languages must not be empty; leave it out for all that are there");
            }
            this.languages = Optional.of(EnumSet.copyOf(languages));
            return this;
        }

        /**
         * Sets how much code may run at once. Defaults to 8. The machine must have room for as many times what {@link
         * Limits#memoryBytes} allows.
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
         * Sets how long code waits for others to end, when as much runs as may. Defaults to 10 seconds.
         *
         * @throws IllegalArgumentException if it is negative, or more than 7 days
         */
        public Builder patience(Duration patience) {
            this.patience = Gate.patience(patience);
            return this;
        }

        /**
         * Sets how many processes of each language wait for code. Defaults to 2; 0 for none. One of Python takes some 15 MB,
         * one of JavaScript some 40.
         *
         * @throws IllegalArgumentException if it is negative, or more than 100
         */
        public Builder warmWorkers(int perLanguage) {
            if (perLanguage < 0 || perLanguage > 100) {
                throw new IllegalArgumentException(
                        "warmWorkers must not be negative and at most 100, but was " + perLanguage);
            }
            this.warmWorkers = perLanguage;
            return this;
        }

        /**
         * Sets how many sessions may be open at once. Defaults to 32.
         *
         * @throws IllegalArgumentException if it is negative, or more than 10000
         */
        public Builder sessions(int atMost) {
            if (atMost < 0 || atMost > 10_000) {
                throw new IllegalArgumentException(
                        "sessions must not be negative and at most 10000, but was " + atMost);
            }
            this.sessions = atMost;
            return this;
        }

        /** Sets where bubblewrap's {@code bwrap} is. Defaults to the first one in the path. */
        public Builder bubblewrap(Path program) {
            this.bubblewrap = Optional.of(program);
            return this;
        }

        /**
         * Sets which Python it is; a script that finds one will not do, and everybody must be allowed to read it. Defaults to
         * the first {@code python3} in the path.
         */
        public Builder python(Path program) {
            this.python = Optional.of(program);
            return this;
        }

        /**
         * Sets which Node it is; a script that finds one will not do, and everybody must be allowed to read it. Defaults to
         * the first {@code node} in the path.
         */
        public Builder node(Path program) {
            this.node = Optional.of(program);
            return this;
        }

        /**
         * Returns the sandbox: one that has tried to get out of its enclosure and could not, or one that runs nothing. Takes a
         * second or so.
         *
         * @throws InterruptedException if the thread was interrupted; nothing is left then
         */
        public ProcessSandbox build() throws InterruptedException {
            try {
                Engine engine = Engine.start(new Engine.Settings(languages, warmWorkers, bubblewrap, python, node));
                return new ProcessSandbox(
                        engine, Capabilities.of(Tier.PROCESS, engine.languages(), EnumSet.allOf(Limit.class)), this);
            } catch (MissingException e) {
                LOGGER.atWarn().addKeyValue("reason", e.getMessage()).log("the process sandbox is not available");
                return new ProcessSandbox(
                        null, Capabilities.unavailable(Tier.PROCESS, String.valueOf(e.getMessage())), this);
            }
        }
    }

    @Override
    public Capabilities capabilities() {
        return capabilities;
    }

    @Override
    public Outcome run(Execution execution, Cancellation cancellation) throws InterruptedException {
        Optional<Outcome> refused = refused(execution);
        if (refused.isPresent()) {
            return refused.get();
        }
        if (!room.enter(patience, cancellation)) {
            return notLetIn(cancellation);
        }
        try {
            return run(taken(Shape.once(execution.language(), execution.limits())), execution, cancellation);
        } catch (IOException e) {
            return notStarted(e);
        } finally {
            room.leave();
        }
    }

    private Outcome run(Worker worker, Execution execution, Cancellation cancellation) throws InterruptedException {
        boolean isHarmless = false;
        running.add(worker);
        try {
            Exchange exchange = new Exchange(worker, execution, cancellation, () -> closed);
            Outcome outcome = exchange.run();
            isHarmless = exchange.isIntact();
            return outcome;
        } finally {
            end(worker, isHarmless);
        }
    }

    /** Ends a worker, and waits for that unless it has said that it is done: it takes longer than short code does. */
    private void end(Worker worker, boolean isHarmless) {
        if (isHarmless && ending.size() < mostEnding) {
            ending.add(worker);
            running.remove(worker);
            worker.discard(() -> ending.remove(worker));
        } else {
            worker.close();
            running.remove(worker);
        }
    }

    private Worker taken(Shape shape) throws IOException, InterruptedException {
        if (engine == null || closed) {
            throw new IOException("the sandbox is closed");
        }
        return engine.take(shape);
    }

    /** Returns why code is not run here at all. */
    private Optional<Outcome> refused(Execution execution) {
        Language language = execution.language();
        if (!Tier.PROCESS.isAtLeast(execution.weakestTier())) {
            return Optional.of(unrun(
                    Outcome.Status.REJECTED,
                    "TierTooWeak",
                    "this sandbox is of the tier process, and the code is to be run in "
                            + execution.weakestTier().word() + " at least"));
        }
        if (capabilities.unavailable().isPresent()) {
            return Optional.of(unrun(
                    Outcome.Status.UNAVAILABLE, "Unavailable", "this sandbox lacks what it needs, and runs nothing"));
        }
        if (!capabilities.languages().contains(language)) {
            return Optional.of(unrun(
                    Outcome.Status.UNAVAILABLE, "NoSuchLanguage", "this sandbox does not run " + language.word()));
        }
        if (closed) {
            return Optional.of(closedOutcome());
        }
        return language == Language.SHELL ? refusedCommand(execution.code()) : Optional.empty();
    }

    private static Optional<Outcome> refusedCommand(String command) {
        if (command.indexOf('\0') >= 0) {
            return Optional.of(unrun(Outcome.Status.ERROR, "SyntaxError", "a command has no NUL"));
        }
        return command.length() > MOST_COMMAND_BYTES
                ? Optional.of(unrun(
                        Outcome.Status.ERROR,
                        "CommandTooLong",
                        "a command has at most " + MOST_COMMAND_BYTES + " characters"))
                : Optional.empty();
    }

    private static Outcome closedOutcome() {
        return unrun(Outcome.Status.UNAVAILABLE, "Closed", "the sandbox is closed");
    }

    private Outcome notStarted(IOException e) {
        if (closed) {
            return closedOutcome();
        }
        LOGGER.atWarn().addKeyValue("error", e.toString()).log("a worker could not be started");
        return unrun(Outcome.Status.UNAVAILABLE, "NotStarted", "the sandbox could not start what is to run the code");
    }

    static Outcome unrun(Outcome.Status status, String type, String message) {
        return Outcome.of(status, Tier.PROCESS)
                .error(new Outcome.Failure(type, message, ""))
                .build();
    }

    /** Returns how long code waits for others to end. */
    Duration patience() {
        return patience;
    }

    /** Returns why code is not run that has waited in vain. */
    Outcome notLetIn(Cancellation cancellation) {
        if (cancellation.isCancelled()) {
            return unrun(Outcome.Status.CANCELLED, "Cancelled", "the code was to end");
        }
        return closed
                ? closedOutcome()
                : unrun(Outcome.Status.UNAVAILABLE, "Busy", "too much code is being run; try again in a moment");
    }

    @Override
    public SandboxSession open(Language language, Limits limits, Cancellation cancellation)
            throws SandboxUnavailableException, InterruptedException {
        if (engine == null || closed) {
            throw new SandboxUnavailableException(
                    closed ? "Closed" : "Unavailable",
                    capabilities.unavailable().orElse("the sandbox is closed"));
        }
        if (!capabilities.stateful().contains(language)) {
            throw new SandboxUnavailableException("NoSuchLanguage", "this sandbox does not run " + language.word());
        }
        if (language == Language.SHELL && limits.processes() == 0) {
            throw new SandboxUnavailableException(
                    "NeedsProcesses", "a session of commands needs a process for each: limits must allow some");
        }
        if (cancellation.isCancelled()) {
            throw new SandboxUnavailableException("Cancelled", "nobody wants the session any more");
        }
        if (!sessionRoom.tryAcquire()) {
            throw new SandboxUnavailableException("Busy", "as many sessions are open as may be");
        }
        ProcessSession session = null;
        try {
            Worker worker = engine.start(Shape.session(language, limits));
            session = new ProcessSession(this, worker);
            sessions.add(session);
            if (closed) {
                session.close();
                throw new SandboxUnavailableException("Closed", "the sandbox is closed");
            }
            return session;
        } catch (IOException e) {
            LOGGER.atWarn().addKeyValue("error", e.toString()).log("a session could not be started");
            throw new SandboxUnavailableException("NotStarted", "the sandbox could not start the session");
        } finally {
            if (session == null) {
                sessionRoom.release();
            }
        }
    }

    /** Runs code in the worker of a session, as {@link #run} does in one of its own. */
    Outcome runIn(ProcessSession session, Execution execution, Cancellation cancellation) throws InterruptedException {
        Optional<Outcome> refused = refused(execution);
        if (refused.isPresent()) {
            return refused.get();
        }
        if (!room.enter(patience, cancellation)) {
            return notLetIn(cancellation);
        }
        try {
            return session.runNow(execution, cancellation, () -> closed);
        } finally {
            room.leave();
        }
    }

    /** Returns how many workers wait for code of a language with such limits. */
    int waiting(Language language, Limits limits) {
        return engine == null ? 0 : engine.pool().count(Shape.once(language, limits));
    }

    void forget(ProcessSession session) {
        if (sessions.remove(session)) {
            sessionRoom.release();
        }
    }

    @Override
    public void close() {
        closed = true;
        room.close();
        running.forEach(Worker::kill);
        sessions.forEach(ProcessSession::close);
        if (engine != null) {
            engine.close();
        }
        awaitEnd(running);
        awaitEnd(ending);
        if (engine != null) {
            engine.groups().close();
        }
    }

    private static void awaitEnd(Set<Worker> workers) {
        long end = System.nanoTime() + CLOSES_WITHIN.toNanos();
        for (Worker worker : workers) {
            worker.awaitEnd(Math.max(0, end - System.nanoTime()));
        }
    }
}
