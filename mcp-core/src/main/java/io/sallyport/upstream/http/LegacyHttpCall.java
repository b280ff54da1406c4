package io.sallyport.upstream.http;

import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.McpHeaders;
import io.sallyport.protocol.Message;
import io.sallyport.protocol.MetaKeys;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Part;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.RequestId;
import io.sallyport.protocol.Response;
import io.sallyport.upstream.CallHandle;
import io.sallyport.upstream.CallSpec;
import io.sallyport.upstream.UpstreamException;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamFailure.Kind;
import io.sallyport.upstream.http.HttpExchange.Lane;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.message.BasicHeader;
import org.jspecify.annotations.Nullable;

/**
 * A call of a {@link LegacyHttpSession}: a POST, and as many GETs as it takes to resume the stream of its answer.
 *
 * <p>It goes upstream under an id of the session's own, because two clients may use the same one, and comes back under
 * that of the caller.
 */
final class LegacyHttpCall implements CallHandle {

    /** How often a stream is resumed in a row without anything new coming of it. */
    private static final int MAX_FRUITLESS = 5;

    private static final Duration DEFAULT_RETRY = Duration.ofSeconds(1);
    private static final Duration LONGEST_RETRY = Duration.ofMinutes(1);

    /** An upstream that asks for no pause at all would be asked again as fast as the machine can. */
    private static final long SHORTEST_PAUSE_MILLIS = 100;

    private final LegacyHttpSession session;
    private final Request original;
    private final RequestId id;
    private final CallSpec spec;
    private final CallEvents events;

    /** The client's token and the one that stands for it upstream; null where the call has none, or it is the same. */
    private @Nullable String clientToken;

    private @Nullable String ownToken;

    private volatile @Nullable LegacyLink link;
    private volatile @Nullable Leg leg;
    private volatile boolean repeated;

    LegacyHttpCall(LegacyHttpSession session, Request original, RequestId id, CallSpec spec, CallEvents events) {
        this.session = session;
        this.original = original;
        this.id = id;
        this.spec = spec;
        this.events = events;
    }

    RequestId id() {
        return id;
    }

    /** Returns the progress token that the call has upstream. */
    Optional<String> progressToken() {
        return Optional.ofNullable(ownToken);
    }

    void begin() {
        clientToken = original.get(Part.PARAMS_META, MetaKeys.PROGRESS_TOKEN)
                .map(JsonValue::toJson)
                .orElse(null);
        if (clientToken != null) {
            boolean isFree = session.take(clientToken, this);
            // Two clients use the same token at the same time: the later one gets another, that nobody would choose.
            ownToken = isFree ? clientToken : Json.quote("sallyport-" + id.token());
            if (!isFree) {
                session.take(ownToken, this);
            }
        }
        send(null);
    }

    private Request rewritten() {
        Request request = original.withId(id);
        if (ownToken == null || ownToken.equals(clientToken)) {
            return request;
        }
        return (Request) request.edit()
                .set(Part.PARAMS_META, MetaKeys.PROGRESS_TOKEN, ownToken)
                .apply();
    }

    private void send(@Nullable LegacyLink lost) {
        session.linkAfter(lost).whenComplete((current, thrown) -> {
            if (current == null) {
                fail(failureOf(PinnedAddresses.cause(thrown)));
                return;
            }
            link = current;
            Leg next = new Leg(current, true);
            if (enter(next)) {
                List<Header> headers = current.headers();
                session.wire().addPassedOn(spec.clientHeaders(), headers);
                boolean safe = HttpWire.isSafe(original.method());
                session.wire().post(rewritten(), headers, safe, Lane.CALL, next.reader);
            }
        });
    }

    private static UpstreamFailure failureOf(Throwable thrown) {
        if (thrown instanceof UpstreamException known) {
            // Whatever failed, it was not this call.
            return known.failure().beforeSending();
        }
        return UpstreamFailure.notSent(Kind.INTERNAL, String.valueOf(thrown));
    }

    private boolean enter(Leg next) {
        leg = next;
        if (events.isEnded()) {
            next.reader.abort();
            return false;
        }
        return true;
    }

    @Override
    public void cancel(String reason) {
        if (!events.cancel()) {
            return;
        }
        session.forget(this);
        Leg current = leg;
        LegacyLink currentLink = link;
        if (current != null && currentLink != null) {
            if (current.mayBeKnownUpstream()) {
                session.sendCancelled(id, currentLink, reason);
            }
            current.reader.abort();
        }
    }

    /** The session ends under the call. */
    void interrupt(UpstreamFailure why) {
        Leg current = leg;
        boolean maybeExecuted = current != null && current.mayBeKnownUpstream();
        if (fail(new UpstreamFailure(why.kind(), why.detail(), maybeExecuted)) && current != null) {
            current.reader.abort();
        }
    }

    boolean fail(UpstreamFailure failure) {
        if (!events.end(listener -> listener.onFailure(failure))) {
            return false;
        }
        session.forget(this);
        return true;
    }

    /** Takes the answer, wherever it arrived. */
    void answer(Response response) {
        Response named = response.withId(original.id());
        if (events.end(listener -> listener.onResponse(named))) {
            session.forget(this);
            Leg current = leg;
            if (current != null) {
                current.reader.linger();
            }
        }
    }

    /** Takes a notification that belongs to the call, wherever it arrived. */
    void notification(Notification notification) {
        boolean isRenamed = clientToken != null
                && !clientToken.equals(ownToken)
                && notification
                        .get(Part.PARAMS, "progressToken")
                        .filter(token -> token.toJson().equals(ownToken))
                        .isPresent();
        Notification named = isRenamed
                ? (Notification) notification
                        .edit()
                        .set(Part.PARAMS, "progressToken", java.util.Objects.requireNonNull(clientToken))
                        .apply()
                : notification;
        events.tell(listener -> listener.onNotification(named));
    }

    /** The upstream rejected the call because it does not know the session: it did not carry it out. */
    private void sessionLost(LegacyLink lost) {
        if (events.isEnded()) {
            return;
        }
        if (repeated) {
            fail(UpstreamFailure.notSent(
                    Kind.SESSION_LOST, "the upstream forgot the session again, right after it was opened anew"));
            return;
        }
        repeated = true;
        send(lost);
    }

    /** One HTTP exchange of the call. */
    private final class Leg implements ReplyReader.Sink {

        private final LegacyLink of;
        private final boolean isFirst;
        private final ReplyReader reader;

        private String lastEventId = "";
        private Duration retry = DEFAULT_RETRY;
        private boolean isPolling;
        private int fruitless;
        private boolean isRejected;

        Leg(LegacyLink of, boolean isFirst) {
            this.of = of;
            this.isFirst = isFirst;
            this.reader = session.wire().reader(this);
        }

        boolean mayBeKnownUpstream() {
            return !isFirst || reader.wasSent();
        }

        @Override
        public void onMessage(Message message) {
            fruitless = 0;
            if (message instanceof Notification notification) {
                LegacyHttpCall.this.notification(notification);
            } else if (message instanceof Request question) {
                events.tell(listener ->
                        listener.onRequest(question, session.answerTo(question, of, LegacyHttpCall.this::fail)));
            } else {
                response((Response) message);
            }
        }

        private void response(Response response) {
            boolean isOurs = response.id().map(id::equals).orElse(true);
            if (isOurs && SessionLoss.isTold(response)) {
                isRejected = true;
                reader.linger();
                sessionLost(of);
            } else if (isOurs) {
                answer(response);
            } else {
                Optional<LegacyHttpCall> other = session.callFor(response);
                if (other.isPresent()) {
                    other.get().answer(response);
                } else if (fail(UpstreamFailure.maybeExecuted(
                        Kind.PROTOCOL, "the answer to " + original.method() + " has an id that nobody asked with"))) {
                    reader.abort();
                }
            }
        }

        @Override
        public void onEventId(String eventId, boolean isMessage) {
            lastEventId = eventId;
            fruitless = 0;
            isPolling |= !isMessage;
        }

        @Override
        public void onRetry(long millis) {
            pauseFor(millis);
            isPolling = true;
        }

        private void pauseFor(long millis) {
            retry = Duration.ofMillis(Math.min(millis, LONGEST_RETRY.toMillis()));
        }

        @Override
        public void onEnd() {
            if (events.isEnded() || isRejected) {
                return;
            }
            if (lastEventId.isEmpty()) {
                fail(UpstreamFailure.maybeExecuted(Kind.INTERRUPTED, "the stream ended before the answer came"));
                return;
            }
            if (isPolling) {
                Duration pause = retry;
                events.tell(listener -> listener.onPause(pause));
            }
            resumeLater();
        }

        @Override
        public void onFailure(UpstreamFailure failure) {
            if (isRejected) {
                return;
            }
            if (failure.kind() == Kind.UNREACHABLE) {
                session.forgetEra();
            }
            boolean mayPass = failure.kind() == Kind.INTERRUPTED
                    || failure.kind() == Kind.UNREACHABLE
                    || failure.kind() == Kind.OVERLOADED;
            if (mayPass && !lastEventId.isEmpty() && !events.isEnded()) {
                resumeLater();
            } else {
                fail(isFirst ? failure : UpstreamFailure.maybeExecuted(failure.kind(), failure.detail()));
            }
        }

        @Override
        public void onReply(HttpReply reply) {
            boolean isLost = SessionLoss.isTold(
                    reply, of.sessionId(), isFirst ? id : null, session.wire().limits());
            if (isLost && isFirst) {
                sessionLost(of);
            } else if (isLost) {
                fail(UpstreamFailure.maybeExecuted(
                        Kind.SESSION_LOST, "the upstream forgot the session before the answer was fetched"));
            } else if (!isFirst && mayPass(reply.status())) {
                reply.retryAfter().map(Duration::toMillis).ifPresent(this::pauseFor);
                resumeLater();
            } else if (!isFirst) {
                fail(UpstreamFailure.maybeExecuted(
                        Kind.INTERRUPTED, "the stream of the answer could not be resumed: " + reply.describe()));
            } else {
                refused(reply);
            }
        }

        /** Returns whether an upstream that is busy, or a proxy that does not reach it, says so. */
        private static boolean mayPass(int status) {
            return status == 429 || status == 502 || status == 503 || status == 504;
        }

        private void refused(HttpReply reply) {
            int status = reply.status();
            boolean isAboutHop = status == 401 || status == 403 || status == 429 || status == 503;
            Optional<Response> error =
                    isAboutHop ? Optional.empty() : reply.error(session.wire().limits());
            if (error.isPresent()) {
                response(error.get());
            } else {
                fail(reply.failure());
            }
        }

        private void resumeLater() {
            if (++fruitless > MAX_FRUITLESS) {
                fail(UpstreamFailure.maybeExecuted(
                        Kind.INTERRUPTED, "the stream of the answer was resumed " + MAX_FRUITLESS + " times in vain"));
                return;
            }
            try {
                long pause = Math.max(SHORTEST_PAUSE_MILLIS, retry.toMillis());
                session.runtime().timer().schedule(this::resume, pause, TimeUnit.MILLISECONDS);
            } catch (RejectedExecutionException closing) {
                fail(UpstreamFailure.maybeExecuted(Kind.INTERRUPTED, "the gateway is closing"));
            }
        }

        private void resume() {
            if (events.isEnded()) {
                return;
            }
            Leg next = new Leg(of, false);
            next.lastEventId = lastEventId;
            next.retry = retry;
            next.fruitless = fruitless;
            if (enter(next)) {
                List<Header> headers = of.headers();
                headers.add(new BasicHeader(McpHeaders.LAST_EVENT_ID, lastEventId));
                session.wire().addPassedOn(spec.clientHeaders(), headers);
                session.wire().get(headers, Lane.CALL, next.reader);
            }
        }
    }
}
