package io.sallyport.gateway;

import io.sallyport.filter.CallContext;
import io.sallyport.upstream.CallPolicy;
import io.sallyport.upstream.UpstreamFailure;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;

/** A policy that writes down what it is asked, and says what a test wants. */
final class ScriptedPolicy implements CallPolicy {

    final List<String> asked = new CopyOnWriteArrayList<>();

    /** What the next call waits for. */
    volatile CompletableFuture<Void> room = CompletableFuture.completedFuture(null);

    volatile Optional<UpstreamFailure> keptAway = Optional.empty();

    /** How many attempts are made again. */
    volatile int retries;

    /** If not empty, what it is asked by this name throws. */
    volatile String fails = "";

    @Override
    public Course begin(CallContext call, Supplier<Hints> hints) {
        ask("begin", call.upstream().orElseThrow() + " " + call.target().orElseThrow() + " " + hints.get());
        return new Course() {
            @Override
            public CompletionStage<Void> enter(Duration left) {
                ask("enter", "");
                return room;
            }

            @Override
            public Optional<UpstreamFailure> attempt(Duration left) {
                ask("attempt", "");
                return keptAway;
            }

            @Override
            public Optional<Duration> failed(UpstreamFailure failure, boolean isRepeatable, Duration left) {
                ask("failed", failure.kind() + (isRepeatable ? " repeatable" : ""));
                return isRepeatable && retries-- > 0 ? Optional.of(Duration.ZERO) : Optional.empty();
            }

            @Override
            public void ended(End how) {
                ask("ended", how.name());
            }
        };
    }

    @Override
    public void connected(String upstream) {
        ask("connected", upstream);
    }

    private void ask(String what, String details) {
        asked.add((what + " " + details).trim());
        if (what.equals(fails)) {
            throw new IllegalStateException("a fault in " + what);
        }
    }

    /** Returns what was asked of calls after their beginning. */
    List<String> ofCalls() {
        return asked.stream()
                .filter(each -> !each.startsWith("connected") && !each.startsWith("begin"))
                .toList();
    }
}
