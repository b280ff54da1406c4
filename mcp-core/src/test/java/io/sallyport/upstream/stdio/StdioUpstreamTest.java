package io.sallyport.upstream.stdio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.sallyport.protocol.Era;
import io.sallyport.protocol.MessageLimits;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Part;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.RequestId;
import io.sallyport.protocol.Response;
import io.sallyport.spi.Principal;
import io.sallyport.spi.Sealer;
import io.sallyport.testing.CapturedLog;
import io.sallyport.testing.Incident;
import io.sallyport.upstream.CallHandle;
import io.sallyport.upstream.CallListener;
import io.sallyport.upstream.CallSpec;
import io.sallyport.upstream.SessionListener;
import io.sallyport.upstream.SessionSpec;
import io.sallyport.upstream.UpstreamException;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamRuntime;
import io.sallyport.upstream.UpstreamSession;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StdioUpstreamTest {

    private final ExecutorService executor = Executors.newCachedThreadPool();
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final UpstreamRuntime runtime =
            new UpstreamRuntime(executor, timer, MessageLimits.forUpstreams(), Sealer.ephemeral());
    private final List<StdioUpstream> upstreams = new ArrayList<>();
    private final CompletableFuture<UpstreamFailure> end = new CompletableFuture<>();
    private final LinkedBlockingQueue<Request> questions = new LinkedBlockingQueue<>();

    @AfterEach
    void stop() {
        upstreams.forEach(StdioUpstream::close);
        runtime.close();
        executor.shutdownNow();
        timer.shutdownNow();
    }

    private StdioUpstream upstream(String mode) {
        return builder(mode).build();
    }

    private StdioUpstream.Builder builder(String mode) {
        return StdioUpstream.of(
                        "script",
                        StdioCommand.builder(Path.of(System.getProperty("java.home"), "bin", "java")
                                        .toString())
                                .arguments(
                                        "-XX:TieredStopAtLevel=1",
                                        "-cp",
                                        System.getProperty("java.class.path"),
                                        StdioScript.class.getName(),
                                        mode)
                                .environment("GREETING", "hello")
                                .build())
                .probeWithin(Duration.ofMillis(mode.startsWith("silent") || mode.startsWith("slow") ? 200 : 20_000));
    }

    private UpstreamSession open(String mode) throws Exception {
        return open(upstream(mode));
    }

    private UpstreamSession open(StdioUpstream upstream) throws Exception {
        upstreams.add(upstream);
        SessionSpec spec =
                new SessionSpec(Principal.anonymous(), Era.MODERN, "{}", "{\"name\":\"test\",\"version\":\"1\"}");
        SessionListener listener = new SessionListener() {
            @Override
            public void onNotification(Notification notification) {
                // Not of interest here.
            }

            @Override
            public void onRequest(Request request, Consumer<Response> answer) {
                questions.add(request);
            }

            @Override
            public void onEnd(UpstreamFailure why) {
                end.complete(why);
            }
        };
        return upstream.open(spec, listener, runtime).toCompletableFuture().get(60, TimeUnit.SECONDS);
    }

    /** A call, and what came of it. */
    private static final class Outcome implements CallListener {
        private final CompletableFuture<Response> response = new CompletableFuture<>();
        private final CompletableFuture<UpstreamFailure> failure = new CompletableFuture<>();
        private final List<Notification> notifications = new ArrayList<>();
        private CallHandle handle = reason -> {};

        @Override
        public void onNotification(Notification notification) {
            notifications.add(notification);
        }

        @Override
        public void onRequest(Request request, Consumer<Response> answer) {
            answer.accept(Response.resultJson(request.id(), "{\"action\":\"accept\"}"));
        }

        @Override
        public void onPause(Duration retry) {
            // Pipes have none.
        }

        @Override
        public void onResponse(Response answer) {
            response.complete(answer);
        }

        @Override
        public void onFailure(UpstreamFailure why) {
            failure.complete(why);
        }

        Response response() throws Exception {
            return response.get(20, TimeUnit.SECONDS);
        }
    }

    private static Outcome call(UpstreamSession session, String id, String method, Map<String, ?> params) {
        Outcome outcome = new Outcome();
        outcome.handle = session.call(
                Request.of(new RequestId(id), method, params),
                new CallSpec(Principal.anonymous(), "c", CallSpec.NO_HEADERS),
                outcome);
        return outcome;
    }

    @Test
    void aLegacyServerIsInitializedInAProcessThatHasReadNothingElse() throws Exception {
        UpstreamSession session = open("dies-before-initialize");

        assertThat(session.era()).isEqualTo(Era.LEGACY);
        assertThat(call(session, "1", "x", Map.of()).response().get(Part.RESULT, "initialized"))
                .hasToString("Optional[true]");
    }

    @Test
    void aServerThatIgnoresTheProbeIsALegacyOne() throws Exception {
        assertThat(open("silent-before-initialize").era()).isEqualTo(Era.LEGACY);
    }

    @ParameterizedTest
    @CsvSource({
        "slow-legacy, LEGACY, true",
        "slow-silent-before-initialize, LEGACY, true",
        "slow-modern, MODERN, true",
        "slow-dies-before-initialize, LEGACY, false"
    })
    @Incident("S37")
    void aServerThatIsSlowToStartIsNotEndedInTheMiddle(String mode, Era era, boolean sameProcess) throws Exception {
        UpstreamSession session = open(mode);

        Response response = call(session, "1", "x", Map.of()).response();

        assertThat(session.era()).isEqualTo(era);
        assertThat(response.get(Part.RESULT, "discovered")).hasToString("Optional[" + sameProcess + "]");
    }

    @Test
    void aModernServerIsSpokenToAsOne() throws Exception {
        UpstreamSession session = open("modern");

        assertThat(session.era()).isEqualTo(Era.MODERN);
        assertThat(session.facts().has("tools")).isTrue();
        assertThat(call(session, "1", "x", Map.of()).response().get(Part.RESULT, "initialized"))
                .hasToString("Optional[false]");
    }

    @Test
    void idsOfAllFormsComeBackAsTheyWereSent() throws Exception {
        UpstreamSession session = open("modern");

        for (String id : List.of("1", "\"1\"", "1.50", "\"\\u00e9\"", "-0")) {
            assertThat(call(session, id, "x", Map.of()).response().id()).contains(new RequestId(id));
        }
    }

    @Test
    void callsWithTheSameIdAndTheSameProgressTokenAreToldApart() throws Exception {
        UpstreamSession session = open("modern");
        List<Outcome> outcomes = new ArrayList<>();

        for (int i = 0; i < 50; i++) {
            outcomes.add(call(session, "1", "progress", Map.of("_meta", Map.of("progressToken", "t"))));
        }

        for (Outcome outcome : outcomes) {
            assertThat(outcome.response().id()).contains(new RequestId("1"));
            assertThat(outcome.notifications).hasSize(1);
            assertThat(outcome.notifications.get(0).getString(Part.PARAMS, "progressToken"))
                    .contains("t");
        }
    }

    @Test
    @Incident("S193")
    void theChildSeesOnlyWhatItWasGiven() throws Exception {
        String names = call(open("modern"), "1", "env", Map.of()).response().toJson();

        assertThat(names).contains("GREETING").doesNotContain("HOME", "PATH", "USER");
    }

    @Test
    void junkOnStandardOutputIsPassedOver() throws Exception {
        assertThat(call(open("banner"), "1", "x", Map.of()).response().isError())
                .isFalse();
    }

    @Test
    void aServerThatBabblesDoesNotFillTheLog() throws Exception {
        try (CapturedLog log = CapturedLog.of("io.sallyport.upstream.stdio")) {
            call(open("babbles"), "1", "x", Map.of()).response();

            assertThat(log.messages())
                    .contains("a line on standard output is no message; ignored")
                    .hasSizeLessThan(100);
        }
    }

    @Test
    void aQuestionGoesToTheCallThatIsUnderWay() throws Exception {
        Response response = call(open("legacy"), "1", "ask", Map.of()).response();

        assertThat(response.toJson()).contains("accept").contains("q1");
        assertThat(questions).isEmpty();
    }

    @Test
    void aCancelledCallIsToldToTheServerAndHearsNoMore() throws Exception {
        StdioUpstream upstream = upstream("legacy");
        UpstreamSession session = open(upstream);
        Outcome hanging = call(session, "1", "hang", Map.of());

        hanging.handle.cancel("no longer wanted");

        assertThat(call(session, "2", "x", Map.of()).response().isError()).isFalse();
        assertThat(hanging.response).isNotDone();
        assertThat(hanging.failure).isNotDone();
    }

    @ParameterizedTest
    @ValueSource(strings = {"modern", "legacy"})
    @Incident("S174")
    void aServerThatHangsIsEnded(String mode) throws Exception {
        UpstreamSession session =
                open(builder(mode).hungAfter(Duration.ofMillis(300)).build());
        Outcome blocked = call(session, "1", "block", Map.of());

        blocked.handle.cancel("the deadline is over");

        assertThat(end.get(10, TimeUnit.SECONDS).detail()).contains("hangs", "300 ms after a ping");
        Outcome next = call(session, "2", "env", Map.of());
        assertThat(next.failure.get(10, TimeUnit.SECONDS).kind()).isEqualTo(UpstreamFailure.Kind.INTERRUPTED);
    }

    @Test
    void aServerThatAnswersAPingDoesNotHang() throws Exception {
        UpstreamSession session =
                open(builder("modern").hungAfter(Duration.ofSeconds(5)).build());
        Outcome unanswered = call(session, "1", "hang", Map.of());

        unanswered.handle.cancel("the deadline is over");

        // In order: when this is answered, so is the ping.
        call(session, "2", "env", Map.of()).response();
        assertThat(end).isNotDone();
    }

    @Test
    @Incident("S38")
    void aServerThatDiesAtTheStartSaysWhy() {
        StdioUpstream upstream = upstream("dies-at-start");

        assertThatThrownBy(() -> open(upstream))
                .isInstanceOf(ExecutionException.class)
                .hasRootCauseInstanceOf(UpstreamException.class)
                .rootCause()
                .hasMessageContaining("7")
                .hasMessageContaining("no license found");
    }

    private static UpstreamFailure failureOf(ThrowingCallable opening) {
        return ((UpstreamException) catchThrowable(opening).getCause()).failure();
    }

    @Test
    @Incident("S51")
    void aServerThatDiesAgainAndAgainIsNotStartedUntilItIsReset() {
        StdioUpstream upstream = upstream("dies-at-start");
        List<UpstreamFailure.Kind> kinds = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            kinds.add(failureOf(() -> open(upstream)).kind());
        }

        // Two processes each, as long as it has not said which era it speaks.
        assertThat(kinds).endsWith(UpstreamFailure.Kind.QUARANTINED, UpstreamFailure.Kind.QUARANTINED);
        assertThat(failureOf(() -> open(upstream)).detail()).contains("5 processes", "no license found");

        // When
        upstream.reset();

        assertThat(failureOf(() -> open(upstream)).kind()).isEqualTo(UpstreamFailure.Kind.INTERRUPTED);
    }

    @Test
    void aServerThatDiesInACallEndsTheCallAndTheSession() throws Exception {
        UpstreamSession session = open("legacy");

        Outcome outcome = call(session, "1", "die", Map.of());

        UpstreamFailure failure = outcome.failure.get(20, TimeUnit.SECONDS);
        assertThat(failure.maybeExecuted()).isTrue();
        assertThat(failure.detail()).contains("9");
        assertThat(end.get(20, TimeUnit.SECONDS).kind()).isEqualTo(UpstreamFailure.Kind.INTERRUPTED);
        assertThat(call(session, "2", "x", Map.of())
                        .failure
                        .get(20, TimeUnit.SECONDS)
                        .maybeExecuted())
                .isFalse();
    }

    @Test
    @Incident("S37")
    void aMissingProgramIsNamed() {
        StdioUpstream upstream = StdioUpstream.of(
                        "missing", StdioCommand.builder("no-such-program").build())
                .build();
        upstreams.add(upstream);

        assertThat(upstream.problem().orElseThrow()).contains("no-such-program");
        assertThatThrownBy(() -> open(upstream)).rootCause().hasMessageContaining("no-such-program");
    }

    @Test
    void closingEndsTheProcess() throws Exception {
        StdioUpstream upstream = upstream("legacy");
        UpstreamSession session = open(upstream);
        long pid = call(session, "1", "x", Map.of())
                .response()
                .get(Part.RESULT, "pid")
                .orElseThrow()
                .asLong()
                .orElseThrow();

        upstream.close();

        assertThat(ProcessHandle.of(pid).filter(ProcessHandle::isAlive)).isEmpty();
        assertThat(end).isNotDone();
    }

    @Test
    @Incident("S203")
    void letsAServerTidyUpBeforeItKillsIt(@TempDir Path folder) throws Exception {
        Path tidied = folder.resolve("tidied");
        StdioUpstream upstream = upstream("tidies:" + tidied);
        open(upstream);

        // When
        upstream.close();

        assertThat(tidied).hasContent("tidy");
    }
}
