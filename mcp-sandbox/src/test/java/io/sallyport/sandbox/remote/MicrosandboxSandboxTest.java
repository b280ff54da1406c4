package io.sallyport.sandbox.remote;

import static io.sallyport.sandbox.remote.MicrosandboxRig.await;
import static io.sallyport.sandbox.remote.MicrosandboxRig.builder;
import static io.sallyport.sandbox.remote.MicrosandboxRig.open;
import static io.sallyport.sandbox.remote.MicrosandboxRig.python;
import static io.sallyport.sandbox.remote.MicrosandboxRig.running;
import static io.sallyport.sandbox.remote.MicrosandboxRig.within;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.protocol.JsonValue;
import io.sallyport.sandbox.Cancellation;
import io.sallyport.sandbox.Execution;
import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Limit;
import io.sallyport.sandbox.Limits;
import io.sallyport.sandbox.Outcome;
import io.sallyport.sandbox.Outcome.Status;
import io.sallyport.sandbox.SandboxSession;
import io.sallyport.sandbox.SandboxUnavailableException;
import io.sallyport.sandbox.Tier;
import io.sallyport.testing.Incident;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of code, whatever runs in the machines. */
@Timeout(value = 1, unit = TimeUnit.MINUTES)
class MicrosandboxSandboxTest {

    private MicrosandboxStandIn server = MicrosandboxRig.server(MicrosandboxStandIn.Dialect.WITH_NAMESPACES);
    private Optional<MicrosandboxSandbox> made = Optional.empty();

    private MicrosandboxSandbox sandbox() throws InterruptedException {
        MicrosandboxSandbox sandbox = builder(server).build();
        made = Optional.of(sandbox);
        return sandbox;
    }

    @AfterEach
    void close() {
        made.ifPresent(MicrosandboxSandbox::close);
        server.close();
    }

    @ParameterizedTest
    @EnumSource(MicrosandboxStandIn.Dialect.class)
    void runsCodeOnServersOfBothDialects(MicrosandboxStandIn.Dialect dialect) throws Exception {
        server.close();
        server = MicrosandboxRig.server(dialect);

        Outcome outcome = sandbox().run(python("say hello"));

        assertThat(outcome.status()).isEqualTo(Status.OK);
        assertThat(outcome.stdout()).isEqualTo("hello\n");
        assertThat(outcome.tier()).isEqualTo(Tier.VM);
    }

    @ParameterizedTest
    @EnumSource(MicrosandboxStandIn.Dialect.class)
    void keepsSessionsOnServersOfBothDialects(MicrosandboxStandIn.Dialect dialect) throws Exception {
        server.close();
        server = MicrosandboxRig.server(dialect);
        try (SandboxSession session = open(sandbox())) {
            session.run(python("keep me"), new Cancellation());

            Outcome outcome = session.run(python("kept"), new Cancellation());

            assertThat(outcome.value().map(JsonValue::toJson)).contains("\"me\"");
        }
    }

    @ParameterizedTest
    @EnumSource(Language.class)
    void givesBackTheValueInEachLanguage(Language language) throws Exception {
        Execution execution = Execution.of(language, language == Language.SHELL ? "die 7" : "value 7")
                .build();

        assertThat(sandbox().run(execution).value().map(JsonValue::toJson)).contains("7");
    }

    @Test
    void promisesNoMoreThanItCanKeep() throws Exception {
        assertThat(sandbox().capabilities().enforced()).containsExactlyInAnyOrder(Limit.WALL_TIME, Limit.OUTPUT);
    }

    @Test
    void eachRunHasAMachineOfItsOwnThatIsStoppedAfterIt() throws Exception {
        MicrosandboxSandbox sandbox = sandbox();

        sandbox.run(python("say a"));
        sandbox.run(python("say b"));

        assertThat(server.requests("sandbox.start").stream()
                        .map(it -> it.getString("sandbox").orElseThrow())
                        .distinct())
                .hasSize(2);
        await("both are stopped", () -> server.running().isEmpty());
    }

    @Incident("S167")
    @Test
    void codeIsSentOnceThoughItsMachineWasNotUpAtFirst() throws Exception {
        server.earlyAnswers = 2;

        assertThat(sandbox().run(python("say hello")).status()).isEqualTo(Status.OK);
        assertThat(server.requests("sandbox.command.run").stream()
                        .filter(it -> it.getString("command").orElseThrow().equals("sh")))
                .hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Sandbox %s was started, but couldn't verify it's running: x",
                "Sandbox %s was started, but timed out waiting for it to be fully running. It may still be initializing."
            })
    void aMachineThatMayNotBeUpIsWaitedFor(String words) throws Exception {
        server.startResult = words;
        server.earlyAnswers = 2;

        assertThat(sandbox().run(python("say hello")).status()).isEqualTo(Status.OK);
    }

    @Test
    void manyStartAtOnceAlthoughTheServerLosesStartsAtTheSameTime() throws Exception {
        server.losesUpdates = true;
        server.startDelay = Duration.ofMillis(20);
        MicrosandboxSandbox sandbox = sandbox();

        List<CompletableFuture<Outcome>> runs = IntStream.range(0, 8)
                .mapToObj(i -> running(sandbox, python("say " + i), new Cancellation()))
                .toList();

        for (int i = 0; i < runs.size(); i++) {
            assertThat(runs.get(i).get(30, TimeUnit.SECONDS).stdout()).isEqualTo(i + "\n");
        }
    }

    @Incident("S173")
    @Test
    void whatCodeSaidBeforeItsTimeWasOverIsKept() throws Exception {
        Outcome outcome = sandbox().run(within(Duration.ofMillis(100), "hang"));

        assertThat(outcome.status()).isEqualTo(Status.TIMEOUT);
        assertThat(outcome.stdout()).isEqualTo("so far");
    }

    @Incident("S173")
    @Incident("S166")
    @Test
    void aSessionWhoseCodeTookTooLongIsLostWithItsMachine() throws Exception {
        SandboxSession session = open(sandbox());

        Outcome outcome = session.run(within(Duration.ofMillis(100), "hang"), new Cancellation());

        assertThat(outcome.status()).isEqualTo(Status.TIMEOUT);
        assertThat(session.isLost()).isTrue();
        assertThat(session.run(python("kept"), new Cancellation()).status()).isEqualTo(Status.UNAVAILABLE);
        await("it is stopped", () -> server.running().isEmpty());
    }

    @Test
    void theServerIsAlwaysToldHowLongCodeMayTake() throws Exception {
        MicrosandboxSandbox sandbox = sandbox();
        sandbox.run(within(Duration.ofMillis(2500), "say hello"));
        try (SandboxSession session = open(sandbox)) {
            session.run(within(Duration.ofMillis(2500), "kept"), new Cancellation());
        }

        assertThat(server.requests("sandbox.command.run"))
                .allMatch(it -> it.get("timeout").isPresent());
        assertThat(server.requests("sandbox.repl.run").get(1).get("timeout").map(JsonValue::toJson))
                .contains("4");
    }

    @Incident("S121")
    @Test
    void codeThatWasKilledInItsTimeMostLikelyWantedTooMuchMemory() throws Exception {
        assertThat(sandbox().run(python("die 137")).status()).isEqualTo(Status.MEMORY);
    }

    @Test
    void anImageWithoutTheInterpreterIsNotTheCodesFault() throws Exception {
        Outcome outcome = sandbox().run(python("die 127"));

        assertThat(outcome.status()).isEqualTo(Status.UNAVAILABLE);
        assertThat(outcome.error().orElseThrow().type()).isEqualTo("NoInterpreter");
    }

    @Incident("S178")
    @Test
    void outputEndsAtItsLimit() throws Exception {
        Execution execution = Execution.of(Language.PYTHON, "say 12345")
                .limits(Limits.builder().outputBytes(4).build())
                .build();

        Outcome outcome = sandbox().run(execution);

        assertThat(outcome.status()).isEqualTo(Status.OUTPUT);
        assertThat(outcome.stdout()).isEqualTo("1234");
    }

    @Test
    void somebodyMayWishThatItEnds() throws Exception {
        Cancellation cancellation = new Cancellation();
        CompletableFuture<Outcome> run = running(sandbox(), python("hang"), cancellation);
        await("it runs", () -> server.requests("sandbox.command.run").size() == 2);

        cancellation.cancel();

        assertThat(run.get(10, TimeUnit.SECONDS).status()).isEqualTo(Status.CANCELLED);
        await("it is stopped", () -> server.running().isEmpty());
    }

    @Test
    void somebodyMayWishThatItDoesNotEvenBegin() throws Exception {
        server.startDelay = Duration.ofMinutes(1);
        Cancellation cancellation = new Cancellation();
        CompletableFuture<Outcome> run = running(sandbox(), python("hang"), cancellation);
        await("it is being started", () -> server.requests("sandbox.start").size() == 1);

        cancellation.cancel();

        assertThat(run.get(10, TimeUnit.SECONDS).status()).isEqualTo(Status.CANCELLED);
    }

    @Test
    void anInterruptedCallerHasEndedTheCode() throws Exception {
        MicrosandboxSandbox sandbox = sandbox();
        CompletableFuture<Throwable> thrown = new CompletableFuture<>();
        Thread caller = new Thread(() -> {
            try {
                thrown.complete(new AssertionError(sandbox.run(python("hang"))));
            } catch (InterruptedException e) {
                thrown.complete(e);
            }
        });
        caller.start();
        await("it runs", () -> server.requests("sandbox.command.run").size() == 2);

        caller.interrupt();

        assertThat(thrown.get(10, TimeUnit.SECONDS)).isInstanceOf(InterruptedException.class);
        await("it is stopped", () -> server.running().isEmpty());
    }

    @Test
    void closingStopsEverythingThatWasStarted() throws Exception {
        MicrosandboxSandbox sandbox = sandbox();
        SandboxSession session = open(sandbox);
        CompletableFuture<Outcome> run = running(sandbox, python("hang"), new Cancellation());
        await("it runs", () -> server.requests("sandbox.command.run").size() == 2);

        sandbox.close();

        assertThat(server.running()).isEmpty();
        assertThat(run.get(10, TimeUnit.SECONDS).status()).isEqualTo(Status.UNAVAILABLE);
        assertThat(session.run(python("kept"), new Cancellation()).status()).isEqualTo(Status.UNAVAILABLE);
        assertThat(sandbox.run(python("say hello")).status()).isEqualTo(Status.UNAVAILABLE);
        assertThatThrownBy(() -> open(sandbox)).isInstanceOf(SandboxUnavailableException.class);
    }

    @Test
    void closingLeavesNoThread() throws Exception {
        MicrosandboxSandbox sandbox = sandbox();
        sandbox.run(python("say hello"));

        sandbox.close();

        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            if (thread.getName().startsWith("sallyport-sandbox")) {
                thread.join(20_000);
                assertThat(thread.isAlive())
                        .as(() -> thread.getName() + " in " + List.of(thread.getStackTrace()))
                        .isFalse();
            }
        }
    }

    @Incident("S166")
    @Test
    void aMachineThatCannotBeStoppedIsTriedAgain() throws Exception {
        server.stopFails = true;
        MicrosandboxSandbox sandbox = sandbox();
        sandbox.run(python("say hello"));
        await("it was tried", () -> server.requests("sandbox.stop").size() >= 1);

        server.stopFails = false;

        await("it is stopped", () -> server.running().isEmpty());
    }

    @Test
    void codeInASessionIsRunOneAfterTheOther() throws Exception {
        MicrosandboxSandbox sandbox = sandbox();
        try (SandboxSession session = open(sandbox)) {
            CompletableFuture<Outcome> first = CompletableFuture.supplyAsync(() -> {
                try {
                    return session.run(within(Duration.ofMillis(300), "hang"), new Cancellation());
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
            await("it runs", () -> server.requests("sandbox.repl.run").size() == 2);

            Outcome second = session.run(python("kept"), new Cancellation());

            assertThat(first.get(10, TimeUnit.SECONDS).status()).isEqualTo(Status.TIMEOUT);
            assertThat(second.error().orElseThrow().type()).isEqualTo("SessionLost");
            assertThat(server.requests("sandbox.repl.run"))
                    .as("the second was not even sent")
                    .hasSize(2);
        }
    }

    @Test
    void codeThatIsTooLargeForAMachineIsNotRun() throws Exception {
        Execution execution =
                Execution.of(Language.PYTHON, "say " + "€".repeat(1_000_000)).build();

        assertThat(sandbox().run(execution).error().orElseThrow().type()).isEqualTo("TooLarge");
        assertThat(server.requests("sandbox.start")).isEmpty();
    }
}
