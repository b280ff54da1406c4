package io.sallyport.upstream.stdio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import io.sallyport.testing.CapturedLog;
import io.sallyport.testing.Incident;
import io.sallyport.upstream.stdio.ChildExit.Cause;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** How a child ends, with all that it started. */
@EnabledOnOs(OS.LINUX)
class ChildEndTest {

    private static final Duration BOUND = Duration.ofSeconds(10);
    private static final ChildLimits HASTY =
            ChildLimits.defaults().withGraces(Duration.ofMillis(30), Duration.ofMillis(30));
    private static final ChildLimits UNHURRIED =
            ChildLimits.defaults().withGraces(Duration.ofHours(1), Duration.ofHours(1));

    private final ChildGuard guard = new ChildGuard();
    private final Recorder recorder = new Recorder();

    @AfterEach
    void closeGuard() {
        assertThat(guard.close(BOUND)).isTrue();
        assertThat(Children.marked(guard.ownerMark())).isEmpty();
    }

    @Test
    void firstItsInputEnds() throws Exception {
        ChildProcess child = start("while read -r line; do echo \"$line\"; done; echo 'good bye' >&2; exit 4");
        child.send("last".getBytes(StandardCharsets.US_ASCII));

        assertThat(child.close(BOUND)).isTrue();

        ChildExit exit = recorder.awaitExit();
        assertThat(exit.exitCode()).isEqualTo(4);
        assertThat(exit.stderrTail()).containsExactly("good bye");
        assertThat(exit.linesWritten()).as("what was accepted is still written").isEqualTo(1);
    }

    @Test
    void thenItIsAskedBySignal() throws Exception {
        // Hasty only up to the signal: how soon a shell answers it depends on the machine.
        ChildLimits patient = HASTY.withGraces(HASTY.eofGrace(), BOUND);
        ChildProcess child = start("trap 'exit 5' TERM; echo ready; while :; do sleep 0.01; done", patient);
        recorder.nextLine();

        assertThat(child.close(BOUND)).isTrue();

        assertThat(recorder.awaitExit().exitCode()).isEqualTo(5);
    }

    @Test
    @Incident("S204")
    void thenItIsKilled() throws Exception {
        ChildProcess child = start(Children.STUBBORN, HASTY);
        recorder.nextLine();

        assertThat(child.close(BOUND)).isTrue();

        assertThat(recorder.awaitExit().signal()).hasValue(9);
        assertThat(Children.runs(child.pid())).isFalse();
    }

    @Test
    @Incident("S204")
    void allOfItFitsIntoTheBound() throws Exception {
        ChildProcess child = start(Children.STUBBORN, UNHURRIED);
        recorder.nextLine();

        // When: nothing but the bound can end it while this test waits.
        child.stop(Duration.ofMillis(100));

        assertThat(recorder.awaitExit().signal()).hasValue(9);
        assertThat(child.close(BOUND)).isTrue();
    }

    @Test
    @Incident("X5")
    void grandchildrenInSessionsOfTheirOwnWithDeadParentsEndToo() throws Exception {
        ChildProcess child = start(Children.STUBBORN_GRANDCHILD.repeat(2) + Children.STUBBORN, HASTY);
        recorder.nextLine();
        Eventually.until("the child, two grandchildren and their sleeps run", () -> marked() >= 5);

        assertThat(child.close(BOUND)).isTrue();

        assertThat(marked()).isZero();
        assertThat(recorder.awaitExit().treeGone()).isTrue();
    }

    @Test
    @Incident("X5")
    void aChildThatEndsByItselfLeavesNothingBehind() throws Exception {
        start(Children.STUBBORN_GRANDCHILD + "sleep 100 & exit 1");

        ChildExit exit = recorder.awaitExit();

        assertThat(exit.exitCode()).isEqualTo(1);
        assertThat(exit.treeGone()).isTrue();
        assertThat(marked()).isZero();
    }

    @Test
    void aDescendantThatClearedItsEnvironmentEndsByItsSession() throws Exception {
        ChildProcess child = start("(env -i /bin/sh -c 'echo $$; while :; do sleep 5; done' &); read -r line", HASTY);
        long grandchild = Long.parseLong(recorder.nextLine());
        assertThat(Children.environmentOf(grandchild)).noneMatch(variable -> variable.contains("SALLYPORT"));

        assertThat(child.close(BOUND)).isTrue();

        Eventually.until("it is gone", () -> !Children.runs(grandchild));
    }

    @Test
    void aDescendantThatClearedItsEnvironmentAndLeftTheSessionEndsByItsParent() throws Exception {
        ChildProcess child =
                start("env -i setsid /bin/sh -c 'echo $$; while :; do sleep 5; done' & read -r line; wait", HASTY);
        long grandchild = Long.parseLong(recorder.nextLine());

        assertThat(child.close(BOUND)).isTrue();

        Eventually.until("it is gone", () -> !Children.runs(grandchild));
    }

    @Test
    void theChildrenOfAnotherGuardAreLeftAlone() throws Exception {
        ChildGuard neighbour = new ChildGuard();
        Recorder heard = new Recorder();
        ChildProcess bystander = Children.start(neighbour, Children.sh(Children.STUBBORN), HASTY, heard);
        heard.nextLine();
        start(Children.STUBBORN, HASTY);
        recorder.nextLine();

        assertThat(guard.close(BOUND)).isTrue();

        assertThat(recorder.awaitExit().signal()).hasValue(9);
        assertThat(bystander.isAlive()).isTrue();
        assertThat(bystander.close(BOUND)).isTrue();
        assertThat(neighbour.close(BOUND)).isTrue();
    }

    @Test
    void closingIsIdempotentAndSafeFromSeveralThreads() throws Exception {
        ChildProcess child = start(Children.STUBBORN, HASTY);
        recorder.nextLine();
        List<CompletableFuture<Boolean>> closers = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            closers.add(CompletableFuture.supplyAsync(() -> child.close(BOUND), task -> new Thread(task).start()));
        }

        for (CompletableFuture<Boolean> closer : closers) {
            assertThat(closer.get(20, TimeUnit.SECONDS)).isTrue();
        }

        assertThat(child.close(BOUND)).isTrue();
        assertThat(child.close(Duration.ZERO)).isTrue();
        assertThat(recorder.exits).hasValue(1);
        assertThat(threadsOf("test")).isEmpty();
    }

    @Test
    void aShorterBoundHastensTheEnd() throws Exception {
        ChildProcess child = start(Children.STUBBORN, UNHURRIED);
        recorder.nextLine();
        child.stop(Duration.ofHours(1));

        // When
        child.stop(Duration.ofMillis(100));

        assertThat(recorder.awaitExit().signal()).hasValue(9);
    }

    @Test
    void aListenerMayCloseItsChild() throws Exception {
        CompletableFuture<Boolean> closed = new CompletableFuture<>();
        CompletableFuture<ChildProcess> child = new CompletableFuture<>();
        Recorder closing = new Recorder() {
            @Override
            public void onLine(byte[] line) {
                closed.complete(child.join().close(BOUND));
            }

            @Override
            public void onExit(ChildExit exit) {
                assertThat(child.join().close(BOUND)).isTrue();
                super.onExit(exit);
            }
        };
        child.complete(Children.start(guard, Children.sh(Children.STUBBORN), HASTY, closing));

        assertThat(closed.get(20, TimeUnit.SECONDS)).isTrue();
        assertThat(closing.awaitExit().cause()).isEqualTo(Cause.CLOSED);
    }

    @Test
    void anInterruptedCloserKillsAtOnce() throws Exception {
        ChildProcess child = start(Children.STUBBORN, UNHURRIED);
        recorder.nextLine();
        Thread.currentThread().interrupt();

        child.close(Duration.ofMinutes(10));

        assertThat(Thread.interrupted()).isTrue();
        assertThat(recorder.awaitExit().signal()).hasValue(9);
    }

    @Test
    void noLineIsHandedOverAfterTheStop() throws Exception {
        ChildProcess child = start("echo ready; read -r line; echo late; exit 0");
        recorder.nextLine();

        assertThat(child.close(BOUND)).isTrue();

        assertThat(recorder.awaitExit().exitCode()).isZero();
        assertThat(recorder.all).containsExactly("ready");
    }

    @Test
    void aClosedGuardStartsNothing() {
        guard.close(BOUND);

        assertThatIOException().isThrownBy(() -> start("exit")).withMessageContaining("closing");
        assertThat(guard.close(BOUND)).isTrue();
    }

    @Test
    void withoutProcTheTreeIsFollowedByParentsAndAWarningSaysSoOnce() throws Exception {
        ChildGuard elsewhere =
                new ChildGuard(new ChildGuard.Means(Optional.empty(), Optional.empty(), Optional.empty(), "no mark"));
        String script = "/bin/sh -c \"trap '' TERM; echo \\$\\$; while :; do sleep 5; done\" & wait";
        Recorder heard = new Recorder();
        try (CapturedLog log = CapturedLog.of(ChildGuard.class)) {
            ChildProcess child = Children.start(elsewhere, Children.sh(script), HASTY, heard);
            long grandchild = Long.parseLong(heard.nextLine());
            ChildProcess second = Children.start(elsewhere, Children.sh("read -r line"), recorder);
            assertThat(elsewhere.watchdogPid()).isEmpty();

            // When
            assertThat(child.close(BOUND)).isTrue();

            Eventually.until("the grandchild is gone", () -> !Children.runs(grandchild));
            assertThat(second.isAlive()).isTrue();
            assertThat(elsewhere.close(BOUND)).isTrue();
            Eventually.until("the system has told that the other one is gone, too", () -> !second.isAlive());
            assertThat(log.messages()).singleElement().asString().startsWith("this system has no /proc");
        }
    }

    private ChildProcess start(String script) throws IOException {
        return start(script, ChildLimits.defaults());
    }

    private ChildProcess start(String script, ChildLimits limits) throws IOException {
        return Children.start(guard, Children.sh(script), limits, recorder);
    }

    private int marked() {
        return Children.marked(guard.ownerMark()).size();
    }

    private static List<String> threadsOf(String child) {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.startsWith("sallyport-child-" + child))
                .toList();
    }
}
