package io.sallyport.gateway.internal;

import io.sallyport.upstream.CallPolicy;
import io.sallyport.upstream.UpstreamException;
import io.sallyport.upstream.UpstreamFailure;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a host's policy says of one call. A policy that fails lets nothing pass. Thread-safe. */
final class CallCourse {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.call");

    /** In place of what the policy says of a call: nothing of it passes. */
    private static final CallPolicy.Course CLOSED = new Closed();

    private final CallPolicy policy;
    private final CallInfo info;
    private final Supplier<CallPolicy.Hints> hints;

    /** Holds nothing until the call enters, and the closed one when it is over. */
    private final AtomicReference<CallPolicy.@Nullable Course> course = new AtomicReference<>();

    CallCourse(CallPolicy policy, CallInfo info, Supplier<CallPolicy.Hints> hints) {
        this.policy = policy;
        this.info = info;
        this.hints = hints;
    }

    CompletionStage<Void> enter(Duration left) {
        CallPolicy.Course begun = asked(() -> policy.begin(info, hints)).orElse(CLOSED);
        if (!course.compareAndSet(null, begun)) {
            // It was cancelled before it began.
            ended(begun, CallPolicy.End.CANCELLED);
        }
        return asked(() -> begun.enter(left))
                .orElseGet(() -> CompletableFuture.failedFuture(new UpstreamException(failure())));
    }

    /** Returns why there must not be an attempt, if so. */
    Optional<UpstreamFailure> attempt(Duration left) {
        return asked(() -> current().attempt(left)).orElseGet(() -> Optional.of(failure()));
    }

    /** Returns after how long there is another attempt, if so. */
    Optional<Duration> failed(UpstreamFailure failure, boolean isRepeatable, Duration left) {
        return asked(() -> current().failed(failure, isRepeatable, left)).orElse(Optional.empty());
    }

    void ended(CallPolicy.End how) {
        CallPolicy.Course last = course.getAndSet(CLOSED);
        if (last != null) {
            ended(last, how);
        }
    }

    private void ended(CallPolicy.Course which, CallPolicy.End how) {
        asked(() -> {
            which.ended(how);
            return how;
        });
    }

    private CallPolicy.Course current() {
        CallPolicy.Course current = course.get();
        return current == null ? CLOSED : current;
    }

    private <T> Optional<T> asked(Supplier<T> question) {
        try {
            return Optional.of(question.get());
        } catch (Throwable e) {
            // As with filters: whatever it is, it lets nothing pass.
            LOGGER.atError()
                    .addKeyValue("correlationId", info.correlationId())
                    .setCause(e)
                    .log("the policy for calls failed");
            return Optional.empty();
        }
    }

    private static UpstreamFailure failure() {
        return UpstreamFailure.notSent(UpstreamFailure.Kind.INTERNAL, "the policy for calls failed");
    }

    private static final class Closed implements CallPolicy.Course {

        @Override
        public CompletionStage<Void> enter(Duration left) {
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public Optional<UpstreamFailure> attempt(Duration left) {
            return Optional.of(failure());
        }

        @Override
        public Optional<Duration> failed(UpstreamFailure failure, boolean isRepeatable, Duration left) {
            return Optional.empty();
        }

        @Override
        public void ended(CallPolicy.End how) {}
    }
}
