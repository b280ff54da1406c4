package io.sallyport.gateway.internal;

import io.sallyport.protocol.Era;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.RequestId;
import io.sallyport.protocol.Response;
import io.sallyport.spi.Principal;
import io.sallyport.stream.Ticks;
import io.sallyport.upstream.CallHandle;
import io.sallyport.upstream.CallListener;
import io.sallyport.upstream.CallSpec;
import io.sallyport.upstream.SessionSpec;
import io.sallyport.upstream.UpstreamException;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamSession;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What the gateway itself asks of an upstream, for no client: lists, and what clients watch. Thread-safe. */
final class OwnRequests {

    /** How long an answer is waited for. */
    static final Duration ANSWERED_WITHIN = Duration.ofSeconds(30);

    /** Everything that a server may offer to clients that can be asked things, so that it lists all it has. */
    private static final String ALL_CAPABILITIES =
            "{\"roots\":{\"listChanged\":true},\"sampling\":{},\"elicitation\":{}}";

    private final Engine engine;
    private final AtomicLong ids = new AtomicLong();

    OwnRequests(Engine engine) {
        this.engine = engine;
    }

    /** Returns whom the gateway's own session is for. */
    SessionSpec session() {
        return new SessionSpec(
                Principal.anonymous(),
                Era.MODERN,
                ALL_CAPABILITIES,
                engine.settings().clientInfo());
    }

    /** Returns whose the gateway's own calls are. */
    static CallSpec spec() {
        return new CallSpec(Principal.anonymous(), "gateway", CallSpec.NO_HEADERS);
    }

    /** Returns a request as the session's era has it. */
    Request request(UpstreamSession in, String method, Map<String, ?> params) {
        Request request = Request.of(RequestId.of(ids.incrementAndGet()), method, params);
        return in.era() == Era.LEGACY
                ? request
                : EraBridge.toModern(
                        request,
                        new EraBridge.ClientFacts(
                                ALL_CAPABILITIES, engine.settings().clientInfo(), Optional.empty()));
    }

    /** Makes a request and returns its answer, or an {@link UpstreamException}. */
    CompletionStage<Response> ask(UpstreamSession in, String method, Map<String, ?> params) {
        OwnCall call = new OwnCall(method);
        call.begin(in, request(in, method, params));
        return call.answer;
    }

    /** Answers what an upstream asks in a session that is no client's. */
    static Response answer(Request question) {
        return Questions.answerHere(question)
                .orElseGet(() -> question.method().equals(Methods.ROOTS_LIST)
                        ? Response.resultJson(question.id(), "{\"roots\":[]}")
                        : Questions.cannotBeAsked(question));
    }

    private final class OwnCall implements CallListener, Ticks.Ticking {

        private final CompletableFuture<Response> answer = new CompletableFuture<>();
        private final String method;
        private final long begun = engine.ticks().now();
        private volatile @Nullable CallHandle handle;

        OwnCall(String method) {
            this.method = method;
        }

        void begin(UpstreamSession in, Request request) {
            engine.ticks().add(this);
            answer.whenComplete((response, failure) -> engine.ticks().remove(this));
            handle = in.call(request, spec(), this);
        }

        @Override
        public void tick(long now) {
            CallHandle made = handle;
            if (made != null && now - begun > ANSWERED_WITHIN.toNanos()) {
                made.cancel("not answered in time");
                onFailure(UpstreamFailure.maybeExecuted(
                        UpstreamFailure.Kind.OVERLOADED,
                        method + " was not answered within " + ANSWERED_WITHIN.toSeconds() + " s"));
            }
        }

        @Override
        public void onNotification(Notification notification) {
            // Nothing that is told about a list is of interest.
        }

        @Override
        public void onRequest(Request question, Consumer<Response> to) {
            to.accept(answer(question));
        }

        @Override
        public void onPause(Duration retry) {
            // We wait.
        }

        @Override
        public void onResponse(Response response) {
            answer.complete(response);
        }

        @Override
        public void onFailure(UpstreamFailure failure) {
            answer.completeExceptionally(new UpstreamException(failure));
        }
    }
}
