package io.sallyport.sandbox.remote;

import io.sallyport.sandbox.Cancellation;
import io.sallyport.sandbox.Execution;
import io.sallyport.sandbox.Gate;
import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Limits;
import io.sallyport.sandbox.Outcome;
import io.sallyport.sandbox.Sandbox;
import io.sallyport.sandbox.SandboxSession;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;

/** What tests of the sandbox need again and again. */
final class MicrosandboxRig {

    private MicrosandboxRig() {}

    static MicrosandboxStandIn server(MicrosandboxStandIn.Dialect dialect) {
        return new MicrosandboxStandIn(dialect, new ScriptedEngine());
    }

    static MicrosandboxBuilder builder(MicrosandboxStandIn server) {
        return MicrosandboxSandbox.builder(server.uri())
                .owner("gateway-1")
                .concurrency(4)
                .startTimeout(Duration.ofSeconds(10))
                .requestTimeout(Duration.ofSeconds(5));
    }

    static Execution python(String code) {
        return Execution.of(Language.PYTHON, code).build();
    }

    static Execution within(Duration wallTime, String code) {
        return Execution.of(Language.PYTHON, code)
                .limits(Limits.builder().wallTime(wallTime).build())
                .build();
    }

    static SandboxSession open(Sandbox sandbox) throws Exception {
        return sandbox.open(Language.PYTHON, Limits.defaults(), new Cancellation());
    }

    static CompletableFuture<Outcome> running(Sandbox sandbox, Execution execution, Cancellation cancellation) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return sandbox.run(execution, cancellation);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    /** Waits until something holds, or fails. */
    static void await(String what, BooleanSupplier holds) throws InterruptedException {
        long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (!holds.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("it never came to be: " + what);
            }
            Gate.pause(Duration.ofMillis(5), new Cancellation());
        }
    }
}
