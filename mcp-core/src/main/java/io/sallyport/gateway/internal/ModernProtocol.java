package io.sallyport.gateway.internal;

import io.sallyport.catalogue.Kind;
import io.sallyport.filter.Refusal;
import io.sallyport.protocol.Era;
import io.sallyport.protocol.ErrorCodes;
import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.McpError;
import io.sallyport.protocol.Message;
import io.sallyport.protocol.MetaKeys;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.Part;
import io.sallyport.protocol.ProtocolVersion;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.Response;
import io.sallyport.upstream.CallSpec;
import io.sallyport.upstream.SessionSpec;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Serves modern requests (revision 2026-07-28): each stands alone. */
final class ModernProtocol {

    private final Engine engine;
    private final ServedEndpoint endpoint;
    private final Router router;
    private final Set<ModernListen> listening = ConcurrentHashMap.newKeySet();

    ModernProtocol(Engine engine, ServedEndpoint endpoint) {
        this.engine = engine;
        this.endpoint = endpoint;
        this.router = new Router(endpoint);
    }

    void handle(Message message, ClientRequest client) {
        if (!(message instanceof Request request)) {
            // Closing the stream is what cancels over HTTP; no notification of a client has any other meaning here.
            client.answer(202, Http.NONE, null);
            return;
        }
        String method = request.method();
        Optional<Kind> listed = listedBy(method);
        if (!Methods.isRequest(Era.MODERN, method) || !isOffered(method, listed)) {
            client.answer(404, Http.JSON, Response.error(request.id(), Suggestions.methodNotFound(Era.MODERN, method)));
        } else if (method.equals(Methods.DISCOVER)) {
            endpoint.whenTried(request, client, () -> client.answer(200, Http.JSON, discover(request)));
        } else if (listed.isPresent()) {
            list(request, listed.get(), client);
        } else if (method.equals(Methods.SUBSCRIPTIONS_LISTEN)) {
            listen(request, client);
        } else {
            router.whenRouted(request, client, route -> call(request, route, client));
        }
    }

    static Optional<Kind> listedBy(String method) {
        for (Kind kind : Kind.values()) {
            if (kind.listMethod().equals(method)) {
                return Optional.of(kind);
            }
        }
        return Optional.empty();
    }

    /** Methods of capabilities that are not declared do not exist. */
    private boolean isOffered(String method, Optional<Kind> listed) {
        String capability = listed.map(Kind::capability)
                .orElse(
                        switch (method) {
                            case Methods.PROMPTS_GET -> "prompts";
                            case Methods.RESOURCES_READ -> "resources";
                            case Methods.COMPLETE -> "completions";
                            default -> "";
                        });
        return capability.isEmpty() || capability.equals("tools") || endpoint.has(capability);
    }

    private Response discover(Request request) {
        StringBuilder result = new StringBuilder("{\"supportedVersions\":")
                .append(Json.write(ProtocolVersion.MODERN))
                .append(",\"capabilities\":")
                .append(Json.write(endpoint.capabilities()));
        endpoint.instructions()
                .ifPresent(text -> result.append(",\"instructions\":").append(Json.quote(text)));
        return complete(request, result);
    }

    private void list(Request request, Kind kind, ClientRequest client) {
        if (request.get(Part.PARAMS, "cursor").isPresent()) {
            client.answer(200, Http.JSON, Response.error(request.id(), unknownCursor()));
            return;
        }
        endpoint.whenTried(request, client, () -> {
            StringBuilder result = new StringBuilder("{\"")
                    .append(kind.member())
                    .append("\":")
                    .append(endpoint.catalogue().list(kind));
            client.answer(200, Http.JSON, complete(request, result));
        });
    }

    static McpError unknownCursor() {
        return McpError.of(ErrorCodes.INVALID_PARAMS, "Unknown cursor: the list has one page");
    }

    /** Ends a result of the gateway's own: complete, not to be cached for long, and from whom. */
    private Response complete(Request request, StringBuilder result) {
        result.append(",\"resultType\":\"complete\",\"ttlMs\":0,\"cacheScope\":\"private\",\"_meta\":{")
                .append(Json.quote(MetaKeys.SERVER_INFO))
                .append(':')
                .append(endpoint.serverInfo())
                .append("}}");
        return Response.resultJson(request.id(), result.toString());
    }

    private void call(Request request, Router.Route route, ClientRequest client) {
        if (route instanceof Router.NotFound notFound) {
            client.answer(200, Http.JSON, Response.error(request.id(), notFound.error()));
            return;
        }
        Router.Found found = (Router.Found) route;
        Optional<McpError> mismatch =
                found.paramHeaders().mismatch(request.get(Part.PARAMS, "arguments"), client.headers());
        if (mismatch.isPresent()) {
            client.answer(400, Http.JSON, Response.error(request.id(), mismatch.get()));
            return;
        }
        CallInfo info = new CallInfo(
                endpoint.path(),
                client.principal(),
                Era.MODERN,
                request.method(),
                Optional.of(found.upstream().name()),
                Optional.of(found.target()),
                client.correlationId(),
                Optional.empty());
        long begun = engine.ticks().now();
        Filters.Outcome filtered = engine.filters().request(info, found.request());
        if (filtered instanceof Filters.Answered answered) {
            engine.audit(info, answered.outcome(), answered.reason(), begun);
            client.answer(answered.httpStatus(), Http.jsonWith(answered.headers()), answered.response());
            return;
        }
        Request toSend = ((Filters.GoesOn) filtered).request();
        ModernReply reply = new ModernReply(engine.ticks(), client);
        EraBridge.ClientFacts facts = new EraBridge.ClientFacts(
                "{}",
                engine.settings().clientInfo(),
                toSend.getString(Part.PARAMS_META, MetaKeys.LOG_LEVEL).filter(LogLevels.ALL::contains));
        CallSpec spec = new CallSpec(
                client.principal(),
                client.correlationId(),
                client.headers(),
                MirroredHeaders.of(found.paramHeaders(), toSend, client.headers()));
        // Legacy upstreams are told of no capabilities: what they would ask could not be passed on to this client.
        SessionSpec session = new SessionSpec(
                client.principal(), Era.MODERN, "{}", engine.settings().clientInfo());
        Call call = new Call(
                engine,
                info,
                facts,
                spec,
                reply,
                toSend,
                () -> found.upstream()
                        .sessionFor(
                                new ClientSessions.Key(client.principal(), Optional.empty()),
                                session,
                                facts.logLevel(),
                                new NobodyListens()));
        reply.onGone(() -> call.cancel("the client closed the stream"));
        call.start();
    }

    private void listen(Request request, ClientRequest client) {
        if (!client.acceptsStream()) {
            client.answer(
                    406,
                    Http.JSON,
                    Response.error(
                            request.id(),
                            McpError.of(
                                    ErrorCodes.INVALID_REQUEST,
                                    "subscriptions/listen answers with a stream; send Accept: text/event-stream")));
            return;
        }
        Optional<JsonValue> filter = request.get(Part.PARAMS, "notifications").filter(JsonValue::isObject);
        if (filter.isEmpty()) {
            client.answer(
                    400,
                    Http.JSON,
                    Response.error(
                            request.id(),
                            McpError.of(ErrorCodes.INVALID_PARAMS, "params.notifications must be an object")));
            return;
        }
        if (!engine.streams().take(client.principal())) {
            Refusal full = LegacyProtocol.tooManyStreams();
            client.answer(
                    full.kind().status(),
                    Http.JSON,
                    Response.error(request.id(), Errors.of(full, client.correlationId())));
            return;
        }
        ModernListen listen = new ModernListen(engine, endpoint, request, filter.get());
        listening.add(listen);
        listen.open(client, () -> {
            listening.remove(listen);
            engine.streams().giveBack(client.principal());
        });
    }

    void close() {
        listening.forEach(ModernListen::finish);
    }
}
