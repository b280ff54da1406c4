package io.sallyport.upstream.http;

import io.sallyport.protocol.Era;
import io.sallyport.protocol.Json;
import io.sallyport.protocol.Message;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Part;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.RequestId;
import io.sallyport.protocol.Response;
import io.sallyport.upstream.CallHandle;
import io.sallyport.upstream.CallListener;
import io.sallyport.upstream.CallSpec;
import io.sallyport.upstream.ServerFacts;
import io.sallyport.upstream.SessionListener;
import io.sallyport.upstream.SessionSpec;
import io.sallyport.upstream.UpstreamException;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamFailure.Kind;
import io.sallyport.upstream.UpstreamRuntime;
import io.sallyport.upstream.UpstreamSession;
import io.sallyport.upstream.http.HttpExchange.Lane;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A session with a legacy upstream. If the upstream forgets it, it is opened anew, once for all who notice, and lives on:
 *
 * <pre>
 * open ──a call is told that the session is gone──▶ opening anew ──initialize answered──▶ open
 *                                                        │ upstream not reached
 *                                                        ▼
 *                                                      lost ──next call──▶ opening anew
 * </pre>
 */
final class LegacyHttpSession implements UpstreamSession {

    private static final Logger LOGGER = LoggerFactory.getLogger(HttpUpstream.class);

    private final HttpWire wire;
    private final SessionSpec spec;
    private final SessionListener listener;
    private final HttpOrigin origin;
    private final Map<RequestId, LegacyHttpCall> calls = new ConcurrentHashMap<>();
    private final Map<String, LegacyHttpCall> progressTokens = new ConcurrentHashMap<>();
    private final AtomicLong ids;
    private final AtomicBoolean over = new AtomicBoolean();
    private final ListeningStream stream;
    private final ReentrantLock lock = new ReentrantLock();

    /** Written under the lock. */
    private volatile CompletableFuture<LegacyLink> link;

    private volatile ServerFacts facts;

    LegacyHttpSession(HttpWire wire, LegacyLink first, SessionSpec spec, SessionListener listener, HttpOrigin origin) {
        this.wire = wire;
        this.spec = spec;
        this.listener = listener;
        this.origin = origin;
        this.link = CompletableFuture.completedFuture(first);
        // Nodes that use a session at the same time must not give two requests one id. What is left is exact as a
        // double.
        this.ids = new AtomicLong(
                spec.handle().isEmpty() ? 0 : ThreadLocalRandom.current().nextLong(1, 1L << 31) << 21);
        this.facts = first.facts();
        this.stream = new ListeningStream(this);
    }

    /** Begins to listen. Completes when calls can begin. */
    CompletableFuture<Void> start() {
        return stream.open(link.join());
    }

    @Override
    public Era era() {
        return Era.LEGACY;
    }

    @Override
    public ServerFacts facts() {
        return facts;
    }

    HttpWire wire() {
        return wire;
    }

    UpstreamRuntime runtime() {
        return origin.runtime();
    }

    SessionListener listener() {
        return listener;
    }

    boolean answersListenersLate() {
        return origin.answersListenersLate();
    }

    void listenersAreAnsweredLate() {
        origin.listenersAreAnsweredLate();
    }

    boolean isOver() {
        return over.get();
    }

    @Override
    public CallHandle call(Request request, CallSpec callSpec, CallListener to) {
        RequestId id = RequestId.of(ids.incrementAndGet());
        LegacyHttpCall call = new LegacyHttpCall(this, request, id, callSpec, new CallEvents(to));
        calls.put(id, call);
        if (over.get()) {
            call.fail(UpstreamFailure.notSent(Kind.UNREACHABLE, "the session has ended"));
        } else {
            call.begin();
        }
        return call;
    }

    /** What answers at this place the next time may speak another era. */
    void forgetEra() {
        origin.forgetEra();
    }

    /** Takes a progress token for a call; returns false if another call under way has it. */
    boolean take(String progressToken, LegacyHttpCall call) {
        return progressTokens.putIfAbsent(progressToken, call) == null;
    }

    void forget(LegacyHttpCall call) {
        calls.remove(call.id(), call);
        call.progressToken().ifPresent(token -> progressTokens.remove(token, call));
    }

    /** Returns the call under way that a response, wherever it arrived, belongs to. */
    Optional<LegacyHttpCall> callFor(Response response) {
        return response.id().map(calls::get);
    }

    /** Returns the call under way that a notification, wherever it arrived, reports the progress of. */
    Optional<LegacyHttpCall> callFor(Notification notification) {
        return notification.method().equals(Methods.PROGRESS)
                ? notification.get(Part.PARAMS, "progressToken").map(token -> progressTokens.get(token.toJson()))
                : Optional.empty();
    }

    /**
     * Returns the session's current life; one that comes after {@code lost}, which the upstream has forgotten, if that
     * is not null.
     */
    CompletableFuture<LegacyLink> linkAfter(@Nullable LegacyLink lost) {
        CompletableFuture<LegacyLink> current = link;
        if (over.get()) {
            return CompletableFuture.failedFuture(
                    new UpstreamException(UpstreamFailure.notSent(Kind.UNREACHABLE, "the session has ended")));
        }
        if (isUsable(current, lost)) {
            return current;
        }
        CompletableFuture<LegacyLink> next = new CompletableFuture<>();
        lock.lock();
        try {
            current = link;
            if (isUsable(current, lost)) {
                return current;
            }
            link = next;
        } finally {
            lock.unlock();
        }
        openAnew(next);
        return next;
    }

    /** A new link may be equal to the lost one, where the upstream gives no session ids; the object tells them apart. */
    @SuppressWarnings("ReferenceEquality")
    private static boolean isUsable(CompletableFuture<LegacyLink> current, @Nullable LegacyLink lost) {
        return !current.isDone() || !current.isCompletedExceptionally() && current.join() != lost;
    }

    private void openAnew(CompletableFuture<LegacyLink> next) {
        new Handshake(wire, origin.runtime()).initialize(spec).whenComplete((opened, thrown) -> {
            if (opened == null) {
                next.completeExceptionally(PinnedAddresses.cause(thrown));
            } else if (opened instanceof Probe.Speaks<LegacyLink> speaks) {
                LegacyLink renewed = speaks.found();
                facts = renewed.facts();
                LOGGER.atInfo()
                        .addKeyValue("upstream", wire.engine().settings().name())
                        .log("the upstream had forgotten a session, which was opened anew");
                stream.open(renewed).thenRun(() -> {
                    next.complete(renewed);
                    if (over.get()) {
                        // It was closed in the meantime, when there was nothing to be said good-bye to.
                        sayGoodbye(renewed);
                    } else {
                        listener.onRenewed();
                    }
                });
            } else {
                UpstreamFailure refused = UpstreamFailure.notSent(
                        Kind.SESSION_LOST,
                        "the upstream forgot the session and refuses to open another: "
                                + ((Probe.Refuses<LegacyLink>) opened).detail());
                next.completeExceptionally(new UpstreamException(refused));
                origin.forgetEra();
                end(refused);
            }
        });
    }

    private void end(UpstreamFailure why) {
        if (over.compareAndSet(false, true)) {
            stream.close();
            calls.values().forEach(call -> call.interrupt(why));
            origin.ended(this);
            listener.onEnd(why);
        }
    }

    /** Returns what takes the client's answer to a question of the upstream. */
    Consumer<Response> answerTo(Request question, LegacyLink asked, Consumer<UpstreamFailure> onLoss) {
        AtomicBoolean answered = new AtomicBoolean();
        return response -> {
            if (answered.compareAndSet(false, true)) {
                tell(response.withId(question.id()), asked, onLoss);
            }
        };
    }

    /** Sends what wants no answer; tells if the upstream no longer knows the session. */
    private void tell(Message message, LegacyLink current, Consumer<UpstreamFailure> onLoss) {
        HttpQuestion.post(
                        wire,
                        message,
                        current.headers(),
                        Lane.URGENT,
                        wire.engine().settings().requestTimeout(),
                        origin.runtime().timer())
                .whenComplete((outcome, thrown) -> {
                    if (thrown == null && outcome.isAccepted()) {
                        return;
                    }
                    String what = outcome == null
                            ? String.valueOf(PinnedAddresses.cause(thrown).getMessage())
                            : outcome.reply().map(HttpReply::describe).orElse("");
                    LOGGER.atDebug()
                            .addKeyValue("upstream", wire.engine().settings().name())
                            .addKeyValue("error", what)
                            .log("the upstream did not take a message");
                    boolean isLost = outcome != null
                            && outcome.reply()
                                    .filter(reply ->
                                            SessionLoss.isTold(reply, current.sessionId(), null, wire.limits()))
                                    .isPresent();
                    if (isLost) {
                        onLoss.accept(UpstreamFailure.maybeExecuted(
                                Kind.SESSION_LOST, "the upstream forgot the session while it waited for an answer"));
                    }
                });
    }

    @Override
    public void send(Notification notification) {
        CompletableFuture<LegacyLink> current = link;
        if (!over.get() && current.isDone() && !current.isCompletedExceptionally()) {
            tell(notification, current.join(), lost -> {});
        }
    }

    /** Tells the upstream that nobody waits for a call any more. */
    void sendCancelled(RequestId id, LegacyLink current, String reason) {
        Message cancelled = Message.of("{\"jsonrpc\":\"2.0\",\"method\":" + Json.quote(Methods.CANCELLED)
                + ",\"params\":{\"requestId\":" + id.token() + ",\"reason\":" + Json.quote(reason) + "}}");
        tell(cancelled, current, lost -> {});
    }

    @Override
    public Optional<String> handle() {
        CompletableFuture<LegacyLink> current = link;
        return current.isDone() && !current.isCompletedExceptionally()
                ? current.join().handle()
                : Optional.empty();
    }

    @Override
    public void close() {
        finish(true);
    }

    @Override
    public void leave() {
        finish(false);
    }

    private void finish(boolean tellsUpstream) {
        if (!over.compareAndSet(false, true)) {
            return;
        }
        stream.close();
        calls.values()
                .forEach(call -> call.interrupt(
                        UpstreamFailure.maybeExecuted(Kind.INTERRUPTED, "the session was closed during the call")));
        origin.ended(this);
        CompletableFuture<LegacyLink> current = link;
        if (tellsUpstream && current.isDone() && !current.isCompletedExceptionally()) {
            sayGoodbye(current.join());
        }
    }

    private void sayGoodbye(LegacyLink last) {
        if (last.sessionId() != null) {
            CompletableFuture<Void> told = new CompletableFuture<>();
            origin.takesLeave(told);
            wire.delete(last.headers(), wire.reader(new EndOfSession(told)));
        }
    }

    /** Whatever comes of a DELETE, nothing follows from it. */
    private record EndOfSession(CompletableFuture<Void> told) implements ReplyReader.Sink {

        @Override
        public void onMessage(Message message) {
            // Of no interest.
        }

        @Override
        public void onEnd() {
            told.complete(null);
        }

        @Override
        public void onReply(HttpReply reply) {
            told.complete(null);
        }

        @Override
        public void onFailure(UpstreamFailure failure) {
            told.complete(null);
        }
    }
}
