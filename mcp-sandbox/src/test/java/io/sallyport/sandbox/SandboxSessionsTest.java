package io.sallyport.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.sallyport.spi.Principal;
import io.sallyport.testing.CapturedLog;
import io.sallyport.testing.Incident;
import io.sallyport.testing.Waiting;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SandboxSessionsTest {

    private static final long MIB = 1024L * 1024;
    private static final Principal ANN = new Principal("test", "app", "ann", "red");
    private static final Principal BOB = new Principal("test", "app", "bob", "red");
    private static final Principal EVE = new Principal("test", "app", "eve", "blue");

    private final FakeSandbox sandbox = new FakeSandbox();
    private final HandClock clock = new HandClock();
    private final ExecutorService others = Executors.newCachedThreadPool();
    private SandboxSessions sessions = small().build(clock);

    /** Three sessions of a tenant, four of all; a small one has 128 MiB. */
    private SandboxSessions.Builder small() {
        return SandboxSessions.of(sandbox)
                .budget(4, 2048 * MIB)
                .budgetOfTenant(3, 1024 * MIB)
                .pinnedOfTenant(1)
                .idle(Duration.ofMinutes(10))
                .age(Duration.ofHours(1))
                .patience(Duration.ofMillis(20))
                .clock(clock);
    }

    @AfterEach
    void close() {
        sessions.close();
        sandbox.close();
        others.shutdownNow();
    }

    private String open(Principal principal) throws Exception {
        return open(principal, "small");
    }

    private String open(Principal principal, String flavor) throws Exception {
        String id = sessions.open(principal, Language.PYTHON, flavor, new Cancellation())
                .id();
        clock.pass(Duration.ofSeconds(1));
        return id;
    }

    private Outcome run(Principal principal, String id, String code) throws Exception {
        return sessions.run(principal, id, Execution.of(Language.PYTHON, code).build(), new Cancellation());
    }

    private Future<Outcome> runBeside(Principal principal, String id, String code) {
        return others.submit(() -> run(principal, id, code));
    }

    private static SandboxRefusedException refusalOf(Callable<?> call) {
        SandboxRefusedException refusal = catchThrowableOfType(SandboxRefusedException.class, call::call);
        assertThat(refusal).as("it is refused").isNotNull();
        return refusal;
    }

    private List<String> idsOf(Principal principal) {
        return sessions.list(principal).stream().map(SessionInfo::id).toList();
    }

    @Test
    void variablesSurviveBetweenRuns() throws Exception {
        String id = open(ANN);

        run(ANN, id, "set x 42");

        assertThat(run(ANN, id, "get x").stdout()).isEqualTo("42");
    }

    @Test
    @Incident("X11")
    void namesAreMadeHereAndCannotBeGuessed() throws Exception {
        String one = open(ANN);
        String other = open(ANN);

        assertThat(List.of(one, other)).allMatch(id -> id.matches("[0-9a-f]{32}"));
        assertThat(one.substring(0, 8)).isNotEqualTo(other.substring(0, 8));
    }

    @Test
    @Incident("S165")
    void aForeignSessionAndOneThatNeverWasAreAnsweredAlike() throws Exception {
        String anns = open(ANN);

        SandboxRefusedException foreign = refusalOf(() -> run(BOB, anns, "get x"));
        SandboxRefusedException missing = refusalOf(() -> run(BOB, "0".repeat(32), "get x"));

        assertThat(foreign.error()).isEqualTo(SandboxError.SESSION_NOT_FOUND_ERROR);
        assertThat(foreign).hasMessage(missing.getMessage());
        assertThat(sandbox.executions).isEmpty();
    }

    @Test
    void nobodyElseStopsPinsExportsFindsOrListsASession() throws Exception {
        String anns = open(ANN);

        assertThat(List.of(
                        refusalOf(() -> sessions.find(BOB, anns)),
                        refusalOf(() -> sessions.pin(BOB, anns, true)),
                        refusalOf(() -> sessions.export(BOB, anns, new Cancellation())),
                        refusalOf(() -> {
                            sessions.stop(EVE, anns);
                            return null;
                        })))
                .extracting(SandboxRefusedException::error)
                .containsOnly(SandboxError.SESSION_NOT_FOUND_ERROR);
        assertThat(sessions.list(BOB)).isEmpty();
        assertThat(idsOf(ANN)).containsExactly(anns);
    }

    @Test
    @Incident("S162")
    void theTenantsLongestIdleSessionLeavesForANewOne() throws Exception {
        String oldest = open(ANN);
        String second = open(ANN);
        String third = open(ANN);
        run(ANN, oldest, "get x");

        String fourth = open(ANN);

        assertThat(idsOf(ANN)).containsExactly(oldest, third, fourth).doesNotContain(second);
        assertThat(sandbox.open).hasValue(3);
    }

    @Test
    void theCallersOwnSessionLeavesBeforeThatOfAnotherOfTheTenant() throws Exception {
        String bobs = open(BOB);
        String anns = open(ANN);
        open(ANN);

        open(ANN);

        assertThat(idsOf(BOB)).containsExactly(bobs);
        assertThat(idsOf(ANN)).hasSize(2).doesNotContain(anns);
    }

    @Test
    void codeThatIsCancelledWhileOthersRunInItsSessionDoesNotRun() throws Exception {
        String id = open(ANN);
        Future<Outcome> running = runBeside(ANN, id, "wait");
        sandbox.waits.await();
        Cancellation cancelled = new Cancellation();
        cancelled.cancel();

        Outcome outcome =
                sessions.run(ANN, id, Execution.of(Language.PYTHON, "set x 1").build(), cancelled);

        assertThat(outcome.status()).isEqualTo(Outcome.Status.CANCELLED);
        assertThat(sandbox.executions).hasSize(1);
        sandbox.mayEnd.countDown();
        running.get();
    }

    @Test
    @Incident("S162")
    void noSessionOfAnotherTenantLeaves() throws Exception {
        open(ANN);
        open(ANN);
        String third = open(ANN);
        String eves = open(EVE);
        sessions.stop(ANN, third);
        sessions.pin(EVE, eves, true);
        String another = open(EVE);
        clock.pass(Duration.ofMinutes(5));
        run(EVE, another, "get x");

        // Four of four: the longest idle ones are Ann's, who is of another tenant.
        open(EVE);

        assertThat(sessions.listOfTenant("red")).hasSize(2);
        assertThat(idsOf(EVE)).hasSize(2).contains(eves).doesNotContain(another);
    }

    @Test
    void whereOtherTenantsHaveAllTheNewcomerIsRefusedAndLearnsNothingOfThem() throws Exception {
        sessions.close();
        sessions = small().budget(3, 1024 * MIB).build(clock);
        open(ANN);
        open(ANN);
        open(ANN);

        SandboxRefusedException refusal = refusalOf(() -> open(EVE));

        assertThat(refusal.error()).isEqualTo(SandboxError.RESOURCE_LIMIT_ERROR);
        assertThat(refusal).hasMessage("all sandbox sessions are in use at the moment");
        assertThat(idsOf(ANN)).hasSize(3);
    }

    @Test
    @Incident("S163")
    @Incident("S164")
    void memoryIsCountedByFlavorAndTheRefusalSaysWhatFits() throws Exception {
        open(ANN, "large");
        String pinned = sessions.list(ANN).get(0).id();
        sessions.pin(ANN, pinned, true);
        String busy = open(ANN, "medium");
        Future<Outcome> running = runBeside(ANN, busy, "wait");
        sandbox.waits.await();

        SandboxRefusedException refusal = refusalOf(() -> open(ANN, "large"));

        assertThat(refusal)
                .hasMessageContaining(
                        "large, which needs 512 MiB: there are 2 sessions with 768 MiB of at most 3 sessions with 1024 MiB")
                .hasMessageEndingWith("now fits: small, medium");
        sandbox.mayEnd.countDown();
        running.get();
    }

    @Test
    void asManySmallOnesLeaveAsALargeOneNeedsAndNoMore() throws Exception {
        sessions.close();
        sessions = small().budget(9, 1024 * MIB).budgetOfTenant(9, 1024 * MIB).build(clock);
        for (int i = 0; i < 8; i++) {
            open(ANN);
        }

        open(ANN, "large");

        assertThat(idsOf(ANN)).hasSize(5);
        assertThat(sandbox.mostMemory).hasValue(1024 * MIB);
    }

    @Test
    void nobodyLeavesForOneThatWillNotFitAnyway() throws Exception {
        String large = open(ANN, "large");
        sessions.pin(ANN, large, true);
        open(ANN, "medium");
        String small = open(ANN);
        Future<Outcome> running = runBeside(ANN, sessions.list(ANN).get(1).id(), "wait");
        sandbox.waits.await();

        refusalOf(() -> open(ANN, "large"));

        assertThat(idsOf(ANN)).hasSize(3).contains(small);
        sandbox.mayEnd.countDown();
        running.get();
    }

    @Test
    @Incident("S162")
    void aSessionThatRunsIsNotEvicted() throws Exception {
        String busy = open(ANN);
        Future<Outcome> running = runBeside(ANN, busy, "wait");
        sandbox.waits.await();
        String second = open(ANN);
        open(ANN);

        open(ANN);

        assertThat(idsOf(ANN)).contains(busy).doesNotContain(second);
        sandbox.mayEnd.countDown();
        assertThat(running.get().status()).isEqualTo(Outcome.Status.OK);
    }

    @Test
    void aPinnedSessionIsNeitherEvictedNorIdleButOverAtItsGreatestAge() throws Exception {
        String pinned = open(ANN);
        sessions.pin(ANN, pinned, true);
        for (int i = 0; i < 4; i++) {
            open(ANN);
        }
        clock.pass(Duration.ofMinutes(50));
        List<String> afterTheOthers = idsOf(ANN);

        clock.pass(Duration.ofMinutes(10));

        assertThat(afterTheOthers).containsExactly(pinned);
        assertThat(idsOf(ANN)).isEmpty();
        assertThat(sandbox.open).hasValue(0);
    }

    @Test
    void pinsAreBoundedForEachTenant() throws Exception {
        sessions.pin(ANN, open(ANN), true);
        String other = open(BOB);
        String eves = open(EVE);

        SandboxRefusedException refusal = refusalOf(() -> sessions.pin(BOB, other, true));

        assertThat(refusal.error()).isEqualTo(SandboxError.RESOURCE_LIMIT_ERROR);
        assertThat(sessions.pin(EVE, eves, true).pinned()).isTrue();
    }

    @Test
    void whoUnpinsMayPinAnother() throws Exception {
        String first = open(ANN);
        String second = open(ANN);
        sessions.pin(ANN, first, true);
        sessions.pin(ANN, first, false);

        assertThat(sessions.pin(ANN, second, true).pinned()).isTrue();
    }

    @Test
    @Incident("S175")
    void anIdleSessionIsOverAtTheVeryMomentThoughNothingHasClosedItYet() throws Exception {
        String id = open(ANN);
        clock.passUnheard(Duration.ofMinutes(10).minusSeconds(1).minusNanos(1));
        assertThat(idsOf(ANN)).containsExactly(id);

        clock.passUnheard(Duration.ofNanos(1));

        assertThat(idsOf(ANN)).isEmpty();
        assertThat(refusalOf(() -> run(ANN, id, "get x")).error()).isEqualTo(SandboxError.SESSION_NOT_FOUND_ERROR);
    }

    @Test
    @Incident("S175")
    @Incident("S176")
    void whatIsOverIsClosedByTheAlarm() throws Exception {
        open(ANN);

        clock.pass(Duration.ofMinutes(10));

        assertThat(sandbox.open).hasValue(0);
        assertThat(sessions.count()).isZero();
        assertThat(sessions.memoryBytes()).isZero();
    }

    @Test
    void eachRunBeginsTheIdleTimeAnew() throws Exception {
        String id = open(ANN);
        for (int i = 0; i < 5; i++) {
            clock.pass(Duration.ofMinutes(9));
            run(ANN, id, "get x");
        }

        assertThat(idsOf(ANN)).containsExactly(id);
    }

    @Test
    void ageEndsASessionHoweverMuchItIsUsed() throws Exception {
        String id = open(ANN);
        for (int i = 0; i < 6; i++) {
            clock.pass(Duration.ofMinutes(9));
            run(ANN, id, "get x");
        }

        clock.pass(Duration.ofMinutes(6));

        assertThat(idsOf(ANN)).isEmpty();
        assertThat(sandbox.open).hasValue(0);
    }

    @Test
    void codeThatRunsMayEndBeforeItsSessionIsClosed() throws Exception {
        String id = open(ANN);
        Future<Outcome> running = runBeside(ANN, id, "wait");
        sandbox.waits.await();
        clock.pass(Duration.ofMinutes(70));
        int openWhileItRan = sandbox.open.get();

        sandbox.mayEnd.countDown();
        Outcome outcome = running.get();
        clock.pass(Duration.ofSeconds(1));

        assertThat(openWhileItRan).isEqualTo(1);
        assertThat(outcome.status()).isEqualTo(Outcome.Status.OK);
        assertThat(sandbox.open).hasValue(0);
    }

    @Test
    void aSessionIsNotIdleWhileCodeRunsInIt() throws Exception {
        String id = open(ANN);
        Future<Outcome> running = runBeside(ANN, id, "wait");
        sandbox.waits.await();

        clock.pass(Duration.ofMinutes(11));

        assertThat(sessions.find(ANN, id).status()).isEqualTo(SessionInfo.Status.RUNNING);
        sandbox.mayEnd.countDown();
        running.get();
        assertThat(idsOf(ANN)).containsExactly(id);
    }

    @Test
    void noNewCodeBeginsInASessionThatIsTooOldThoughOtherCodeRunsInIt() throws Exception {
        String id = open(ANN);
        Future<Outcome> running = runBeside(ANN, id, "wait");
        sandbox.waits.await();
        clock.pass(Duration.ofMinutes(60));

        SandboxRefusedException refusal = refusalOf(() -> run(ANN, id, "get x"));

        assertThat(refusal.error()).isEqualTo(SandboxError.SESSION_NOT_FOUND_ERROR);
        sandbox.mayEnd.countDown();
        running.get();
    }

    @Test
    void codeWaitsForItsTurnForSoLongAndNoLonger() throws Exception {
        String id = open(ANN);
        Future<Outcome> running = runBeside(ANN, id, "wait");
        sandbox.waits.await();

        SandboxRefusedException refusal = refusalOf(() -> run(ANN, id, "get x"));

        assertThat(refusal.error()).isEqualTo(SandboxError.SESSION_BUSY_ERROR);
        sandbox.mayEnd.countDown();
        running.get();
    }

    @Test
    void stoppingASessionEndsWhatRunsInIt() throws Exception {
        String id = open(ANN);
        Future<Outcome> running = runBeside(ANN, id, "wait");
        sandbox.waits.await();

        sessions.stop(ANN, id);

        assertThat(running.get().status()).isEqualTo(Outcome.Status.UNAVAILABLE);
        assertThat(sessions.count()).isZero();
        assertThat(sessions.memoryBytes()).isZero();
    }

    @Test
    void whoWaitsInASessionThatIsStoppedLearnsThatItIsGone() throws Exception {
        sessions.close();
        sessions = small().patience(Duration.ofMinutes(1)).build(clock);
        String id = open(ANN);
        Future<Outcome> running = runBeside(ANN, id, "wait");
        sandbox.waits.await();
        Future<SandboxRefusedException> waiting = others.submit(() -> refusalOf(() -> run(ANN, id, "get x")));

        sessions.stop(ANN, id);

        running.get();
        assertThat(waiting.get().error()).isEqualTo(SandboxError.SESSION_NOT_FOUND_ERROR);
    }

    @Test
    @Incident("S121")
    @Incident("S166")
    void aSessionThatWasLostIsTakenOffTheListAndGivesItsRoomBack() throws Exception {
        String id = open(ANN);

        Outcome outcome = run(ANN, id, "lose");

        assertThat(outcome.status()).isEqualTo(Outcome.Status.TIMEOUT);
        assertThat(idsOf(ANN)).isEmpty();
        assertThat(sessions.count()).isZero();
        assertThat(sandbox.open).hasValue(0);
    }

    @Test
    @Incident("S168")
    void codeInAnotherLanguageThanTheSessionsIsNotRun() throws Exception {
        String id = open(ANN);

        SandboxRefusedException refusal = refusalOf(() ->
                sessions.run(ANN, id, Execution.of(Language.JAVASCRIPT, "get x").build(), new Cancellation()));

        assertThat(refusal.error()).isEqualTo(SandboxError.SESSION_MISMATCH_ERROR);
        assertThat(sandbox.executions).isEmpty();
    }

    @Test
    void aSessionThatCouldNotBeOpenedTakesNoRoomAndTheHostsNameStaysInTheLog() throws Exception {
        sandbox.refuseSessions();

        try (CapturedLog log = CapturedLog.of("io.sallyport.sandbox")) {
            SandboxRefusedException refusal = refusalOf(() -> open(ANN));

            assertThat(refusal.error()).isEqualTo(SandboxError.SANDBOX_CREATION_ERROR);
            assertThat(refusal).hasMessage("the sandbox could not open a session: Busy");
            assertThat(log.lines()).singleElement().asString().contains("box-17");
        }
        assertThat(sessions.count()).isZero();
    }

    @Test
    void aLanguageInWhichTheSandboxKeepsNothingHasNoSessions() {
        try (SandboxSessions none =
                SandboxSessions.of(new FakeSandbox(Set.of())).build(clock)) {
            assertThat(refusalOf(() -> none.open(ANN, Language.PYTHON, "small", new Cancellation())))
                    .hasMessage("this sandbox has no sessions in python")
                    .extracting(SandboxRefusedException::error)
                    .isEqualTo(SandboxError.CONFIGURATION_ERROR);
        }
    }

    @Test
    void aSandboxThatLacksWhatItNeedsIsSaidToAndNotTheCallToBeWrong() {
        FakeSandbox unavailable = new FakeSandbox();
        unavailable.lack("there is no program bwrap");
        try (SandboxSessions none = SandboxSessions.of(unavailable).build(clock)) {
            assertThat(refusalOf(() -> none.open(ANN, Language.PYTHON, "small", new Cancellation())))
                    .hasMessage("this sandbox lacks what it needs, and opens no session")
                    .extracting(SandboxRefusedException::error)
                    .isEqualTo(SandboxError.SANDBOX_MISSING_ERROR);
        }
    }

    @Test
    void anUnknownFlavorIsRefusedWithThoseThatThereAre() {
        assertThat(refusalOf(() -> open(ANN, "huge")))
                .hasMessage("there is no flavor of this name; there are small, medium, large");
    }

    @Test
    @Incident("S162")
    void aHundredAtOnceNeverHaveMoreThanThereIs() throws Exception {
        CountDownLatch start = new CountDownLatch(1);
        List<Future<?>> all = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            Principal who = new Principal("test", "app", "u" + i % 7, "t" + i % 5);
            String flavor = List.of("small", "medium", "large").get(i % 3);
            all.add(others.submit(() -> {
                start.await();
                try {
                    String id = sessions.open(who, Language.PYTHON, flavor, new Cancellation())
                            .id();
                    sessions.run(
                            who, id, Execution.of(Language.PYTHON, "set x 1").build(), new Cancellation());
                    if (id.charAt(0) < '8') {
                        sessions.stop(who, id);
                    }
                } catch (SandboxRefusedException refused) {
                    // There was no room, or it was evicted.
                }
                return null;
            }));
        }

        start.countDown();
        for (Future<?> one : all) {
            one.get(10, TimeUnit.SECONDS);
        }

        assertThat(sandbox.mostOpen.get()).isBetween(1, 4);
        assertThat(sandbox.mostMemory.get()).isLessThanOrEqualTo(2048 * MIB);
        assertThat(sessions.count()).isEqualTo(sandbox.open.get());
        assertThat(sessions.memoryBytes()).isEqualTo(sandbox.memory.get());
    }

    @Test
    @Incident("S206")
    void whatJsonCanSayIsExported() throws Exception {
        String id = open(ANN);
        run(ANN, id, "set x 42");

        SessionExport export = sessions.export(ANN, id, new Cancellation());

        assertThat(export.variables().toJson()).isEqualTo("{\"x\":\"42\"}");
        assertThat(export.leftOut()).containsExactly("f");
    }

    @Test
    void theHostVouchesForItsOwnCodeAndForNoOther() throws Exception {
        String id = open(ANN);

        run(ANN, id, "set x 42");
        sessions.export(ANN, id, new Cancellation());

        assertThat(sandbox.executions).extracting(Execution::isVouchedFor).containsExactly(false, true);
    }

    @Test
    void aShellHasNoVariablesToExport() throws Exception {
        String id =
                sessions.open(ANN, Language.SHELL, "small", new Cancellation()).id();

        assertThat(refusalOf(() -> sessions.export(ANN, id, new Cancellation())))
                .hasMessage("a session in shell has no variables");
    }

    @Test
    @Incident("S181")
    void anOperatorClosesTheIdleSessionsOfATenantAndNoOthers() throws Exception {
        sessions.pin(ANN, open(ANN), true);
        open(BOB);
        open(EVE);

        assertThat(sessions.stopIdle("red")).isEqualTo(1);

        assertThat(sessions.listOfTenant("red")).singleElement().matches(SessionInfo::pinned);
        assertThat(sessions.list(EVE)).hasSize(1);
    }

    @Test
    void onlyCommandsHaveProcessesThatTheirFlavorDoesNotHave() {
        assertThat(sessions.limits("small", Language.SHELL))
                .hasValueSatisfying(limits -> assertThat(limits.processes()).isEqualTo(32));
        assertThat(sessions.limits("small", Language.PYTHON))
                .hasValueSatisfying(limits -> assertThat(limits.processes()).isZero());
        assertThat(sessions.limits("huge", Language.SHELL)).isEmpty();
    }

    @Test
    void theListTellsWhatASessionIsAndDoes() throws Exception {
        String id = open(ANN, "medium");
        Future<Outcome> running = runBeside(ANN, id, "wait");
        sandbox.waits.await();

        SessionInfo info = sessions.list(ANN).get(0);

        assertThat(info)
                .isEqualTo(new SessionInfo(
                        id,
                        Language.PYTHON,
                        "medium",
                        Tier.PROCESS,
                        clock.instant().minusSeconds(1),
                        clock.instant().minusSeconds(1),
                        clock.instant().minusSeconds(1).plus(Duration.ofMinutes(10)),
                        SessionInfo.Status.RUNNING,
                        false));
        sandbox.mayEnd.countDown();
        running.get();
        assertThat(sessions.find(ANN, id).status()).isEqualTo(SessionInfo.Status.READY);
    }

    @Test
    void closingEndsAllSessionsWhatRunsInThemAndTheThread() throws Exception {
        sessions.close();
        sessions = small().build();
        String id = open(ANN);
        Future<Outcome> running = runBeside(ANN, id, "wait");
        sandbox.waits.await();

        sessions.close();

        assertThat(running.get().status()).isEqualTo(Outcome.Status.UNAVAILABLE);
        assertThat(sandbox.open).hasValue(0);
        Waiting.until(
                "the thread has ended",
                () -> Thread.getAllStackTraces().keySet().stream()
                                .noneMatch(thread -> thread.getName().equals("sallyport-sandbox-sessions"))
                        ? true
                        : null);
    }

    @Test
    void afterClosingNoSessionIsOpened() throws Exception {
        sessions.close();

        assertThat(refusalOf(() -> open(ANN)).error()).isEqualTo(SandboxError.SANDBOX_UNAVAILABLE_ERROR);
        assertThat(sandbox.open).hasValue(0);
    }

    @Test
    void theRealAlarmRings() throws Exception {
        sessions.close();
        sessions = SandboxSessions.of(sandbox).idle(Duration.ofMillis(30)).build();
        sessions.open(ANN, Language.PYTHON, "small", new Cancellation());

        Waiting.until("the session is closed", () -> sandbox.open.get() == 0 ? true : null);
    }
}
