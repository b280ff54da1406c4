package io.sallyport.gateway.internal;

import io.sallyport.catalogue.Kind;
import io.sallyport.filter.Refusal;
import io.sallyport.protocol.ErrorCodes;
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
import io.sallyport.spi.StoreUnavailableException;
import io.sallyport.stream.CallNote;
import io.sallyport.stream.ClusterNode;
import io.sallyport.stream.EventStream;
import io.sallyport.stream.SessionStream;
import io.sallyport.stream.SessionStreams;
import io.sallyport.stream.Sse;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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
    private final LegacyCalls calls;
    private final LegacyRequests requests;

    LegacyProtocol(Engine engine, ServedEndpoint endpoint) {
        this.engine = engine;
        this.endpoint = endpoint;
        Router router = new Router(endpoint);
        this.calls = new LegacyCalls(engine, endpoint, router, Resumed::new);
        this.requests = new LegacyRequests(engine, endpoint, router, calls);
    }

    /** Returns what makes calls, for other nodes too. */
    LegacyCalls calls() {
        return calls;
    }

    void handle(Message message, ClientRequest client) {
        whileTheStoreIsThere(message, client, () -> serve(message, client));
    }

    /** Runs what serves a request. A store that cannot be reached is no fault of the request: it may be sent again. */
    static void whileTheStoreIsThere(@Nullable Message message, ClientRequest client, Runnable action) {
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
            requests.serve(request, open, client);
        } else if (message instanceof Notification notification) {
            notification(notification, open, client);
            client.answer(202, Http.NONE, null);
        } else {
            answer((Response) message, open, client);
        }
    }

    /** Takes an answer to what the client was asked, maybe by another node: that one's inbox keeps what is acknowledged. */
    private void answer(Response response, LegacySessions.Open open, ClientRequest client) {
        ClusterNode node = engine.sessions().node();
        Optional<String> other = LegacySession.askedBy(response).filter(name -> !name.equals(node.name()));
        if (other.isEmpty()) {
            open.session().answered(response);
            client.answer(202, Http.NONE, null);
            return;
        }
        if (!node.isShared()) {
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
        ClusterBus.Posted posted = node.post(
                other.get(), LegacySessions.answerLetter(open.session().key(), response));
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

    static void refuse(@Nullable Message message, ClientRequest client, int status, McpError error) {
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
            case Methods.ROOTS_CHANGED -> {
                endpoint.upstreams().forEach(upstream -> upstream.tell(LegacyCalls.key(open, client), notification));
                engine.sessions()
                        .node()
                        .tellOthers(Map.of(
                                "kind",
                                "tell",
                                "session",
                                open.session().key(),
                                "message",
                                JsonValue.trusted(notification.onOneLine().toJson())));
            }
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
                    .node()
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
            listens(open, open.session().streams().listen(connection));
        } else {
            open.session().streams().resume(connection, lastEvent.get(), new Resumed(open, client));
        }
    }

    /** The client listens here, and no longer elsewhere. */
    private void listens(LegacySessions.Open open, SessionStream stream) {
        open.kept().subscriptions().forEach(uri -> engine.sessions().watch(endpoint, open.session(), uri));
        engine.sessions()
                .node()
                .tellOthers(Map.of("kind", "listens", "session", open.session().key(), "stream", stream.name()));
    }

    /** What is due when a client goes on with a stream. */
    private final class Resumed implements SessionStreams.Continuation {

        private final LegacySessions.Open open;
        private final ClientRequest client;

        Resumed(LegacySessions.Open open, ClientRequest client) {
            this.open = open;
            this.client = client;
        }

        @Override
        public void listensAgain(SessionStream stream) {
            open.session().tellMissed(stream);
        }

        @Override
        public void listensHere(SessionStream stream) {
            listens(open, stream);
            tellOfAll(open);
        }

        @Override
        public void inherits(SessionStream stream, CallNote call) {
            requests.goOn(stream, call, open, client);
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
