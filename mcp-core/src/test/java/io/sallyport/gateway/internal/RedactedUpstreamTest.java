package io.sallyport.gateway.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.protocol.Era;
import io.sallyport.protocol.MessageLimits;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.RequestId;
import io.sallyport.protocol.Response;
import io.sallyport.spi.Principal;
import io.sallyport.spi.Redactor;
import io.sallyport.spi.Sealer;
import io.sallyport.testing.CapturedLog;
import io.sallyport.upstream.CallListener;
import io.sallyport.upstream.CallSpec;
import io.sallyport.upstream.SessionListener;
import io.sallyport.upstream.SessionSpec;
import io.sallyport.upstream.Upstream;
import io.sallyport.upstream.UpstreamException;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamRuntime;
import io.sallyport.upstream.UpstreamSession;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RedactedUpstreamTest {

    private static final String CANARY = "canary-7f3a91";
    private static final SessionSpec SPEC = new SessionSpec(Principal.anonymous(), Era.LEGACY, "{}", "{}");

    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final UpstreamRuntime runtime =
            new UpstreamRuntime(Runnable::run, timer, MessageLimits.forUpstreams(), Sealer.ephemeral());
    private final ScriptedUpstream scripted =
            new ScriptedUpstream(Era.LEGACY, "{\"tools\":{},\"experimental\":{\"" + CANARY + "\":{}}}");
    private final Switchable redactor = new Switchable();
    private final Heard heard = new Heard();

    private static final class Switchable implements Redactor {
        private boolean isIdle;
        private boolean isBroken;
        private int asked;

        @Override
        public String redact(String text) {
            asked++;
            if (isBroken) {
                throw new IllegalStateException("broken at " + text);
            }
            return text.replace(CANARY, "***");
        }

        @Override
        public boolean isIdle() {
            return isIdle;
        }
    }

    /** Hears all that comes out. */
    private static final class Heard implements CallListener, SessionListener {
        private final List<Object> said = new ArrayList<>();

        @Override
        public void onNotification(Notification notification) {
            said.add(notification.toJson());
        }

        @Override
        public void onRequest(Request request, Consumer<Response> answer) {
            said.add(request.toJson());
        }

        @Override
        public void onRenewed() {
            said.add("renewed");
        }

        @Override
        public void onEnd(UpstreamFailure why) {
            said.add(why);
        }

        @Override
        public void onPause(Duration retry) {
            said.add(retry);
        }

        @Override
        public void onResponse(Response response) {
            said.add(response);
        }

        @Override
        public void onFailure(UpstreamFailure failure) {
            said.add(failure);
        }

        String json() {
            return ((Response) said.get(0)).toJson();
        }
    }

    @AfterEach
    void stop() {
        timer.shutdownNow();
    }

    private UpstreamSession open(Upstream upstream) {
        return new RedactedUpstream(upstream, redactor)
                .open(SPEC, heard, runtime)
                .toCompletableFuture()
                .join();
    }

    private ScriptedUpstream.Asked call(String id) {
        open(scripted)
                .call(
                        Request.of(new RequestId(id), "tools/call", Map.of("name", "t")),
                        new CallSpec(Principal.anonymous(), "correlation", CallSpec.NO_HEADERS),
                        heard);
        return scripted.asked("tools/call").get(0);
    }

    @Test
    void takesSecretsOutOfAnswers() {
        call("1").answer("{\"text\":\"it is " + CANARY + "\"}");

        assertThat(heard.json()).contains("it is ***").doesNotContain(CANARY);
    }

    @Test
    void takesSecretsOutOfErrors() {
        ScriptedUpstream.Asked call = call("1");
        call.listener()
                .onResponse((Response) io.sallyport.protocol.Message.of("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":"
                        + "{\"code\":1,\"message\":\"401 for " + CANARY + "\",\"data\":{\"t\":\"" + CANARY + "\"}}}"));

        assertThat(heard.json()).contains("401 for ***").doesNotContain(CANARY);
    }

    @Test
    void leavesTheIdOfTheCallerAsItIs() {
        call("\"" + CANARY + "\"").answer("{\"text\":\"" + CANARY + "\"}");

        assertThat(((Response) heard.said.get(0)).id()).contains(new RequestId("\"" + CANARY + "\""));
        assertThat(heard.json()).contains("\"***\"");
    }

    @Test
    void takesSecretsOutOfWhatIsSaidBesideTheAnswer() {
        CallListener listener = call("1").listener();
        listener.onNotification(Notification.of("notifications/message", Map.of("data", CANARY)));
        listener.onRequest(Request.of(new RequestId("5"), "elicitation/create", Map.of("message", CANARY)), a -> {});
        listener.onPause(Duration.ofSeconds(1));
        listener.onFailure(UpstreamFailure.maybeExecuted(UpstreamFailure.Kind.INTERRUPTED, "cut: " + CANARY));

        assertThat(heard.said).hasSize(4);
        assertThat(heard.said.toString()).contains("***", "cut: ***").doesNotContain(CANARY);
    }

    @Test
    void takesSecretsOutOfWhatIsSaidOutsideCalls() {
        open(scripted);
        SessionListener listener = scripted.open().get(0).listener;
        listener.onNotification(Notification.of("notifications/message", Map.of("data", CANARY)));
        listener.onRequest(Request.of(new RequestId("5"), "roots/list", Map.of("x", CANARY)), a -> {});
        listener.onRenewed();
        listener.onEnd(UpstreamFailure.notSent(UpstreamFailure.Kind.INTERRUPTED, "last words: " + CANARY));

        assertThat(heard.said).hasSize(4);
        assertThat(heard.said.toString()).contains("last words: ***").doesNotContain(CANARY);
    }

    @Test
    void takesSecretsOutOfWhatAnUpstreamSaysOfItself() {
        assertThat(open(scripted).facts().toString()).contains("***").doesNotContain(CANARY);
    }

    @Test
    void takesSecretsOutOfWhyThereIsNoSession() {
        Upstream failing = new Upstream() {
            @Override
            public String name() {
                return "failing";
            }

            @Override
            public boolean sharesSessions() {
                return false;
            }

            @Override
            public CompletionStage<UpstreamSession> open(
                    SessionSpec spec, SessionListener listener, UpstreamRuntime lent) {
                return CompletableFuture.failedFuture(new UpstreamException(
                        UpstreamFailure.notSent(UpstreamFailure.Kind.AUTH, "Bearer " + CANARY + " refused")));
            }
        };

        assertThatThrownBy(() -> open(failing))
                .hasCauseInstanceOf(UpstreamException.class)
                .hasMessageContaining("Bearer *** refused")
                .hasMessageNotContaining(CANARY);
    }

    @Test
    void doesNotLookAtAnythingWhileNoSecretIsInUse() {
        redactor.isIdle = true;
        ScriptedUpstream.Asked call = call("1");
        Response answer = Response.result(call.request().id(), Map.of("text", CANARY));

        call.listener().onResponse(answer);

        assertThat(heard.said.get(0)).isSameAs(answer);
        assertThat(redactor.asked).isZero();
    }

    @Test
    void passesAnAnswerWithoutSecretsOnAsItCame() {
        ScriptedUpstream.Asked call = call("1");
        Response answer = Response.result(call.request().id(), Map.of("text", "nothing"));

        call.listener().onResponse(answer);

        assertThat(heard.said.get(0)).isSameAs(answer);
    }

    @Test
    void failsACallWhoseAnswerCannotBeRedacted() {
        ScriptedUpstream.Asked call = call("1");
        redactor.isBroken = true;
        try (CapturedLog log = CapturedLog.of("io.sallyport.upstream")) {
            call.answer("{\"text\":\"" + CANARY + "\"}");

            assertThat(heard.said).singleElement().isInstanceOfSatisfying(UpstreamFailure.class, failure -> {
                assertThat(failure.kind()).isEqualTo(UpstreamFailure.Kind.INTERNAL);
                assertThat(failure.maybeExecuted()).isTrue();
            });
            assertThat(log.lines()).hasSize(1).noneMatch(line -> line.contains(CANARY));
        }
    }

    @Test
    void failsACallWhoseAnswerIsNoMessageWithoutTheSecret() {
        // Two members of one name: which of them counts the next reader would decide.
        call("1").answer("{\"" + CANARY + "\":1,\"***\":2}");

        assertThat(heard.said).singleElement().isInstanceOf(UpstreamFailure.class);
    }

    @Test
    void dropsWhatElseCannotBeRedacted() {
        CallListener listener = call("1").listener();
        redactor.isBroken = true;
        List<Response> answers = new ArrayList<>();
        try (CapturedLog log = CapturedLog.of("io.sallyport.upstream")) {
            listener.onNotification(Notification.of("notifications/message", Map.of("data", CANARY)));
            listener.onRequest(Request.of(new RequestId("5"), "roots/list", Map.of("x", CANARY)), answers::add);
            listener.onFailure(UpstreamFailure.notSent(UpstreamFailure.Kind.AUTH, CANARY));

            assertThat(log.lines()).hasSize(3).noneMatch(line -> line.contains(CANARY));
        }
        assertThat(heard.said).hasSize(1).noneMatch(it -> it.toString().contains(CANARY));
        assertThat(answers).singleElement().matches(Response::isError);
    }

    @Test
    void isOtherwiseTheUpstreamThatItStandsFor() {
        RedactedUpstream redacted = new RedactedUpstream(scripted, redactor);

        assertThat(redacted.name()).isEqualTo(scripted.name());
        assertThat(redacted.sharesSessions()).isEqualTo(scripted.sharesSessions());
        assertThat(redacted.sessionPerClient()).isEqualTo(scripted.sessionPerClient());
        assertThat(redacted.tiesSessions()).isEqualTo(scripted.tiesSessions());
        assertThat(redacted).hasToString(scripted.toString());
    }
}
