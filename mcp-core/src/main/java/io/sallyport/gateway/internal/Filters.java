package io.sallyport.gateway.internal;

import static java.util.Objects.requireNonNull;

import io.sallyport.filter.CallContext;
import io.sallyport.filter.Decision;
import io.sallyport.filter.McpFilter;
import io.sallyport.filter.Refusal;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.McpError;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Part;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.Response;
import io.sallyport.spi.AuditEvent;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A gateway's filters in the order in which they run. Immutable. */
public final class Filters {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.call");

    private final List<McpFilter> onTheWayIn;
    private final List<McpFilter> onTheWayOut;

    /** Sorts the filters by stage; within a stage they keep their order. */
    public Filters(List<McpFilter> filters) {
        List<McpFilter> sorted = new ArrayList<>(filters);
        sorted.sort(Comparator.comparing(McpFilter::stage));
        onTheWayIn = List.copyOf(sorted);
        List<McpFilter> results = new ArrayList<>(
                sorted.stream().filter(McpFilter::looksAtResults).toList());
        Collections.reverse(results);
        onTheWayOut = List.copyOf(results);
    }

    /** What the filters made of a request: it goes on, or is answered. */
    sealed interface Outcome {}

    /** It goes on, as this. */
    record GoesOn(Request request) implements Outcome {}

    /** It is answered with this, under this HTTP status and with these headers, and recorded so. */
    record Answered(
            Response response, int httpStatus, Map<String, String> headers, AuditEvent.Outcome outcome, String reason)
            implements Outcome {}

    /** Returns whether somebody looks at what comes back. */
    boolean lookAtResults() {
        return !onTheWayOut.isEmpty();
    }

    Outcome request(CallContext call, Request request) {
        Request current = request;
        for (McpFilter filter : onTheWayIn) {
            Request seen = current;
            Decision decision = decide(filter, call, () -> filter.onRequest(call, seen));
            if (decision instanceof Decision.ProceedWith changed) {
                if (!(changed.message() instanceof Request other) || !asksForTheSame(request, other)) {
                    return refused(call, request, misled(filter, call, decision));
                }
                current = other.id().equals(request.id()) ? other : other.withId(request.id());
            } else if (decision instanceof Decision.Refuse refuse) {
                return refused(call, request, refuse.refusal());
            } else if (decision instanceof Decision.Answer answer) {
                return new Answered(
                        answer.response().withId(request.id()),
                        200,
                        Map.of(),
                        AuditEvent.Outcome.ANSWERED,
                        "by a filter");
            }
        }
        return new GoesOn(current);
    }

    /** Where a request goes was decided before, and filters judge by it; so it stays what was asked for. */
    private static boolean asksForTheSame(Request request, Request other) {
        return other.method().equals(request.method())
                && Stream.of("name", "uri", "ref")
                        .allMatch(param -> json(other, param).equals(json(request, param)));
    }

    private static Optional<String> json(Request request, String param) {
        return request.get(Part.PARAMS, param).map(JsonValue::toJson);
    }

    private static Answered refused(CallContext call, Request request, Refusal refusal) {
        McpError error = Errors.of(refusal, call.correlationId());
        return new Answered(
                Response.error(request.id(), error),
                refusal.kind().status(),
                refusal.headers(),
                AuditEvent.Outcome.REFUSED,
                refusal.kind().word());
    }

    /** Returns the notification as the filters leave it; nothing if one drops it. */
    Optional<Notification> notification(CallContext call, Notification notification) {
        Notification current = notification;
        for (McpFilter filter : onTheWayOut) {
            Notification seen = current;
            Decision decision = decide(filter, call, () -> filter.onNotification(call, seen));
            if (decision instanceof Decision.ProceedWith changed && changed.message() instanceof Notification other) {
                current = other;
            } else if (decision instanceof Decision.Refuse) {
                return Optional.empty();
            } else if (!(decision instanceof Decision.Proceed)) {
                misled(filter, call, decision);
                return Optional.empty();
            }
        }
        return Optional.of(current);
    }

    /** Returns the response as the filters leave it. */
    Response result(CallContext call, Response response) {
        Response current = response;
        for (McpFilter filter : onTheWayOut) {
            Response seen = current;
            Decision decision = decide(filter, call, () -> filter.onResult(call, seen));
            if (decision instanceof Decision.ProceedWith changed && changed.message() instanceof Response other) {
                current = response.id().map(other::withId).orElse(other);
            } else if (!(decision instanceof Decision.Proceed)) {
                Refusal refusal =
                        decision instanceof Decision.Refuse refuse ? refuse.refusal() : misled(filter, call, decision);
                return Response.error(response.id().orElse(null), Errors.of(refusal, call.correlationId()));
            }
        }
        return current;
    }

    private static Decision decide(McpFilter filter, CallContext call, Supplier<Decision> hook) {
        try {
            return requireNonNull(hook.get(), "a filter decided nothing");
        } catch (Throwable e) {
            // Hosts in other languages throw checked exceptions, and classes that are missing are errors: none lets
            // pass.
            LOGGER.atError()
                    .addKeyValue("filter", filter.getClass().getName())
                    .addKeyValue("stage", filter.stage())
                    .addKeyValue("correlationId", call.correlationId())
                    .setCause(e)
                    .log("a filter failed");
            return Decision.refuse(failed());
        }
    }

    private static Refusal misled(McpFilter filter, CallContext call, Decision decision) {
        LOGGER.atError()
                .addKeyValue("filter", filter.getClass().getName())
                .addKeyValue("stage", filter.stage())
                .addKeyValue("correlationId", call.correlationId())
                .addKeyValue("decision", decision)
                .log("a filter decided what it may not decide here");
        return failed();
    }

    private static Refusal failed() {
        return Refusal.of(Refusal.Kind.INTERNAL, "gateway", "The gateway failed.");
    }
}
