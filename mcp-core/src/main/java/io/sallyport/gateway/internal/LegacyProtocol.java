package io.sallyport.gateway.internal;

import io.sallyport.catalogue.Kind;
import io.sallyport.filter.Refusal;
import io.sallyport.protocol.Era;
import io.sallyport.protocol.ErrorCodes;
import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.McpError;
import io.sallyport.protocol.McpHeaders;
import io.sallyport.protocol.Message;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Part;
import io.sallyport.protocol.ProtocolVersion;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.RequestId;
import io.sallyport.protocol.Response;
import io.sallyport.spi.ClusterBus;
import io.sallyport.spi.SessionRecord;
import io.sallyport.spi.StoreUnavailableException;
import io.sallyport.upstream.CallSpec;
import io.sallyport.upstream.SessionSpec;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Serves sessions (revisions 2025-03-26 to 2025-11-25). */
final class LegacyProtocol {

    /** What it says is kept as long as the session, and goes to a modern upstream with each call. */
    private static final int MAX_INITIALIZE_BYTES = 64 * 1024;

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.session");

    private final Engine engine;
    private final ServedEndpoint endpoint;
    private final Router router;

    LegacyProtocol(Engine engine, ServedEndpoint endpoint) {
        this.engine = engine;
        this.endpoint = endpoint;
        this.router = new Router(endpoint);
    }

    void handle(Message message, ClientRequest client) {
        whileTheStoreIsThere(message, client, () -> serve(message, client));
    }

    /** Runs what serves a request. A store that cannot be reached is no fault of the request: it may be sent again. */
    private static void whileTheStoreIsThere(@Nullable Message message, ClientRequest client, Runnable action) {
        try {
            action.run();
        } catch (StoreUnavailableException e) {
            LOGGER.atDebug()
                    .addKeyValue("correlationId", client.correlationId())
                    .setCause(e)
                    .log("the store of sessions was not reached");
            Refusal down = Errors.sessionsDown();
            refuse(message, client, down.kind().status(), Errors.of(down, client.correlationId()));
        }
    }

    private void serve(Message message, ClientRequest client) {
        if (message instanceof Request request && request.method().equals(Methods.INITIALIZE)) {
            endpoint.whenTried(request, client, () -> initialize(request, client));
            return;
        }
        LegacySessions.Open open = session(message, client);
        if (open == null) {
            return;
        }
        if (message instanceof Request request) {
            request(request, open, client);
        } else if (message instanceof Notification notification) {
            notification(notification, open, client);
            client.answer(202, Http.NONE, null);
        } else {
            answer((Response) message, open, client);
        }
    }

    /** Takes an answer to what the client was asked, maybe by another node: that one's inbox keeps what is acknowledged. */
    private void answer(Response response, LegacySessions.Open open, ClientRequest client) {
        Cluster cluster = engine.sessions().cluster();
        Optional<String> other = LegacySession.askedBy(response).filter(node -> !node.equals(cluster.node()));
        if (other.isEmpty()) {
            open.session().answered(response);
            client.answer(202, Http.NONE, null);
            return;
        }
        if (!cluster.isShared()) {
            // To accept it would be to lose it.
            refuse(
                    response,
                    client,
                    400,
                    McpError.of(
                            ErrorCodes.INVALID_REQUEST,
                            "Another node has asked this, and this one cannot pass the answer on"));
            return;
        }
        ClusterBus.Posted posted = cluster.post(
                other.get(),
                Map.of(
                        "kind", "answer",
                        "session", open.session().key(),
                        "message", JsonValue.trusted(response.onOneLine().toJson())));
        if (posted == ClusterBus.Posted.FULL) {
            Refusal full = Refusal.of(
                    Refusal.Kind.OVERLOADED, "sessions", "The node that waits for this answer does not keep up.");
            refuse(response, client, full.kind().status(), Errors.of(full, client.correlationId()));
            return;
        }
        // Nobody waits any more for the answer to what a dead node has asked.
        client.answer(202, Http.NONE, null);
    }

    /** Returns the session that the headers name; null if there is none, and then the client was told. */
    private LegacySessions.@Nullable Open session(@Nullable Message message, ClientRequest client) {
        List<String> ids = client.headers().values(McpHeaders.SESSION_ID);
        if (ids.size() != 1) {
            refuse(message, client, 400, noSession(message, ids.size()));
            return null;
        }
        LegacySessions.Found found = engine.sessions().find(ids.get(0), endpoint.path(), client.principal());
        if (found instanceof LegacySessions.None none) {
            refuse(message, client, 404, Errors.sessionNotFound(none.reason(), client.correlationId()));
            return null;
        }
        LegacySessions.Open open = (LegacySessions.Open) found;
        List<String> versions = client.headers().values(McpHeaders.PROTOCOL_VERSION);
        boolean known = versions.isEmpty()
                || versions.size() == 1
                        && ProtocolVersion.isServedLegacy(versions.get(0).strip());
        if (!known) {
            refuse(
                    message,
                    client,
                    400,
                    new McpError(
                            ErrorCodes.INVALID_REQUEST,
                            "The header " + McpHeaders.PROTOCOL_VERSION + " names no revision that is served here; "
                                    + "this session speaks " + open.kept().protocolVersion(),
                            Map.of("supported", ProtocolVersion.LEGACY)));
            return null;
        }
        return open;
    }

    private static McpError noSession(@Nullable Message message, int headers) {
        if (headers > 1) {
            return McpError.of(
                    ErrorCodes.INVALID_REQUEST, "The header " + McpHeaders.SESSION_ID + " was sent more than once");
        }
        String hint = "";
        if (message == null) {
            hint = "; GET and DELETE are for sessions, which a posted initialize opens";
        } else if (message instanceof Request) {
            hint = "; send initialize first and repeat the " + McpHeaders.SESSION_ID + " of its answer, or send a "
                    + "request of revision " + ProtocolVersion.V2026_07_28 + ", which needs none. If initialize "
                    + "gave one, a proxy may be removing the header";
        }
        return McpError.of(
                ErrorCodes.INVALID_REQUEST, "Bad Request: the header " + McpHeaders.SESSION_ID + " is missing" + hint);
    }

    private static void refuse(@Nullable Message message, ClientRequest client, int status, McpError error) {
        client.answer(
                status, Http.JSON, Response.error(message instanceof Request request ? request.id() : null, error));
    }

    private void initialize(Request request, ClientRequest client) {
        Optional<String> requested = request.getString(Part.PARAMS, "protocolVersion");
        if (requested.isEmpty()) {
            refuse(
                    request,
                    client,
                    400,
                    McpError.of(ErrorCodes.INVALID_PARAMS, "params.protocolVersion must be a string"));
            return;
        }
        if (request.size() > MAX_INITIALIZE_BYTES) {
            refuse(
                    request,
                    client,
                    400,
                    McpError.of(
                            ErrorCodes.INVALID_PARAMS,
                            "initialize has more than " + MAX_INITIALIZE_BYTES + " bytes, which are allowed"));
            return;
        }
        String version = ProtocolVersion.negotiateLegacy(requested.get());
        LegacySessions.Opening opening = engine.sessions()
                .open(
                        endpoint.path(),
                        client.principal(),
                        version,
                        request.get(Part.PARAMS).map(JsonValue::toJson).orElse("{}"));
        if (opening instanceof LegacySessions.TooLong) {
            refuse(
                    request,
                    client,
                    400,
                    McpError.of(
                            ErrorCodes.INVALID_PARAMS,
                            "params.capabilities and params.clientInfo are larger than a session's id can hold, and "
                                    + "this gateway keeps its sessions nowhere else"));
            return;
        }
        if (!(opening instanceof LegacySessions.Begun begun)) {
            Refusal full = Refusal.of(Refusal.Kind.OVERLOADED, "sessions", "There is no room for another session.");
            refuse(request, client, full.kind().status(), Errors.of(full, client.correlationId()));
            return;
        }
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("protocolVersion", version);
        result.put("capabilities", endpoint.capabilities());
        result.put("serverInfo", JsonValue.trusted(endpoint.serverInfo()));
        endpoint.instructions().ifPresent(text -> result.put("instructions", text));
        Response response = Response.result(request.id(), result);
        if (client.acceptsJson()) {
            client.answer(200, Map.of("Content-Type", "application/json", McpHeaders.SESSION_ID, begun.id()), response);
        } else {
            Map<String, String> headers = new LinkedHashMap<>(Sse.HEADERS);
            headers.put(McpHeaders.SESSION_ID, begun.id());
            EventStream stream = client.openStream(headers);
            stream.send(Sse.event(response));
            stream.close();
        }
    }

    private void notification(Notification notification, LegacySessions.Open open, ClientRequest client) {
        switch (notification.method()) {
            case Methods.CANCELLED -> cancel(notification, open);
            case Methods.ROOTS_CHANGED ->
                endpoint.upstreams().forEach(upstream -> upstream.tell(key(open, client), notification));
            default -> {
                // The client is ready, or tells of something that concerns nobody here.
            }
        }
    }

    private void cancel(Notification cancelled, LegacySessions.Open open) {
        Optional<RequestId> id = cancelled
                .get(Part.PARAMS, "requestId")
                .filter(value -> value.kind() == JsonValue.Kind.STRING || value.kind() == JsonValue.Kind.NUMBER)
                .map(value -> new RequestId(value.toJson()));
        String reason = cancelled.getString(Part.PARAMS, "reason").orElse("the client cancelled");
        if (id.isPresent() && !open.session().cancel(id.get(), reason)) {
            engine.sessions()
                    .cluster()
                    .tellOthers(Map.of(
                            "kind",
                            "cancel",
                            "session",
                            open.session().key(),
                            "id",
                            id.get().token(),
                            "reason",
                            reason));
        }
    }

    private static ClientSessions.Key key(LegacySessions.Open open, ClientRequest client) {
        return new ClientSessions.Key(
                client.principal(), Optional.of(open.session().key()));
    }

    private void request(Request request, LegacySessions.Open open, ClientRequest client) {
        String method = request.method();
        Optional<Kind> listed = ModernProtocol.listedBy(method);
        if (!Methods.isRequest(Era.LEGACY, method)) {
            refuse(request, client, 200, Suggestions.methodNotFound(Era.LEGACY, method));
        } else if (listed.isPresent()) {
            list(request, listed.get(), open, client);
        } else {
            switch (method) {
                case Methods.PING -> answer(request, open, client, "{}");
                case Methods.SET_LEVEL -> setLevel(request, open, client);
                case Methods.RESOURCES_SUBSCRIBE -> subscribe(request, open, client);
                case Methods.RESOURCES_UNSUBSCRIBE -> unsubscribe(request, open, client);
                default -> router.whenRouted(request, client, route -> call(request, route, open, client));
            }
        }
    }

    /** Answers at once, in the form that the client takes. */
    private void answer(Request request, LegacySessions.Open open, ClientRequest client, String result) {
        reply(request, open, client, "").answer(Response.resultJson(request.id(), result), 200);
    }

    private LegacyReply reply(Request request, LegacySessions.Open open, ClientRequest client, String upstream) {
        return new LegacyReply(engine.ticks(), client, open.session(), CallNote.of(request, upstream));
    }

    private void list(Request request, Kind kind, LegacySessions.Open open, ClientRequest client) {
        if (request.get(Part.PARAMS, "cursor").isPresent()) {
            refuse(request, client, 200, ModernProtocol.unknownCursor());
            return;
        }
        endpoint.whenTried(
                request,
                client,
                () -> answer(
                        request,
                        open,
                        client,
                        "{\"" + kind.member() + "\":" + endpoint.catalogue().list(kind) + "}"));
    }

    private void setLevel(Request request, LegacySessions.Open open, ClientRequest client) {
        Optional<String> level = request.getString(Part.PARAMS, "level").filter(LogLevels.ALL::contains);
        if (level.isEmpty()) {
            refuse(
                    request,
                    client,
                    200,
                    McpError.of(
                            ErrorCodes.INVALID_PARAMS,
                            "params.level must be one of debug, info, notice, warning, error, critical, alert, "
                                    + "emergency"));
            return;
        }
        engine.sessions().update(open.session(), open.kept(), kept -> kept.withLogLevel(level.get()));
        endpoint.upstreams().forEach(upstream -> upstream.logLevel(key(open, client), level.get()));
        answer(request, open, client, "{}");
    }

    private void subscribe(Request request, LegacySessions.Open open, ClientRequest client) {
        Router.Route route = router.route(request);
        if (route instanceof Router.NotFound notFound) {
            refuse(request, client, 200, notFound.error());
            return;
        }
        Router.Found found = (Router.Found) route;
        if (!open.session().mayWatch(found.target())) {
            Refusal full = Refusal.of(Refusal.Kind.RATE_LIMITED, "limits", "Too many resources are watched.")
                    .remedy("Unsubscribe from one of them first.");
            refuse(request, client, full.kind().status(), Errors.of(full, client.correlationId()));
            return;
        }
        CompletionStage<Optional<Response>> watching = found.upstream().watch(found.target());
        if (!open.session().watches(found.target(), found.upstream())) {
            found.upstream().unwatch(found.target());
            answer(request, open, client, "{}");
            return;
        }
        LegacyReply reply = reply(request, open, client, found.upstream().name());
        watching.whenComplete((refused, failure) -> ServedEndpoint.answered(request, client, () -> {
            boolean ok = failure == null && refused.filter(Response::isError).isEmpty();
            if (ok) {
                engine.sessions()
                        .update(open.session(), open.kept(), kept -> withSubscription(kept, found.target(), true));
                tellOthersWatched(open, found.target(), true);
                reply.answer(Response.resultJson(request.id(), "{}"), 200);
                return;
            }
            open.session().unwatch(found.target());
            Response error = failure == null
                    ? refused.orElseThrow().withId(request.id())
                    : Response.error(
                            request.id(),
                            Errors.of(
                                    Refusal.of(
                                            Refusal.Kind.UPSTREAM_UNAVAILABLE,
                                            found.upstream().name(),
                                            "\"" + found.upstream().name() + "\" cannot be reached just now."),
                                    client.correlationId()));
            reply.answer(error, 200);
        }));
    }

    private void unsubscribe(Request request, LegacySessions.Open open, ClientRequest client) {
        Router.Route route = router.route(request);
        if (route instanceof Router.NotFound notFound) {
            refuse(request, client, 200, notFound.error());
            return;
        }
        Router.Found found = (Router.Found) route;
        boolean wasWatched = open.session().unwatch(found.target());
        if (wasWatched || open.kept().subscriptions().contains(found.target())) {
            engine.sessions()
                    .update(open.session(), open.kept(), kept -> withSubscription(kept, found.target(), false));
            tellOthersWatched(open, found.target(), false);
        }
        answer(request, open, client, "{}");
    }

    /** The node at which the client listens has to hear what changes. */
    private void tellOthersWatched(LegacySessions.Open open, String uri, boolean isWatched) {
        engine.sessions()
                .cluster()
                .tellOthers(Map.of(
                        "kind",
                        "watches",
                        "session",
                        open.session().key(),
                        "endpoint",
                        endpoint.path(),
                        "uri",
                        uri,
                        "on",
                        isWatched));
    }

    private static SessionRecord withSubscription(SessionRecord kept, String uri, boolean watched) {
        Set<String> uris = new LinkedHashSet<>(kept.subscriptions());
        if (watched) {
            uris.add(uri);
        } else {
            uris.remove(uri);
        }
        return kept.withSubscriptions(uris);
    }

    private void call(Request request, Router.Route route, LegacySessions.Open open, ClientRequest client) {
        if (route instanceof Router.NotFound notFound) {
            refuse(request, client, 200, notFound.error());
            return;
        }
        Router.Found found = (Router.Found) route;
        call(
                request,
                found,
                open,
                client,
                reply(request, open, client, found.upstream().name()));
    }

    private void call(
            Request request, Router.Found found, LegacySessions.Open open, ClientRequest client, LegacyReply reply) {
        CallInfo info = new CallInfo(
                endpoint.path(),
                client.principal(),
                Era.LEGACY,
                request.method(),
                Optional.of(found.upstream().name()),
                Optional.of(found.target()),
                client.correlationId(),
                Optional.of(open.session().key()));
        long begun = engine.ticks().now();
        Filters.Outcome filtered = engine.filters().request(info, found.request());
        if (filtered instanceof Filters.Answered answered) {
            engine.audit(info, answered.outcome(), answered.reason(), begun);
            reply.refuse(answered.response(), answered.httpStatus());
            return;
        }
        Request toSend = ((Filters.GoesOn) filtered).request();
        EraBridge.ClientFacts facts = new EraBridge.ClientFacts(
                open.session().client().capabilities(),
                open.session().client().info(),
                open.kept().logLevel());
        Call call = new Call(
                engine,
                info,
                facts,
                new CallSpec(
                        client.principal(),
                        client.correlationId(),
                        client.headers(),
                        MirroredHeaders.of(found.paramHeaders(), toSend)),
                reply,
                toSend);
        if (!open.session().begin(request.id(), call)) {
            reply.refuse(
                    Response.error(
                            request.id(),
                            McpError.of(
                                    ErrorCodes.INVALID_REQUEST,
                                    "A request with the id "
                                            + Json.write(request.id().token())
                                            + " is still under way in this session")),
                    400);
            return;
        }
        SessionSpec session = new SessionSpec(client.principal(), Era.LEGACY, facts.capabilities(), facts.info());
        call.start(() -> found.upstream()
                .sessionFor(
                        key(open, client),
                        session,
                        facts.logLevel(),
                        open.session().outsideCallsOf(found.upstream().name()))
                .whenComplete((opened, failure) -> {
                    if (open.session().hasEnded()) {
                        // Perhaps opened after the end of the client's session had closed all that it had.
                        found.upstream().release(open.session().key());
                    }
                }));
    }

    /** Opens the stream for what comes outside calls, or goes on with a stream that was lost. */
    void handleGet(ClientRequest client) {
        whileTheStoreIsThere(null, client, () -> get(client));
    }

    private void get(ClientRequest client) {
        if (!client.acceptsStream()) {
            refuse(
                    null,
                    client,
                    406,
                    McpError.of(
                            ErrorCodes.INVALID_REQUEST, "GET answers with a stream; send Accept: text/event-stream"));
            return;
        }
        LegacySessions.Open open = session(null, client);
        if (open == null) {
            return;
        }
        if (!engine.streams().take(client.principal())) {
            Refusal full = tooManyStreams();
            refuse(null, client, full.kind().status(), Errors.of(full, client.correlationId()));
            return;
        }
        Optional<String> lastEvent = client.headers().single(McpHeaders.LAST_EVENT_ID);
        EventStream connection = client.openStream(Sse.HEADERS);
        connection.onEnd(() -> engine.streams().giveBack(client.principal()));
        if (lastEvent.isEmpty()) {
            open.session().listen(connection);
            listens(open);
        } else {
            engine.sessions().streams().executor().execute(() -> resume(connection, lastEvent.get(), open, client));
        }
    }

    /** The client listens here, and no longer elsewhere. */
    private void listens(LegacySessions.Open open) {
        open.kept().subscriptions().forEach(uri -> engine.sessions().watch(endpoint, open.session(), uri));
        engine.sessions()
                .cluster()
                .tellOthers(Map.of("kind", "listens", "session", open.session().key()));
    }

    /** Goes on with a stream that was lost, wherever it was; never shows another stream's events. */
    private void resume(EventStream connection, String lastEvent, LegacySessions.Open open, ClientRequest client) {
        String name = LegacySession.streamOf(lastEvent);
        long number = LegacySession.numberOf(lastEvent);
        LegacySession session = open.session();
        if (number < 0) {
            connection.close();
        } else if (session.resume(connection, name, number).isPresent()) {
            return;
        } else if (engine.sessions().streams().log() == null) {
            // Nothing is kept: ending at once says so.
            connection.close();
        } else if (LegacySession.isStandalone(name)) {
            Runnable then = () -> {
                listens(open);
                tellOfAll(open);
            };
            if (session.takeStandalone(connection, name, number, then).isEmpty()) {
                connection.close();
            }
        } else {
            new LegacyTail(
                            engine.sessions().streams(),
                            engine.sessions().cluster(),
                            session,
                            name,
                            connection,
                            number,
                            inherited -> goOn(inherited, open, client))
                    .start();
        }
    }

    /** What changed while the client came from another node, nobody here knows; to look again does no harm. */
    private void tellOfAll(LegacySessions.Open open) {
        Set<Kind> kinds = EnumSet.noneOf(Kind.class);
        for (Kind kind : Kind.values()) {
            if (endpoint.has(kind == Kind.TEMPLATE ? Kind.RESOURCE.member() : kind.member())) {
                kinds.add(kind);
            }
        }
        open.session().listsChanged(kinds);
        open.kept()
                .subscriptions()
                .forEach(uri -> open.session()
                        .resourceUpdated(uri, Notification.of(Methods.RESOURCE_UPDATED, Map.of("uri", uri))));
    }

    /** Ends what a dead node has begun: by doing it again where that changes nothing, else by saying that nobody knows. */
    private void goOn(LegacySession.Inherited inherited, LegacySessions.Open open, ClientRequest client) {
        CallNote note = CallNote.decoded(inherited.about());
        if (note.again().isPresent()) {
            Request request = note.again().get();
            LegacyReply reply = new LegacyReply(engine.ticks(), client, open.session(), note, inherited.stream());
            router.whenRouted(request, client, route -> {
                if (route instanceof Router.Found found) {
                    call(request, found, open, client, reply);
                } else {
                    reply.refuse(Response.error(note.id(), ((Router.NotFound) route).error()), 200);
                }
            });
            return;
        }
        Refusal unknown = Refusal.of(
                        Refusal.Kind.OUTCOME_UNKNOWN,
                        note.upstream().isEmpty() ? "gateway" : note.upstream(),
                        "The node that made this call has died before it was answered.")
                .remedy(Errors.MAYBE_EXECUTED);
        inherited.stream().finish(Response.error(note.id(), Errors.of(unknown, client.correlationId())));
    }

    static Refusal tooManyStreams() {
        return Refusal.of(Refusal.Kind.RATE_LIMITED, "limits", "Too many streams are open.")
                .remedy("Close one of them first.");
    }

    void handleDelete(ClientRequest client) {
        whileTheStoreIsThere(null, client, () -> delete(client));
    }

    private void delete(ClientRequest client) {
        LegacySessions.Open open = session(null, client);
        if (open != null) {
            engine.sessions().endedByClient(open.session().key());
            client.answer(200, Http.NONE, null);
        }
    }
}
