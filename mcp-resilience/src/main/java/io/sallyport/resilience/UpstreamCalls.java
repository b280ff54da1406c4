package io.sallyport.resilience;

import io.sallyport.filter.CallContext;
import io.sallyport.protocol.Methods;
import io.sallyport.resilience.CircuitBreaker.Failure;
import io.sallyport.resilience.CircuitBreaker.Permit;
import io.sallyport.upstream.CallPolicy.Course;
import io.sallyport.upstream.CallPolicy.End;
import io.sallyport.upstream.CallPolicy.Hints;
import io.sallyport.upstream.UpstreamException;
import io.sallyport.upstream.UpstreamFailure;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The calls to one upstream. Thread-safe. */
final class UpstreamCalls {

    private static final Duration FIRST_PAUSE = Duration.ofMillis(50);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(2);

    /** How long it makes sense to stay away from an upstream with too many callers; nobody knows. */
    private static final Duration WHEN_FULL = Duration.ofSeconds(1);

    private final UpstreamRules rules;
    private final Circuits circuits;
    private final Bulkhead bulkhead;
    private final RetryBudget budget;
    private final DoubleSupplier random;

    UpstreamCalls(UpstreamRules rules, Circuits circuits, LongSupplier ticker, DoubleSupplier random) {
        this.rules = rules;
        this.circuits = circuits;
        this.bulkhead = new Bulkhead(rules.callsAtOnce(), rules.callsWaiting());
        this.budget = new RetryBudget(ticker);
        this.random = random;
    }

    Circuits circuits() {
        return circuits;
    }

    ResiliencePolicy.Load load() {
        return bulkhead.load();
    }

    Course begin(CallContext call, Supplier<Hints> hints) {
        return new OneCall(call, hints);
    }

    /** What the breakers have allowed: an attempt. */
    private record Attempt(Permit ofUpstream, @Nullable Permit ofTool) {

        void answered() {
            ofUpstream.succeeded();
            if (ofTool != null) {
                ofTool.succeeded();
            }
        }

        void ignored() {
            ofUpstream.ignored();
            if (ofTool != null) {
                ofTool.ignored();
            }
        }

        /** The upstream is there, and has not done what it was asked. */
        void failedToAnswer(boolean isThere) {
            if (ofTool == null) {
                ofUpstream.failed(Failure.ANSWER);
                return;
            }
            ofTool.failed(Failure.ANSWER);
            if (isThere) {
                ofUpstream.succeeded();
            } else {
                ofUpstream.ignored();
            }
        }

        void failed(UpstreamFailure failure) {
            switch (failure.kind()) {
                case UNREACHABLE, INTERRUPTED -> {
                    ofUpstream.failed(Failure.TRANSPORT);
                    if (ofTool != null && failure.maybeExecuted()) {
                        // Perhaps it is one tool that brings it down, and all others go on.
                        ofTool.failed(Failure.TRANSPORT);
                    } else if (ofTool != null) {
                        ofTool.ignored();
                    }
                }
                case PROTOCOL -> {
                    if (failure.maybeExecuted()) {
                        failedToAnswer(true);
                    } else {
                        ignored();
                    }
                }
                case AUTH, SECRET, TOO_LARGE, SESSION_LOST, OVERLOADED, QUARANTINED, INTERNAL -> ignored();
            }
        }
    }

    private final class OneCall implements Course {

        private final CallContext call;
        private final Repeatable.CallFacts facts;
        private final Optional<String> tool;
        private final ReentrantLock lock = new ReentrantLock();

        /** Guarded by the lock, as all that follows. */
        private Bulkhead.@Nullable Place place;

        private @Nullable Attempt attempt;
        private int attempts;
        private boolean isOver;

        OneCall(CallContext call, Supplier<Hints> hints) {
            this.call = call;
            this.tool = call.method().equals(Methods.TOOLS_CALL) ? call.target() : Optional.empty();
            this.facts = new Repeatable.CallFacts(
                    call.method(), tool.filter(rules::mayRepeat).isPresent(), rules.isTrusted(), hints);
        }

        @Override
        public CompletionStage<Void> enter(Duration left) {
            budget.deposit();
            Optional<Bulkhead.Place> entered = bulkhead.enter(call.principal());
            if (entered.isEmpty()) {
                return CompletableFuture.failedFuture(new UpstreamException(UpstreamFailure.notSent(
                                UpstreamFailure.Kind.OVERLOADED,
                                rules.callsAtOnce() + " calls are under way, and as many wait as may")
                        .retryAfter(WHEN_FULL)));
            }
            if (!hold(entered.get())) {
                entered.get().leave();
            }
            return entered.get().room();
        }

        private boolean hold(Bulkhead.Place entered) {
            lock.lock();
            try {
                place = entered;
                return !isOver;
            } finally {
                lock.unlock();
            }
        }

        @Override
        public Optional<UpstreamFailure> attempt(Duration left) {
            CircuitBreaker breaker = circuits.ofUpstream();
            Optional<Permit> ofUpstream = breaker.tryCall(left);
            if (ofUpstream.isEmpty()) {
                return Optional.of(keptAway(call.upstream().orElseThrow(), breaker));
            }
            Optional<CircuitBreaker> toolBreaker = tool.map(circuits::ofTool);
            Optional<Permit> ofTool = toolBreaker.flatMap(its -> its.tryCall(left));
            if (toolBreaker.isPresent() && ofTool.isEmpty()) {
                ofUpstream.get().ignored();
                return Optional.of(
                        keptAway(call.upstream().orElseThrow() + "/" + tool.orElseThrow(), toolBreaker.get()));
            }
            Attempt allowed = new Attempt(ofUpstream.get(), ofTool.orElse(null));
            if (!begin(allowed)) {
                allowed.ignored();
            }
            return Optional.empty();
        }

        private boolean begin(Attempt allowed) {
            lock.lock();
            try {
                attempts++;
                attempt = allowed;
                return !isOver;
            } finally {
                lock.unlock();
            }
        }

        private UpstreamFailure keptAway(String circuit, CircuitBreaker breaker) {
            CircuitBreaker.Status status = breaker.status();
            UpstreamFailure failure = UpstreamFailure.notSent(
                    UpstreamFailure.Kind.UNREACHABLE, "the circuit " + circuit + " is open: " + status.reason());
            return status.retryIn().map(failure::retryAfter).orElse(failure);
        }

        @Override
        public Optional<Duration> failed(UpstreamFailure failure, boolean isRepeatable, Duration left) {
            Attempt ended;
            int made;
            lock.lock();
            try {
                ended = attempt;
                attempt = null;
                made = attempts;
            } finally {
                lock.unlock();
            }
            if (ended != null) {
                ended.failed(failure);
            }
            if (!isRepeatable || made >= rules.attempts() || !Repeatable.is(facts, failure)) {
                return Optional.empty();
            }
            return Optional.of(pause(made, failure))
                    .filter(pause -> pause.compareTo(left) < 0)
                    .filter(pause -> budget.tryWithdraw());
        }

        /** Spread over all of it, so that those who have failed together do not come back together. */
        private Duration pause(int made, UpstreamFailure failure) {
            long longest = Math.min(LONGEST_PAUSE.toNanos(), FIRST_PAUSE.toNanos() << Math.min(made - 1, 10));
            Duration pause = Duration.ofNanos((long) (random.getAsDouble() * longest));
            return failure.retryAfter()
                    .filter(asked -> asked.compareTo(pause) > 0)
                    .orElse(pause);
        }

        @Override
        public void ended(End how) {
            Attempt last;
            Bulkhead.Place left;
            lock.lock();
            try {
                isOver = true;
                last = attempt;
                attempt = null;
                left = place;
            } finally {
                lock.unlock();
            }
            if (last != null) {
                switch (how) {
                    case ANSWERED -> last.answered();
                    case INTERNAL_ERROR -> last.failedToAnswer(true);
                    case LATE -> last.failedToAnswer(false);
                    case FAILED, CANCELLED -> last.ignored();
                }
            }
            if (left != null) {
                left.leave();
            }
        }
    }
}
