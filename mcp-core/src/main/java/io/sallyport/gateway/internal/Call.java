package io.sallyport.gateway.internal;

import io.sallyport.filter.Refusal;
import io.sallyport.protocol.Era;
import io.sallyport.protocol.ErrorCodes;
import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.McpError;
import io.sallyport.protocol.MessageEdit;
import io.sallyport.protocol.MetaKeys;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Part;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.RequestId;
import io.sallyport.protocol.Response;
import io.sallyport.spi.AuditEvent;
import io.sallyport.stream.SerialQueue;
import io.sallyport.stream.Ticks;
import io.sallyport.upstream.CallHandle;
import io.sallyport.upstream.CallListener;
import io.sallyport.upstream.CallPolicy;
import io.sallyport.upstream.CallSpec;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamSession;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A call to an upstream, from the request that began it to its one end: an answer, a refusal, or a cancellation. It may
 * outlive the HTTP request that began it; what it brings goes to its {@link CallSink}.
 *
 * <p>The deadline counts only while the upstream works: it stands still while the client is asked for something, and
 * progress begins it anew, up to the greatest time that a call may take.
 */
final class Call implements CallListener, Ticks.Ticking {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.call");

    /** How often a call may ask its client before it is taken for one that never ends. */
    private static final int MAX_ROUNDS = 8;

    private final Engine engine;
    private final CallInfo info;
    private final EraBridge.ClientFacts client;
    private final CallSpec spec;
    private final CallSink sink;
    private final Request request;
    private final SerialQueue results;
    private final Duration deadline;
    private final Duration maxDuration;
    private final long begun;
    private final CallCourse course;
    private final Supplier<CompletionStage<ClientSessions.Lease>> sessions;

    private final ReentrantLock lock = new ReentrantLock();

    private ClientSessions.@Nullable Lease lease;
    private @Nullable CallHandle handle;
    private @Nullable UpstreamSession lostIn;
    private @Nullable UpstreamFailure loss;
    private boolean ended;
    private boolean heardOf;
    private long alive;
    private int questions;
    private int rounds;

    /**
     * Creates a call.
     *
     * @param request as the client sent it, with the upstream's own names in it
     * @param sessions gives a session for an attempt
     */
    Call(
            Engine engine,
            CallInfo info,
            EraBridge.ClientFacts client,
            CallSpec spec,
            CallSink sink,
            Request request,
            Supplier<CompletionStage<ClientSessions.Lease>> sessions) {
        this.engine = engine;
        this.sessions = sessions;
        this.course = engine.course(info);
        this.info = info;
        this.client = client;
        this.spec = spec;
        this.sink = sink;
        this.request = request;
        this.results = new SerialQueue(engine.filters().lookAtResults() ? engine.executor() : Runnable::run);
        this.deadline = deadline(request, engine.settings().callDeadline());
        this.maxDuration = engine.settings().maxCallDuration();
        this.begun = engine.ticks().now();
        this.alive = begun;
    }

    /** Returns how long the call may take without progress: as long as the client waits, and no longer than is allowed. */
    private static Duration deadline(Request request, Duration allowed) {
        long wanted = request.get(Part.PARAMS_META, MetaKeys.DEADLINE_MS)
                .map(JsonValue::asLong)
                .orElse(OptionalLong.empty())
                .orElse(0);
        return wanted > 0 && wanted < allowed.toMillis() ? Duration.ofMillis(wanted) : allowed;
    }

    /** Makes the call as soon as there is room and a session for it. */
    void start() {
        engine.ticks().add(this);
        engine.inFlight().begin();
        course.enter(left()).whenComplete((entered, thrown) -> {
            if (thrown == null) {
                attempt();
            } else {
                fail(UpstreamFailure.of(thrown));
            }
        });
    }

    private void attempt() {
        if (isEnded()) {
            return;
        }
        Optional<UpstreamFailure> kept = course.attempt(left());
        if (kept.isPresent()) {
            fail(kept.get());
        } else {
            open(sessions.get());
        }
    }

    /** Returns how much time there is until the deadline, if nothing is heard until then. */
    private Duration left() {
        long now = engine.ticks().now();
        lock.lock();
        try {
            return Duration.ofNanos(
                    Math.max(0, Math.min(deadline.toNanos() - (now - alive), maxDuration.toNanos() - (now - begun))));
        } finally {
            lock.unlock();
        }
    }

    private void open(CompletionStage<ClientSessions.Lease> opening) {
        opening.whenComplete((opened, thrown) -> {
            if (opened == null) {
                onFailure(UpstreamFailure.of(thrown));
                return;
            }
            Optional<UpstreamFailure> lost = lossOf(opened.session());
            if (lost.isEmpty() && adopt(opened)) {
                issue(opened.session(), inEraOf(opened.session()));
            } else {
                opened.giveBack().run();
                lost.ifPresent(this::onFailure);
            }
        });
    }

    /**
     * Returns how this very session was lost, if it was: it lives on, so it has been opened anew and has made the call
     * again already.
     */
    @SuppressWarnings("ReferenceEquality")
    private Optional<UpstreamFailure> lossOf(UpstreamSession session) {
        lock.lock();
        try {
            return session == lostIn ? Optional.ofNullable(loss) : Optional.empty();
        } finally {
            lock.unlock();
        }
    }

    private boolean adopt(ClientSessions.Lease opened) {
        lock.lock();
        try {
            if (!ended) {
                lease = opened;
            }
            return !ended;
        } finally {
            lock.unlock();
        }
    }

    private Request inEraOf(UpstreamSession session) {
        if (session.era() == info.era()) {
            return request;
        }
        return info.era() == Era.LEGACY ? EraBridge.toModern(request, client) : EraBridge.toLegacy(request);
    }

    private void issue(UpstreamSession session, Request converted) {
        Request timed = (Request) converted
                .edit()
                .set(Part.PARAMS_META, MetaKeys.DEADLINE_MS, Long.toString(left().toMillis()))
                .apply();
        CallHandle made = session.call(timed, spec, this);
        boolean tooLate;
        lock.lock();
        try {
            handle = made;
            tooLate = ended;
        } finally {
            lock.unlock();
        }
        if (tooLate) {
            made.cancel("the client gave the request up");
        }
    }

    /** Gives the call up: the client no longer wants it. The sink hears no more. */
    void cancel(String reason) {
        if (end(CallPolicy.End.CANCELLED)) {
            cancelUpstream(reason);
            last(() -> {
                sink.abandon();
                engine.audit(info, AuditEvent.Outcome.CANCELLED, "", begun);
            });
        }
    }

    private void cancelUpstream(String reason) {
        CallHandle current;
        lock.lock();
        try {
            current = handle;
        } finally {
            lock.unlock();
        }
        if (current != null) {
            current.cancel(reason);
        }
    }

    /** Marks the call as ended and returns whether it was not before. */
    private boolean end(CallPolicy.End how) {
        ClientSessions.Lease used;
        lock.lock();
        try {
            if (ended) {
                return false;
            }
            ended = true;
            used = lease;
        } finally {
            lock.unlock();
        }
        if (used != null) {
            used.giveBack().run();
        }
        engine.ticks().remove(this);
        course.ended(how);
        return true;
    }

    /** Tells the sink the last thing, after all that came before; then nothing is under way any more. */
    private void last(Runnable task) {
        Runnable counted = () -> {
            try {
                task.run();
            } finally {
                engine.inFlight().end();
            }
        };
        if (!results.run(counted)) {
            counted.run();
        }
    }

    @Override
    public void tick(long now) {
        boolean silent;
        boolean tooLong;
        lock.lock();
        try {
            silent = questions == 0 && now - alive > deadline.toNanos();
            tooLong = now - begun > maxDuration.toNanos();
        } finally {
            lock.unlock();
        }
        if ((silent || tooLong) && end(CallPolicy.End.LATE)) {
            giveUp(
                    "the deadline is over",
                    Refusal.of(
                            Refusal.Kind.DEADLINE_EXCEEDED,
                            info.upstream().orElse("gateway"),
                            "The call took longer than allowed ("
                                    + (silent
                                            ? deadline.toMillis() + " ms without progress"
                                            : maxDuration.toMillis() + " ms at all")
                                    + ")."));
        }
    }

    /** Ends a call whose upstream has not failed, and may yet carry it out. */
    private void giveUp(String reason, Refusal refusal) {
        cancelUpstream(reason);
        last(() -> {
            logFailure(refusal.kind(), refusal.message());
            refuse(refusal.remedy(Errors.MAYBE_EXECUTED));
        });
    }

    private void logFailure(Enum<?> kind, String detail) {
        LOGGER.atWarn()
                .addKeyValue("upstream", info.upstream().orElse("gateway"))
                .addKeyValue("method", info.method())
                .addKeyValue("correlationId", info.correlationId())
                .addKeyValue("kind", kind)
                .addKeyValue("detail", detail)
                .log("a call failed");
    }

    @Override
    public void onNotification(Notification notification) {
        if (notification.method().equals(Methods.PROGRESS)) {
            stillAlive();
        }
        heard();
        if (isEnded() || !wanted(notification)) {
            return;
        }
        boolean queued = results.run(() -> {
            if (!isEnded()) {
                engine.filters().notification(info, notification).ifPresent(sink::notification);
            }
        });
        if (!queued && end(CallPolicy.End.CANCELLED)) {
            giveUp(
                    "too many notifications",
                    Refusal.of(
                            Refusal.Kind.OUTCOME_UNKNOWN,
                            "gateway",
                            "The call's notifications cannot be kept up with."));
        }
    }

    /** A modern client says with each request which log messages it wants, a legacy one gets all until it says. */
    private boolean wanted(Notification notification) {
        return client.logLevel()
                .map(level -> LogLevels.wants(level, notification))
                .orElse(info.era() == Era.LEGACY || !notification.method().equals(Methods.LOG_MESSAGE));
    }

    private void stillAlive() {
        lock.lock();
        try {
            alive = engine.ticks().now();
        } finally {
            lock.unlock();
        }
    }

    /** What a client has heard of an attempt, it must not hear again of the next one. */
    private void heard() {
        lock.lock();
        try {
            heardOf = true;
        } finally {
            lock.unlock();
        }
    }

    private boolean isEnded() {
        lock.lock();
        try {
            return ended;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void onRequest(Request question, Consumer<Response> answer) {
        Optional<Response> known = Questions.answerHere(question);
        if (known.isPresent()) {
            answer.accept(known.get());
        } else if (info.era() == Era.MODERN || isEnded()) {
            answer.accept(Questions.cannotBeAsked(question));
        } else {
            ask(question, answer);
        }
    }

    private void ask(Request question, Consumer<Response> answer) {
        heard();
        changeQuestions(1);
        boolean queued = results.run(() -> sink.ask(question, response -> {
            changeQuestions(-1);
            answer.accept(response);
        }));
        if (!queued) {
            changeQuestions(-1);
            answer.accept(Questions.cannotBeAsked(question));
        }
    }

    private void changeQuestions(int by) {
        lock.lock();
        try {
            questions += by;
            alive = engine.ticks().now();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void onPause(Duration retry) {
        results.run(() -> {
            if (!isEnded()) {
                sink.pause(retry);
            }
        });
    }

    @Override
    public void onResponse(Response response) {
        boolean asks = info.era() == Era.LEGACY
                && !response.isError()
                && response.getString(Part.RESULT, "resultType").equals(Optional.of("input_required"));
        if (asks) {
            nextRound(response);
            return;
        }
        if (end(endOf(response))) {
            Era upstreamEra = currentSession().map(UpstreamSession::era).orElse(info.era());
            last(() -> {
                Response named =
                        response.id().equals(Optional.of(request.id())) ? response : response.withId(request.id());
                Response bridged = EraBridge.response(named, upstreamEra, info.era(), info.method());
                Response filtered = engine.filters().result(info, bridged);
                sink.answer(filtered, statusOf(filtered));
                engine.audit(
                        info,
                        filtered.isError() ? AuditEvent.Outcome.ERROR : AuditEvent.Outcome.ANSWERED,
                        filtered.isError() ? Integer.toString(filtered.errorCode()) : "",
                        begun);
            });
        }
    }

    private static CallPolicy.End endOf(Response response) {
        boolean hasFailed = response.isError() && response.errorCode() == ErrorCodes.INTERNAL_ERROR;
        return hasFailed ? CallPolicy.End.INTERNAL_ERROR : CallPolicy.End.ANSWERED;
    }

    private int statusOf(Response response) {
        // Revision 2026-07-28: this error is a 400 whoever finds it; all other errors of handlers stay in the body.
        return info.era() == Era.MODERN && response.errorCode() == ErrorCodes.MISSING_CLIENT_CAPABILITY ? 400 : 200;
    }

    private Optional<UpstreamSession> currentSession() {
        lock.lock();
        try {
            return Optional.ofNullable(lease).map(ClientSessions.Lease::session);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void onFailure(UpstreamFailure failure) {
        boolean isForgotten = failure.kind() == UpstreamFailure.Kind.SESSION_LOST && !failure.maybeExecuted();
        if (isForgotten && giveSessionBack(failure)) {
            open(sessions.get());
            return;
        }
        if (isEnded()) {
            return;
        }
        if (failure.kind() == UpstreamFailure.Kind.UNREACHABLE || failure.kind() == UpstreamFailure.Kind.INTERRUPTED) {
            info.upstream().ifPresent(engine::unreached);
        }
        Optional<Duration> pause = course.failed(failure, !isHeardOf(), left());
        if (pause.isPresent()) {
            giveSessionBack();
            engine.after(pause.get(), this::attempt);
        } else {
            fail(failure);
        }
    }

    private boolean isHeardOf() {
        lock.lock();
        try {
            return heardOf;
        } finally {
            lock.unlock();
        }
    }

    private void fail(UpstreamFailure failure) {
        if (end(CallPolicy.End.FAILED)) {
            logFailure(failure.kind(), failure.detail());
            last(() -> refuse(Errors.refusal(failure, info.upstream().orElse("gateway"))));
        }
    }

    /** Lets go of a session that the upstream has forgotten; returns whether that is the first one that it has. */
    private boolean giveSessionBack(UpstreamFailure why) {
        lock.lock();
        try {
            if (ended || loss != null) {
                return false;
            }
            lostIn = lease == null ? null : lease.session();
            loss = why;
        } finally {
            lock.unlock();
        }
        giveSessionBack();
        return true;
    }

    private void giveSessionBack() {
        ClientSessions.Lease used;
        lock.lock();
        try {
            used = lease;
            lease = null;
            handle = null;
        } finally {
            lock.unlock();
        }
        if (used != null) {
            used.giveBack().run();
        }
    }

    private void refuse(Refusal refusal) {
        engine.audit(info, AuditEvent.Outcome.FAILED, refusal.kind().word(), begun);
        sink.answer(
                Response.error(request.id(), Errors.of(refusal, info.correlationId())),
                refusal.kind().status());
    }

    /**
     * A modern upstream needs input and the client is a legacy one: asks the client on its stream, then calls again
     * with the answers.
     */
    private void nextRound(Response response) {
        Map<String, JsonValue> inputs = response.get(Part.RESULT, "inputRequests")
                .map(JsonValue::members)
                .orElse(Map.of());
        lock.lock();
        try {
            rounds++;
        } finally {
            lock.unlock();
        }
        Optional<String> unable = inputs.values().stream()
                .map(Questions::capabilityFor)
                .filter(capability -> !Questions.declares(client.capabilities(), capability))
                .findFirst();
        if (rounds > MAX_ROUNDS || unable.isPresent()) {
            if (end(CallPolicy.End.ANSWERED)) {
                String message = unable.map(capability ->
                                "The client does not support \"" + capability + "\", which this call needs.")
                        .orElse("The call asked for input more than " + MAX_ROUNDS + " times.");
                last(() -> sink.answer(
                        Response.error(request.id(), McpError.of(ErrorCodes.INVALID_REQUEST, message)), 200));
            }
            return;
        }
        Optional<JsonValue> state = response.get(Part.RESULT, "requestState");
        if (inputs.isEmpty()) {
            callAgain(Map.of(), state);
            return;
        }
        Map<String, JsonValue> answers = new ConcurrentHashMap<>();
        AtomicInteger open = new AtomicInteger(inputs.size());
        inputs.forEach((key, input) -> ask(Questions.of(key, input), answer -> {
            answers.put(key, Questions.bareResult(answer));
            if (open.decrementAndGet() == 0) {
                callAgain(answers, state);
            }
        }));
    }

    private void callAgain(Map<String, JsonValue> answers, Optional<JsonValue> state) {
        Optional<UpstreamSession> current = currentSession();
        if (current.isEmpty() || isEnded()) {
            return;
        }
        MessageEdit edit = EraBridge.toModern(request, client)
                .withId(new RequestId(Json.quote(info.correlationId() + "-" + rounds)))
                .edit()
                .set(Part.PARAMS, "inputResponses", Json.write(answers));
        state.ifPresent(value -> edit.set(Part.PARAMS, "requestState", value.toJson()));
        issue(current.get(), (Request) edit.apply());
    }
}
