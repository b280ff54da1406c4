package io.sallyport.upstream.stdio;

import io.sallyport.protocol.Era;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.Response;
import io.sallyport.upstream.SessionSpec;
import io.sallyport.upstream.UpstreamException;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamSession;
import io.sallyport.upstream.internal.DuplexHandshake;
import io.sallyport.upstream.internal.DuplexSession;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Finds out which era a child speaks that was just started.
 *
 * <p>It is asked {@code server/discover}. A modern server answers that. A legacy one answers with an error, or ends: some
 * end when they read anything before {@code initialize}; it has to be started anew, to read nothing else. One that is
 * silent either passes over what it does not know, or is still starting. It gets {@code initialize} as well and is left
 * to it: launchers such as npx and uvx fetch a server first, and to end them in the middle would leave half of it in
 * their cache, from which it never starts again.
 */
final class StdioProbe {

    private final DuplexSession session;
    private final SessionSpec spec;
    private final ScheduledExecutorService timer;
    private final Duration startWithin;
    private final AtomicBoolean initializing = new AtomicBoolean();
    private final AtomicBoolean decided = new AtomicBoolean();
    private final CompletableFuture<Optional<UpstreamSession>> outcome = new CompletableFuture<>();

    private StdioProbe(DuplexSession session, SessionSpec spec, ScheduledExecutorService timer, Duration startWithin) {
        this.session = session;
        this.spec = spec;
        this.timer = timer;
        this.startWithin = startWithin;
    }

    /**
     * Asks a child.
     *
     * @param session a session with the child, in which nothing was said yet
     * @param silentFor how long it may be silent until it gets {@code initialize} as well
     * @param startWithin how long each question waits for its answer
     * @return completes with the session, begun in the era of the child; with nothing if the child has to be started
     *     anew as a legacy one; or fails with an {@link UpstreamException}
     */
    static CompletionStage<Optional<UpstreamSession>> ask(
            DuplexSession session,
            SessionSpec spec,
            ScheduledExecutorService timer,
            Duration silentFor,
            Duration startWithin) {
        StdioProbe probe = new StdioProbe(session, spec, timer, startWithin);
        ScheduledFuture<?> silence = timer.schedule(probe::initialize, silentFor.toMillis(), TimeUnit.MILLISECONDS);
        DuplexHandshake.ask(session, Methods.DISCOVER, DuplexHandshake.modernParams(spec), timer, startWithin)
                .whenComplete((answer, failure) -> {
                    silence.cancel(false);
                    probe.discovered(answer);
                });
        return probe.outcome;
    }

    private void discovered(@Nullable Response answer) {
        if (answer != null && DuplexHandshake.showsModern(answer)) {
            begin(Era.MODERN, answer);
        } else if (initializing.compareAndSet(false, true)) {
            startAnew();
        }
        // Else the answer to initialize decides.
    }

    private void initialize() {
        if (initializing.compareAndSet(false, true)) {
            DuplexHandshake.ask(session, Methods.INITIALIZE, DuplexHandshake.initializeParams(spec), timer, startWithin)
                    .whenComplete((answer, failure) -> {
                        if (answer != null && !answer.isError()) {
                            begin(Era.LEGACY, answer);
                        } else if (isTimeOut(failure)) {
                            fail(failure);
                        } else {
                            startAnew();
                        }
                    });
        }
    }

    private static boolean isTimeOut(@Nullable Throwable failure) {
        return failure instanceof UpstreamException known && known.failure().kind() == UpstreamFailure.Kind.UNREACHABLE;
    }

    private void begin(Era era, Response answer) {
        if (decided.compareAndSet(false, true)) {
            session.speak(era);
            try {
                outcome.complete(Optional.of(DuplexHandshake.established(session, answer)));
            } catch (UpstreamException e) {
                outcome.completeExceptionally(e);
            }
        }
    }

    private void startAnew() {
        if (decided.compareAndSet(false, true)) {
            outcome.complete(Optional.empty());
        }
    }

    private void fail(Throwable failure) {
        if (decided.compareAndSet(false, true)) {
            outcome.completeExceptionally(failure);
        }
    }
}
