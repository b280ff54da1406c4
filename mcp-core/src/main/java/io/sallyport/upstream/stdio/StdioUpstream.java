package io.sallyport.upstream.stdio;

import static java.util.Objects.requireNonNull;

import io.sallyport.protocol.Era;
import io.sallyport.protocol.ErrorCodes;
import io.sallyport.protocol.MalformedMessageException;
import io.sallyport.protocol.McpError;
import io.sallyport.protocol.Message;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.RequestId;
import io.sallyport.protocol.Response;
import io.sallyport.spi.Principal;
import io.sallyport.upstream.CallListener;
import io.sallyport.upstream.CallSpec;
import io.sallyport.upstream.MessageChannel;
import io.sallyport.upstream.SessionListener;
import io.sallyport.upstream.SessionSpec;
import io.sallyport.upstream.Upstream;
import io.sallyport.upstream.UpstreamException;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamRuntime;
import io.sallyport.upstream.UpstreamSession;
import io.sallyport.upstream.internal.DuplexHandshake;
import io.sallyport.upstream.internal.DuplexSession;
import io.sallyport.upstream.internal.LogBudget;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * An MCP server that runs as a child process and is spoken to over its standard input and output.
 *
 * <p>The child has the environment that its {@link StdioCommand} lists and nothing else. It ends with the gateway, with
 * all that it has started, also if the gateway is killed (Linux). Clients of one principal share a child, unless they
 * can be asked things by the server; those get one each.
 *
 * <p>When five children have ended by themselves within a minute, none is started for five minutes; then one is, for trial.
 * {@link #reset} ends that at once.
 */
public final class StdioUpstream implements Upstream {

    private static final Duration LOG_SPAN = Duration.ofSeconds(10);
    private static final int NOISE_PER_SPAN = 10;
    private static final int STDERR_PER_SPAN = 1000;

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.upstream.stdio");

    /** So that the limit on a message speaks before the limit on a line, which ends the child. */
    private static final int LINE_SLACK = 64 * 1024;

    private static final int LAST_WORDS = 5;

    private final String name;
    private final StdioCommand command;
    private final Duration startWithin;
    private final Duration probeWithin;
    private final Duration stopWithin;
    private final Duration hungAfter;
    private final int maxProcesses;
    private final boolean stateless;
    private final Set<Channel> running = ConcurrentHashMap.newKeySet();
    private final Restarts restarts = new Restarts(System::nanoTime);
    private volatile boolean closed;

    /** What the server turned out to speak; empty until it was probed. */
    private volatile Optional<Era> era;

    /** Of all its processes together: one that is started again and again begins no budget anew. */
    private final LogBudget noise = new LogBudget(NOISE_PER_SPAN, LOG_SPAN);

    private final LogBudget stderr = new LogBudget(STDERR_PER_SPAN, LOG_SPAN);

    private StdioUpstream(Builder builder) {
        name = builder.name;
        command = builder.command;
        era = builder.era;
        startWithin = builder.startWithin;
        probeWithin = builder.probeWithin;
        stopWithin = builder.stopWithin;
        hungAfter = builder.hungAfter;
        maxProcesses = builder.maxProcesses;
        stateless = builder.stateless;
    }

    /** Begins an upstream; see {@link Upstream#name} for its name. */
    public static Builder of(String name, StdioCommand command) {
        return new Builder(Upstream.requireValidName(name), requireNonNull(command, "command"));
    }

    @Override
    public String name() {
        return name;
    }

    /** Returns why the command cannot be started, if that can be told beforehand. */
    public Optional<String> problem() {
        return command.problem();
    }

    @Override
    public boolean sharesSessions() {
        return false;
    }

    @Override
    public boolean sessionPerClient() {
        return false;
    }

    @Override
    public boolean tiesSessions() {
        return !stateless;
    }

    @Override
    public CompletionStage<UpstreamSession> open(SessionSpec spec, SessionListener listener, UpstreamRuntime runtime) {
        Optional<UpstreamFailure> refused = restarts.tryOpen();
        if (refused.isPresent()) {
            return CompletableFuture.failedFuture(new UpstreamException(refused.get()));
        }
        CompletableFuture<UpstreamSession> opening = new CompletableFuture<>();
        opening.whenComplete((session, failure) -> restarts.opened(session != null));
        onExecutor(runtime, opening, () -> {
            Optional<Era> known = era;
            if (known.isPresent()) {
                begin(known.get(), spec, listener, runtime, opening);
            } else {
                probe(spec, listener, runtime, opening);
            }
        });
        return opening;
    }

    /** Starting a process blocks. */
    private static void onExecutor(UpstreamRuntime runtime, CompletableFuture<?> opening, Runnable task) {
        try {
            runtime.executor().execute(() -> {
                try {
                    task.run();
                } catch (RuntimeException e) {
                    opening.completeExceptionally(e);
                }
            });
        } catch (RejectedExecutionException full) {
            opening.completeExceptionally(new UpstreamException(
                    UpstreamFailure.notSent(UpstreamFailure.Kind.OVERLOADED, "the executor takes no more tasks")));
        }
    }

    /** Finds out the era, and keeps the child that showed it if that may be; see {@link StdioProbe}. */
    private void probe(
            SessionSpec spec,
            SessionListener listener,
            UpstreamRuntime runtime,
            CompletableFuture<UpstreamSession> opening) {
        Channel channel;
        try {
            channel = start(Era.MODERN, true, listener, runtime);
        } catch (UpstreamException e) {
            opening.completeExceptionally(e);
            return;
        }
        StdioProbe.ask(channel.session, spec, runtime.timer(), probeWithin, startWithin)
                .whenComplete((found, failure) -> {
                    if (found == null) {
                        finish(channel, null, failure, opening);
                    } else if (found.isPresent()) {
                        channel.isProbe = false;
                        finish(channel, found.get(), null, opening);
                    } else {
                        channel.session.close();
                        onExecutor(runtime, opening, () -> begin(Era.LEGACY, spec, listener, runtime, opening));
                    }
                });
    }

    private void begin(
            Era spoken,
            SessionSpec spec,
            SessionListener listener,
            UpstreamRuntime runtime,
            CompletableFuture<UpstreamSession> opening) {
        Channel channel;
        try {
            channel = start(spoken, false, listener, runtime);
        } catch (UpstreamException e) {
            opening.completeExceptionally(e);
            return;
        }
        DuplexHandshake.begin(channel.session, spec, runtime.timer(), startWithin)
                .whenComplete((session, failure) -> finish(channel, session, failure, opening));
    }

    private void finish(
            Channel channel,
            @Nullable UpstreamSession session,
            @Nullable Throwable failure,
            CompletableFuture<UpstreamSession> opening) {
        if (session != null) {
            era = Optional.of(session.era());
        }
        if (session == null || !opening.complete(session)) {
            channel.session.close();
            opening.completeExceptionally(failure == null ? new IllegalStateException("no session") : failure);
        }
    }

    private Channel start(Era spoken, boolean isProbe, SessionListener listener, UpstreamRuntime runtime) {
        if (closed) {
            throw new UpstreamException(
                    UpstreamFailure.notSent(UpstreamFailure.Kind.UNREACHABLE, "the upstream has been closed"));
        }
        if (running.size() >= maxProcesses) {
            throw new UpstreamException(UpstreamFailure.notSent(
                    UpstreamFailure.Kind.OVERLOADED, maxProcesses + " processes are running already"));
        }
        Optional<UpstreamFailure> refused = restarts.tryStart();
        if (refused.isPresent()) {
            throw new UpstreamException(refused.get());
        }
        Channel channel = new Channel(spoken, isProbe, listener, runtime);
        running.add(channel);
        try {
            channel.start();
        } catch (UpstreamException e) {
            running.remove(channel);
            throw e;
        } catch (IOException | IllegalStateException e) {
            running.remove(channel);
            throw new UpstreamException(
                    UpstreamFailure.notSent(UpstreamFailure.Kind.UNREACHABLE, String.valueOf(e.getMessage())));
        }
        if (closed) {
            // Perhaps after close() has gone through those that run.
            channel.session.close();
        }
        return channel;
    }

    @Override
    public void reset() {
        restarts.reset();
    }

    @Override
    public void close() {
        closed = true;
        long deadline = System.nanoTime() + stopWithin.toNanos();
        List<Channel> ending = List.copyOf(running);
        ending.forEach(channel -> channel.session.close());
        ending.forEach(channel -> channel.awaitEnd(Duration.ofNanos(Math.max(0, deadline - System.nanoTime()))));
    }

    /** A child process as a channel of messages. */
    private final class Channel implements MessageChannel, ChildProcess.Listener {

        private final DuplexSession session;
        private final UpstreamRuntime runtime;
        private volatile @Nullable ChildProcess child;

        /** When it has said something last. */
        private volatile long heard = System.nanoTime();

        private final AtomicBoolean isInDoubt = new AtomicBoolean();
        private volatile boolean hasEnded;

        /** Whether it may end by itself: legacy servers do at a modern question. */
        private volatile boolean isProbe;

        Channel(Era spoken, boolean isProbe, SessionListener listener, UpstreamRuntime runtime) {
            this.session = new DuplexSession(name, spoken, this, listener);
            this.runtime = runtime;
            this.isProbe = isProbe;
        }

        void start() throws IOException {
            child = ChildProcess.start(
                    name,
                    command,
                    command.revealEnvironment(runtime.secrets(), name),
                    ChildLimits.defaults().withMaxLineBytes(runtime.limits().maxBytes() + LINE_SLACK),
                    runtime.shared(ChildGuard.class, ChildGuard::new),
                    runtime.redactor(),
                    this);
        }

        @Override
        public boolean send(Message message) {
            if (message instanceof Notification given && given.method().equals(Methods.CANCELLED)) {
                doubt();
            }
            ChildProcess process = child;
            if (process == null) {
                return false;
            }
            LineQueue.Sent sent = process.send(message.onOneLine().asByteBuffer());
            hasEnded |= sent.status() == LineQueue.Status.CLOSED;
            return sent.accepted();
        }

        @Override
        public boolean isOpen() {
            return !hasEnded;
        }

        /**
         * A call was given up: perhaps because the server hangs, which then will answer nobody any more. One that says anything,
         * such as an answer to a ping, does not.
         */
        private void doubt() {
            if (!isInDoubt.compareAndSet(false, true)) {
                return;
            }
            long asked = System.nanoTime();
            try {
                runtime.timer()
                        .schedule(() -> hangsUnlessHeardSince(asked), hungAfter.toMillis(), TimeUnit.MILLISECONDS);
            } catch (RejectedExecutionException closing) {
                return;
            }
            session.call(
                    Request.of(RequestId.of(0), Methods.PING, Map.of()),
                    new CallSpec(Principal.anonymous(), "gateway", CallSpec.NO_HEADERS),
                    // One that talks and does not answer pings is not pinged again.
                    new Pong(() -> isInDoubt.set(false)));
        }

        private void hangsUnlessHeardSince(long asked) {
            if (heard - asked < 0) {
                hangs();
            }
        }

        private void hangs() {
            String detail = "the process hangs: it has said nothing for " + hungAfter.toMillis() + " ms after a ping";
            LOGGER.atWarn().addKeyValue("upstream", name).log("a child process hangs; it is ended");
            session.lost(UpstreamFailure.maybeExecuted(UpstreamFailure.Kind.INTERRUPTED, detail));
            close();
        }

        @Override
        public void close() {
            ChildProcess process = child;
            if (process != null) {
                process.stop(stopWithin);
            }
        }

        void awaitEnd(Duration atMost) {
            ChildProcess process = child;
            if (process != null) {
                process.close(atMost);
            }
        }

        @Override
        public void onLine(byte[] line) {
            heard = System.nanoTime();
            Message message;
            try {
                message = Message.parse(line, runtime.limits());
            } catch (MalformedMessageException e) {
                // Many servers print a banner or a warning where only messages belong; that must not end them.
                noise.at(LOGGER, Level.WARN)
                        .addKeyValue("upstream", name)
                        .addKeyValue("reason", e.getMessage())
                        .log("a line on standard output is no message; ignored");
                return;
            }
            session.received(message);
        }

        @Override
        public void onStderr(String line) {
            stderr.at(LOGGER, Level.INFO)
                    .addKeyValue("upstream", name)
                    .addKeyValue("line", line)
                    .log("stderr");
        }

        @Override
        public void onExit(ChildExit exit) {
            running.remove(this);
            if (exit.cause() != ChildExit.Cause.CLOSED) {
                // First, so that who hears of the loss and starts another one is refused if there were too many.
                restarts.ended(described(exit), isProbe);
            }
            session.lost(UpstreamFailure.notSent(UpstreamFailure.Kind.INTERRUPTED, described(exit)));
        }
    }

    /** Waits for an answer, whatever it says. */
    private record Pong(Runnable answered) implements CallListener {

        @Override
        public void onNotification(Notification notification) {
            // A ping has no progress.
        }

        @Override
        public void onRequest(Request request, Consumer<Response> answer) {
            answer.accept(Response.error(
                    request.id(), McpError.of(ErrorCodes.METHOD_NOT_FOUND, "Nobody can be asked during a ping.")));
        }

        @Override
        public void onPause(Duration retry) {
            // It goes on.
        }

        @Override
        public void onResponse(Response response) {
            answered.run();
        }

        @Override
        public void onFailure(UpstreamFailure failure) {
            answered.run();
        }
    }

    /** What an operator needs to know first: the last words of a server usually say what it lacked. */
    private static String described(ChildExit exit) {
        List<String> tail = exit.stderrTail();
        List<String> last = tail.subList(Math.max(0, tail.size() - LAST_WORDS), tail.size());
        return exit.summary() + (last.isEmpty() ? "" : "; last words: " + String.join(" | ", last));
    }

    /** Puts an upstream together. Confined to one thread. */
    public static final class Builder {

        private final String name;
        private final StdioCommand command;
        private Optional<Era> era = Optional.empty();
        private Duration startWithin = Duration.ofMinutes(2);
        private Duration probeWithin = Duration.ofSeconds(10);
        private Duration stopWithin = Duration.ofSeconds(5);
        private Duration hungAfter = Duration.ofSeconds(20);
        private int maxProcesses = 16;
        private boolean stateless;

        private Builder(String name, StdioCommand command) {
            this.name = name;
            this.command = command;
        }

        /** Sets the era that the server speaks, which is otherwise found out with a process of its own. */
        public Builder era(Era spoken) {
            this.era = Optional.of(spoken);
            return this;
        }

        /**
         * Sets how long the server may take to answer the first message. Defaults to 2 minutes: npx and uvx fetch a server
         * before they start it.
         */
        public Builder startWithin(Duration duration) {
            this.startWithin = positive("startWithin", duration);
            return this;
        }

        /**
         * Sets after how long a server that has not answered is taken to be a legacy one, unless it shows yet that it is
         * not. Defaults to 10 seconds.
         */
        public Builder probeWithin(Duration duration) {
            this.probeWithin = positive("probeWithin", duration);
            return this;
        }

        /** Sets how long the server may take to end before it is killed. Defaults to 5 seconds. */
        public Builder stopWithin(Duration duration) {
            this.stopWithin = positive("stopWithin", duration);
            return this;
        }

        /**
         * Sets how long the server may say nothing at all when it is pinged, which it is when a call was given up. Then it hangs, and
         * its process is ended; the next call starts another one. Defaults to 20 seconds: longer than anything keeps a server
         * from answering a ping, which the specification has it do promptly.
         */
        public Builder hungAfter(Duration duration) {
            this.hungAfter = positive("hungAfter", duration);
            return this;
        }

        /**
         * Sets whether the server remembers nothing from one call to the next. It does not matter on one node. Where nodes
         * share their clients' sessions, all calls of a session go to the node whose child has made its first one, unless
         * this is set; then each node calls its own child, which is faster. Defaults to false.
         */
        public Builder stateless(boolean keepsNothing) {
            this.stateless = keepsNothing;
            return this;
        }

        /** Sets how many processes of this server may run at a time. Defaults to 16. */
        public Builder maxProcesses(int processes) {
            if (processes < 2) {
                throw new IllegalArgumentException(
                        "maxProcesses must be at least 2, one for the gateway's own questions "
                                + "and one for clients, but was " + processes);
            }
            this.maxProcesses = processes;
            return this;
        }

        private static Duration positive(String what, Duration value) {
            if (value.isNegative() || value.isZero()) {
                throw new IllegalArgumentException(what + " must be positive, but was " + value);
            }
            return value;
        }

        /** Returns the upstream. */
        public StdioUpstream build() {
            return new StdioUpstream(this);
        }
    }
}
