package io.sallyport.gateway.internal;

import static java.util.Objects.requireNonNull;

import io.sallyport.protocol.Era;
import io.sallyport.protocol.ErrorCodes;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.McpError;
import io.sallyport.protocol.Message;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.Response;
import io.sallyport.spi.Redactor;
import io.sallyport.upstream.CallHandle;
import io.sallyport.upstream.CallListener;
import io.sallyport.upstream.CallSpec;
import io.sallyport.upstream.ServerFacts;
import io.sallyport.upstream.SessionListener;
import io.sallyport.upstream.SessionSpec;
import io.sallyport.upstream.Upstream;
import io.sallyport.upstream.UpstreamException;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamRuntime;
import io.sallyport.upstream.UpstreamSession;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An upstream whose every word is looked through for secrets before the gateway hears it: the one place through which answers,
 * errors, notifications, questions, lists and failures pass, whatever kind of upstream they come from. While no secret is in
 * use they pass untouched, and unread. What the redactor fails on is dropped. Thread-safe.
 */
final class RedactedUpstream extends UpstreamWrapper {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.upstream");

    private static final String WITHHELD = "(withheld: the redactor failed)";

    private final Redactor redactor;

    RedactedUpstream(Upstream upstream, Redactor redactor) {
        super(upstream);
        this.redactor = requireNonNull(redactor, "redactor");
    }

    @Override
    public CompletionStage<UpstreamSession> open(SessionSpec spec, SessionListener listener, UpstreamRuntime runtime) {
        CompletableFuture<UpstreamSession> opening = new CompletableFuture<>();
        wrapped().open(spec, new RedactedListener(listener), runtime).whenComplete((session, thrown) -> {
            if (session != null) {
                opening.complete(new RedactedSession(session));
            } else {
                opening.completeExceptionally(
                        redactor.isIdle() ? thrown : new UpstreamException(redact(UpstreamFailure.of(thrown))));
            }
        });
        return opening;
    }

    private String redact(String text) {
        try {
            return redactor.redact(text);
        } catch (RuntimeException e) {
            tellOf(e);
            return WITHHELD;
        }
    }

    private UpstreamFailure redact(UpstreamFailure failure) {
        return redactor.isIdle()
                ? failure
                : new UpstreamFailure(
                        failure.kind(), redact(failure.detail()), failure.maybeExecuted(), failure.retryAfter());
    }

    private JsonValue redact(JsonValue object) {
        try {
            return JsonValue.trusted(RedactedJson.redact(object.toJson(), redactor));
        } catch (RuntimeException e) {
            tellOf(e);
            return JsonValue.trusted("{}");
        }
    }

    /** Returns the message without secrets; nothing if the redactor fails, or it could not be a message without them. */
    private <T extends Message> Optional<T> redact(T message, Class<T> type) {
        try {
            String json = message.toJson();
            String redacted = RedactedJson.redact(json, redactor);
            return Optional.of(redacted.equals(json) ? message : type.cast(Message.of(redacted)));
        } catch (RuntimeException e) {
            tellOf(e);
            return Optional.empty();
        }
    }

    /** Not its message, which may hold what it failed on. */
    private void tellOf(RuntimeException e) {
        LOGGER.atError()
                .addKeyValue("upstream", name())
                .addKeyValue("error", e.getClass().getName())
                .log("what an upstream said was dropped, because it could not be redacted");
    }

    private void redact(Notification notification, Consumer<Notification> to) {
        if (redactor.isIdle()) {
            to.accept(notification);
        } else {
            redact(notification, Notification.class).ifPresent(to);
        }
    }

    private void redact(Request question, Consumer<Response> answer, Consumer<Request> to) {
        if (redactor.isIdle()) {
            to.accept(question);
            return;
        }
        Optional<Request> redacted = redact(question, Request.class);
        if (redacted.isPresent()) {
            to.accept(redacted.get().withId(question.id()));
        } else {
            answer.accept(Response.error(
                    question.id(), McpError.of(ErrorCodes.INTERNAL_ERROR, "The gateway could not pass this on.")));
        }
    }

    /** Hears what is said outside calls. */
    private final class RedactedListener implements SessionListener {

        private final SessionListener listener;

        RedactedListener(SessionListener listener) {
            this.listener = listener;
        }

        @Override
        public void onNotification(Notification notification) {
            redact(notification, listener::onNotification);
        }

        @Override
        public void onRequest(Request question, Consumer<Response> answer) {
            redact(question, answer, redacted -> listener.onRequest(redacted, answer));
        }

        @Override
        public void onRenewed() {
            listener.onRenewed();
        }

        @Override
        public void onEnd(UpstreamFailure why) {
            listener.onEnd(redact(why));
        }
    }

    /** A session whose calls are heard. */
    private final class RedactedSession implements UpstreamSession {

        private final UpstreamSession session;

        RedactedSession(UpstreamSession session) {
            this.session = session;
        }

        @Override
        public Era era() {
            return session.era();
        }

        @Override
        public ServerFacts facts() {
            ServerFacts facts = session.facts();
            return redactor.isIdle()
                    ? facts
                    : new ServerFacts(
                            facts.protocolVersion(),
                            redact(facts.serverInfo()),
                            redact(facts.capabilities()),
                            facts.instructions().map(text -> redact(text)));
        }

        @Override
        public CallHandle call(Request request, CallSpec spec, CallListener listener) {
            return session.call(request, spec, new RedactedCall(listener));
        }

        @Override
        public void send(Notification notification) {
            session.send(notification);
        }

        @Override
        public Optional<String> handle() {
            return session.handle();
        }

        @Override
        public void close() {
            session.close();
        }

        @Override
        public void leave() {
            session.leave();
        }

        @Override
        public String toString() {
            return session.toString();
        }
    }

    /** Hears what comes back of a call. */
    private final class RedactedCall implements CallListener {

        private final CallListener listener;

        RedactedCall(CallListener listener) {
            this.listener = listener;
        }

        @Override
        public void onNotification(Notification notification) {
            redact(notification, listener::onNotification);
        }

        @Override
        public void onRequest(Request question, Consumer<Response> answer) {
            redact(question, answer, redacted -> listener.onRequest(redacted, answer));
        }

        @Override
        public void onPause(Duration retry) {
            listener.onPause(retry);
        }

        @Override
        public void onResponse(Response response) {
            if (redactor.isIdle()) {
                listener.onResponse(response);
                return;
            }
            Optional<Response> redacted = redact(response, Response.class);
            if (redacted.isPresent()) {
                // The id is the caller's own, by which it knows the answer.
                listener.onResponse(
                        redacted.get().id().equals(response.id())
                                ? redacted.get()
                                : redacted.get().withId(response.id().orElseThrow()));
            } else {
                listener.onFailure(UpstreamFailure.maybeExecuted(
                        UpstreamFailure.Kind.INTERNAL, "the answer was dropped, because it could not be redacted"));
            }
        }

        @Override
        public void onFailure(UpstreamFailure failure) {
            listener.onFailure(redact(failure));
        }
    }
}
