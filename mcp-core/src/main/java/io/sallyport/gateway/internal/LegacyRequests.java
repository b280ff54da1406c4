package io.sallyport.gateway.internal;

import io.sallyport.catalogue.Kind;
import io.sallyport.filter.Refusal;
import io.sallyport.protocol.Era;
import io.sallyport.protocol.ErrorCodes;
import io.sallyport.protocol.McpError;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.Part;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.Response;
import io.sallyport.spi.SessionRecord;
import io.sallyport.stream.CallNote;
import io.sallyport.stream.SessionStream;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;

/** The requests of sessions that are open: what this gateway answers itself, and what it makes calls for. */
final class LegacyRequests {

    private final Engine engine;
    private final ServedEndpoint endpoint;
    private final Router router;
    private final LegacyCalls calls;

    LegacyRequests(Engine engine, ServedEndpoint endpoint, Router router, LegacyCalls calls) {
        this.engine = engine;
        this.endpoint = endpoint;
        this.router = router;
        this.calls = calls;
    }

    /** Serves a request that is neither {@code initialize} nor an answer. */
    void serve(Request request, LegacySessions.Open open, ClientRequest client) {
        String method = request.method();
        Optional<Kind> listed = ModernProtocol.listedBy(method);
        if (!Methods.isRequest(Era.LEGACY, method)) {
            LegacyProtocol.refuse(request, client, 200, Suggestions.methodNotFound(Era.LEGACY, method));
        } else if (listed.isPresent()) {
            list(request, listed.get(), client, reply(request, open, client, ""));
        } else {
            switch (method) {
                case Methods.PING -> answer(request, open, client, "{}");
                case Methods.SET_LEVEL -> setLevel(request, open, client);
                case Methods.RESOURCES_SUBSCRIBE -> subscribe(request, open, client);
                case Methods.RESOURCES_UNSUBSCRIBE -> unsubscribe(request, open, client);
                default -> router.whenRouted(request, client, route -> calls.make(request, route, open, client));
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

    private void list(Request request, Kind kind, ClientRequest client, LegacyReply reply) {
        if (request.get(Part.PARAMS, "cursor").isPresent()) {
            reply.refuse(Response.error(request.id(), ModernProtocol.unknownCursor()), 200);
            return;
        }
        endpoint.whenTried(request, client, () -> {
            String list = "{\"" + kind.member() + "\":" + endpoint.catalogue().list(kind) + "}";
            reply.answer(Response.resultJson(request.id(), list), 200);
        });
    }

    private void setLevel(Request request, LegacySessions.Open open, ClientRequest client) {
        Optional<String> level = request.getString(Part.PARAMS, "level").filter(LogLevels.ALL::contains);
        if (level.isEmpty()) {
            LegacyProtocol.refuse(
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
        endpoint.upstreams().forEach(upstream -> upstream.logLevel(LegacyCalls.key(open, client), level.get()));
        answer(request, open, client, "{}");
    }

    private void subscribe(Request request, LegacySessions.Open open, ClientRequest client) {
        Router.Route route = router.route(request);
        if (route instanceof Router.NotFound notFound) {
            LegacyProtocol.refuse(request, client, 200, notFound.error());
            return;
        }
        Router.Found found = (Router.Found) route;
        if (!open.session().mayWatch(found.target())) {
            Refusal full = Refusal.of(Refusal.Kind.RATE_LIMITED, "limits", "Too many resources are watched.")
                    .remedy("Unsubscribe from one of them first.");
            LegacyProtocol.refuse(request, client, full.kind().status(), Errors.of(full, client.correlationId()));
            return;
        }
        CompletionStage<Optional<Response>> watching = found.upstream().watch(found.target());
        if (!open.session().watches(found.target(), found.upstream())) {
            found.upstream().unwatch(found.target());
            answer(request, open, client, "{}");
            return;
        }
        LegacyReply reply = reply(request, open, client, found.upstream().name());
        watching.whenComplete((refused, failure) -> ServedEndpoint.answered(request, client, reply::refuse, () -> {
            boolean ok = failure == null && refused.filter(Response::isError).isEmpty();
            if (ok) {
                try {
                    engine.sessions()
                            .update(open.session(), open.kept(), kept -> withSubscription(kept, found.target(), true));
                } catch (RuntimeException e) {
                    // Else the client's next try would find the resource watched, and the store would never know.
                    open.session().unwatch(found.target());
                    throw e;
                }
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
            LegacyProtocol.refuse(request, client, 200, notFound.error());
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
                .node()
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

    /** Ends what a dead node has begun: by doing it again where that changes nothing, else by saying that nobody knows. */
    void goOn(SessionStream stream, CallNote note, LegacySessions.Open open, ClientRequest client) {
        if (note.again().isPresent()) {
            Request request = note.again().get();
            LegacyReply reply = new LegacyReply(engine.ticks(), client, open.session(), note, stream);
            Optional<Kind> listed = ModernProtocol.listedBy(request.method());
            if (listed.isPresent()) {
                list(request, listed.get(), client, reply);
            } else if (request.method().equals(Methods.PING)) {
                reply.answer(Response.resultJson(request.id(), "{}"), 200);
            } else {
                router.whenRouted(request, client, route -> {
                    if (route instanceof Router.NotFound notFound) {
                        reply.refuse(Response.error(note.id(), notFound.error()), 200);
                    } else {
                        calls.makeAgain(request, (Router.Found) route, open, client, reply);
                    }
                });
            }
            return;
        }
        McpError unknown = LegacyCalls.outcomeUnknown(
                note, "The node that made this call has died before it was answered.", client);
        stream.finish(Response.error(note.id(), unknown).onOneLine().toJson());
    }
}
