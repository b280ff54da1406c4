package io.sallyport.gateway.internal;

import io.sallyport.filter.Refusal;
import io.sallyport.protocol.Era;
import io.sallyport.protocol.ErrorCodes;
import io.sallyport.protocol.McpError;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.Response;
import io.sallyport.spi.StoreUnavailableException;
import io.sallyport.stream.CallNote;
import io.sallyport.stream.SessionStream;
import io.sallyport.stream.SessionStreams;
import io.sallyport.upstream.CallSpec;
import io.sallyport.upstream.SessionSpec;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Consumer;

/** The calls that requests of sessions ask for: made here, by another node for this one, or by this one for another. */
final class LegacyCalls {

    private final Engine engine;
    private final ServedEndpoint endpoint;
    private final Router router;

    /** What is due when a client goes on with a stream that it has lost. */
    private final BiFunction<LegacySessions.Open, ClientRequest, SessionStreams.Continuation> continuations;

    LegacyCalls(
            Engine engine,
            ServedEndpoint endpoint,
            Router router,
            BiFunction<LegacySessions.Open, ClientRequest, SessionStreams.Continuation> continuations) {
        this.engine = engine;
        this.endpoint = endpoint;
        this.router = router;
        this.continuations = continuations;
    }

    /** Returns whose sessions at upstreams they are. */
    static ClientSessions.Key key(LegacySessions.Open open, ClientRequest client) {
        return new ClientSessions.Key(
                client.principal(), Optional.of(open.session().key()));
    }

    /** Makes the call that a request asks for, here or at the node that has to. */
    void make(Request request, Router.Route route, LegacySessions.Open open, ClientRequest client) {
        if (route instanceof Router.NotFound notFound) {
            LegacyProtocol.refuse(request, client, 200, notFound.error());
            return;
        }
        Router.Found found = (Router.Found) route;
        LegacyProtocol.whileTheStoreIsThere(request, client, () -> {
            UpstreamStates.Place place = engine.sessions().states().placeOf(open.kept(), found.upstream());
            if (place instanceof UpstreamStates.At at) {
                callAt(at.node(), request, found, open, client);
            } else {
                LegacyReply reply = new LegacyReply(
                        engine.ticks(),
                        client,
                        open.session(),
                        CallNote.of(request, found.upstream().name()));
                if (place instanceof UpstreamStates.Lost) {
                    reply.refuse(Response.error(request.id(), stateLost(found.upstream(), client)), 200);
                } else {
                    call(request, found, open, client, reply);
                }
            }
        });
    }

    private static McpError stateLost(UpstreamManager upstream, ClientRequest client) {
        Refusal lost = Refusal.of(
                        Refusal.Kind.UPSTREAM_STATE_LOST,
                        upstream.name(),
                        "What \"" + upstream.name() + "\" knew of this session was lost with the node that had it.")
                .remedy("Call again; \"" + upstream.name() + "\" begins anew.");
        return Errors.of(lost, client.correlationId());
    }

    /** Has the node that has what the upstream knows of the session make the call. */
    private void callAt(
            String node, Request request, Router.Found found, LegacySessions.Open open, ClientRequest client) {
        CallNote note = CallNote.of(request, found.upstream().name());
        Response ifGone = Response.error(
                request.id(), outcomeUnknown(note, "What came of this call was not kept long enough.", client));
        CallsElsewhere.Forwarded forwarded = engine.sessions()
                .elsewhere()
                .forward(
                        node,
                        request,
                        note,
                        endpoint.path(),
                        open.session(),
                        client,
                        continuations.apply(open, client),
                        ifGone);
        if (forwarded == CallsElsewhere.Forwarded.UNKNOWN) {
            McpError unknown =
                    outcomeUnknown(note, "Nobody knows whether this call reached the node that makes it.", client);
            LegacyProtocol.refuse(request, client, Refusal.Kind.OUTCOME_UNKNOWN.status(), unknown);
        } else if (forwarded == CallsElsewhere.Forwarded.NO_ROOM) {
            Refusal busy = Refusal.of(
                    Refusal.Kind.OVERLOADED, "sessions", "The node that has to make this call does not keep up.");
            LegacyProtocol.refuse(request, client, busy.kind().status(), Errors.of(busy, client.correlationId()));
        }
    }

    /** Makes a call that another node has asked for; the client is that one's. */
    void makeForOther(CallsElsewhere.Asked asked, LegacySessions.Open open, SessionStream stream) {
        ClientRequest client =
                new CallsElsewhere.Client(open.kept().principal(), asked.correlationId(), stream, asked.takesStream());
        LegacyReply reply = new LegacyReply(engine.ticks(), client, open.session(), asked.note(), stream);
        Consumer<Router.Route> calling = route -> {
            if (route instanceof Router.Found found) {
                call(asked.request(), found, open, client, reply);
            } else {
                reply.refuse(Response.error(asked.request().id(), ((Router.NotFound) route).error()), 200);
            }
        };
        ServedEndpoint.answered(asked.request(), client, () -> router.whenRouted(asked.request(), client, calling));
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
            reply.refuse(answered.response(), answered.httpStatus(), answered.headers());
            return;
        }
        Request toSend = ((Filters.GoesOn) filtered).request();
        EraBridge.ClientFacts facts = new EraBridge.ClientFacts(
                open.session().client().capabilities(),
                open.session().client().info(),
                open.kept().logLevel());
        UpstreamStates.Wish session = new UpstreamStates.Wish(
                found.upstream(),
                key(open, client),
                new SessionSpec(client.principal(), Era.LEGACY, facts.capabilities(), facts.info()),
                facts.logLevel());
        CallSpec spec = new CallSpec(
                client.principal(),
                client.correlationId(),
                client.headers(),
                MirroredHeaders.of(found.paramHeaders(), toSend));
        Call call = new Call(
                engine,
                info,
                facts,
                spec,
                reply,
                toSend,
                () -> engine.sessions()
                        .states()
                        .sessionFor(open.session(), open.kept(), session)
                        .whenComplete((opened, failure) -> {
                            if (open.session().hasEnded()) {
                                // Perhaps opened after the end of the client's session had closed all that it had.
                                found.upstream()
                                        .release(
                                                open.session().key(),
                                                open.session().atUpstreams());
                            }
                        }));
        if (!open.session().begin(request.id(), call)) {
            reply.refuse(
                    Response.error(
                            request.id(),
                            McpError.of(
                                    ErrorCodes.INVALID_REQUEST,
                                    "A request with the id "
                                            + request.id().token()
                                            + " is still under way in this session")),
                    400);
            return;
        }
        call.start();
    }

    static McpError outcomeUnknown(CallNote note, String why, ClientRequest client) {
        Refusal unknown = Refusal.of(
                        Refusal.Kind.OUTCOME_UNKNOWN, note.upstream().isEmpty() ? "gateway" : note.upstream(), why)
                .remedy(Errors.MAYBE_EXECUTED);
        return Errors.of(unknown, client.correlationId());
    }

    /** Makes a call again, unless what the upstream knew of the session has gone with the node that had made it. */
    void makeAgain(
            Request request, Router.Found found, LegacySessions.Open open, ClientRequest client, LegacyReply reply) {
        UpstreamStates.Place place;
        try {
            place = engine.sessions().states().placeOf(open.kept(), found.upstream());
        } catch (StoreUnavailableException e) {
            reply.refuse(Response.error(request.id(), Errors.of(Errors.sessionsDown(), client.correlationId())), 200);
            return;
        }
        if (place instanceof UpstreamStates.Here) {
            call(request, found, open, client, reply);
        } else {
            reply.refuse(Response.error(request.id(), stateLost(found.upstream(), client)), 200);
        }
    }
}
