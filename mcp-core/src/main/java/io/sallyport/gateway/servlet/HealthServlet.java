package io.sallyport.gateway.servlet;

import static java.util.Objects.requireNonNull;

import io.sallyport.gateway.GatewayHealth;
import io.sallyport.gateway.McpGateway;
import io.sallyport.gateway.SessionAdministration;
import io.sallyport.gateway.UpstreamStatus;
import io.sallyport.gateway.internal.Inside;
import io.sallyport.gateway.internal.Operations;
import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.MalformedMessageException;
import io.sallyport.protocol.MessageLimits;
import io.sallyport.spi.Authentication;
import io.sallyport.spi.OperatorAuthorizer;
import io.sallyport.spi.Principal;
import io.sallyport.spi.StoreUnavailableException;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells how a gateway is: an orchestrator, without details that a stranger could use, and operators, who may act on it as well.
 * Mapped to {@code /health/*}. Answers from what is known, and never waits for an upstream.
 *
 * <p>For everybody:
 *
 * <ul>
 *   <li>{@code /health/live}: 200 as long as the process answers. Never depends on anything else, so that a restart is
 *       only asked for where it helps.
 *   <li>{@code /health/ready}: 200 if requests should be sent here, else 503: not started, upstreams not tried yet, or
 *       about to end. An upstream that is down does not make a gateway unready: the others are served.
 *   <li>{@code /health/started}: 200 when each upstream has been tried once, else 503.
 *   <li>{@code /health}: {@code up}, {@code degraded}, or with 503 {@code down}.
 * </ul>
 *
 * <p>For those to whom an {@link OperatorAuthorizer} permits {@code health.details}, who are found out by the gateway's own
 * authenticator: all of {@code /health}; {@code /health/services}, the upstreams; {@code /health/sessions}; and a path for each {@link
 * io.sallyport.health.HealthPart}, such as {@code /health/circuits}. {@code POST} to {@code /health/PART/reset} or {@code
 * /health/PART/ITEM/reset}, of a part or of {@code upstreams}, resets at all nodes if {@code PART.reset} is permitted; the body may be
 * {@code {"reason": "…"}}.
 */
public final class HealthServlet extends HttpServlet {

    private static final long serialVersionUID = 1L;

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.http");

    private static final String RESET = "/reset";
    private static final String RESET_ACTION = ".reset";
    private static final int MAX_BODY = 4096;

    private final transient McpGateway gateway;
    private final transient OperatorAuthorizer operators;

    /** Creates a servlet for a gateway, which stays the host's; nobody is an operator. */
    public HealthServlet(McpGateway gateway) {
        this(gateway, OperatorAuthorizer.closed());
    }

    /** Creates a servlet for a gateway, which stays the host's. */
    public HealthServlet(McpGateway gateway, OperatorAuthorizer operators) {
        this.gateway = requireNonNull(gateway, "gateway");
        this.operators = requireNonNull(operators, "operators");
    }

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
        String what = path(request);
        switch (what) {
            case "/live" -> answer(response, 200, "up");
            case "/ready" -> answer(response, gateway.isReady() ? 200 : 503, gateway.isReady() ? "ready" : "not ready");
            case "/started" ->
                answer(response, gateway.isStarted() ? 200 : 503, gateway.isStarted() ? "started" : "not started");
            case "" -> whole(request, response);
            default -> details(what.substring(1), request, response);
        }
    }

    private static String path(HttpServletRequest request) {
        String path = request.getPathInfo();
        return path == null || path.equals("/") ? "" : path;
    }

    private void whole(HttpServletRequest request, HttpServletResponse response) throws IOException {
        String word = gateway.healthStatus();
        int status = word.equals("down") ? 503 : 200;
        boolean isOperator = authenticate(request) instanceof Authentication.Accepted accepted
                && permits(accepted.principal(), "health.details");
        if (isOperator) {
            answer(response, status, describe(gateway.health()));
        } else {
            answer(response, status, word);
        }
    }

    private void details(String what, HttpServletRequest request, HttpServletResponse response) throws IOException {
        if (operator("health.details", request, response).isEmpty()) {
            return;
        }
        switch (what) {
            case "services" -> answer(response, 200, Map.of("services", describe(gateway.upstreams())));
            case "sessions" -> sessions(response);
            default -> {
                Operations operations = inside().engine().operations();
                if (operations.parts().contains(what)) {
                    answer(response, 200, Map.of(what, operations.items(what)));
                } else {
                    answer(response, 404, "unknown");
                }
            }
        }
    }

    private void sessions(HttpServletResponse response) throws IOException {
        try {
            SessionAdministration.Statistics count = gateway.sessions().statistics();
            Map<String, Object> members = new LinkedHashMap<>();
            members.put("live", count.live());
            members.put("heldHere", count.heldHere());
            members.put("streamsHere", count.streamsHere());
            answer(response, 200, members);
        } catch (StoreUnavailableException e) {
            answer(response, 503, "the store of sessions cannot be reached");
        }
    }

    @Override
    protected void doPost(HttpServletRequest request, HttpServletResponse response) throws IOException {
        String path = path(request);
        int partEnds = path.indexOf('/', 1);
        if (!path.endsWith(RESET) || partEnds < 0) {
            answer(response, 404, "unknown");
            return;
        }
        String part = path.substring(1, partEnds);
        String item = path.substring(partEnds, path.length() - RESET.length());
        Optional<Principal> operator = operator(part + RESET_ACTION, request, response);
        if (operator.isEmpty()) {
            return;
        }
        Optional<String> reason = reason(request);
        if (reason.isEmpty()) {
            answer(response, 400, "the body is not {\"reason\": \"…\"}");
        } else if (!inside().engine().operations().has(part)) {
            answer(response, 404, "unknown");
        } else {
            Optional<String> named = item.isEmpty() ? Optional.empty() : Optional.of(item.substring(1));
            reset(part, named, operator.get(), reason.get(), response);
        }
    }

    private void reset(
            String part, Optional<String> item, Principal operator, String reason, HttpServletResponse response)
            throws IOException {
        boolean isFound;
        try {
            isFound = gateway.reset(part, item, operator, reason);
        } catch (RuntimeException e) {
            LOGGER.atError().addKeyValue("part", part).setCause(e).log("a part could not be reset");
            answer(response, 503, "not reset");
            return;
        }
        // Other nodes, which have been told, may know it.
        answer(response, isFound ? 200 : 404, isFound ? "reset" : "unknown here");
    }

    /** Returns the reason that the body gives; nothing if it is no such body. */
    private static Optional<String> reason(HttpServletRequest request) throws IOException {
        byte[] body = request.getInputStream().readNBytes(MAX_BODY + 1);
        if (body.length == 0) {
            return Optional.of("none given");
        }
        if (body.length > MAX_BODY) {
            return Optional.empty();
        }
        try {
            return JsonValue.parse(new String(body, StandardCharsets.UTF_8), MessageLimits.forClients())
                    .getString("reason");
        } catch (MalformedMessageException e) {
            return Optional.empty();
        }
    }

    private Inside inside() {
        return gateway.unwrap(Inside.class);
    }

    private Authentication authenticate(HttpServletRequest request) {
        HeaderSnapshot headers = HeaderSnapshot.of(request);
        if (headers.isTooLarge() || inside().guard().refusal(headers).isPresent()) {
            return Authentication.forbidden("Host or Origin not allowed.");
        }
        try {
            return inside().authenticator()
                    .authenticate(new ServletHead(request, request.getServletPath() + path(request), headers));
        } catch (RuntimeException e) {
            LOGGER.atError().setCause(e).log("authentication failed unexpectedly; the request is refused");
            return Authentication.forbidden("Credentials cannot be checked just now.");
        }
    }

    private boolean permits(Principal principal, String action) {
        try {
            return operators.permits(principal, action);
        } catch (RuntimeException e) {
            LOGGER.atError().addKeyValue("action", action).setCause(e).log("the authorizer of operators failed");
            return false;
        }
    }

    /** Returns who sends the request, if it may do this; if not, it is answered. */
    private Optional<Principal> operator(String action, HttpServletRequest request, HttpServletResponse response)
            throws IOException {
        Authentication found = authenticate(request);
        if (found instanceof Authentication.Accepted accepted) {
            if (permits(accepted.principal(), action)) {
                return Optional.of(accepted.principal());
            }
            answer(response, 403, "forbidden");
        } else {
            Authentication.Refused refused = (Authentication.Refused) found;
            refused.challenge().ifPresent(challenge -> response.setHeader("WWW-Authenticate", challenge));
            answer(response, refused.status(), refused.status() == 401 ? "unauthenticated" : "forbidden");
        }
        return Optional.empty();
    }

    private static Map<String, Object> describe(GatewayHealth health) {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("status", health.status());
        members.put("services", describe(health.upstreams()));
        members.put("sessionStore", health.isSessionStoreReachable() ? "reachable" : "unreachable");
        members.putAll(health.parts());
        return members;
    }

    private static List<Map<String, Object>> describe(List<UpstreamStatus> upstreams) {
        return upstreams.stream().map(HealthServlet::describe).toList();
    }

    private static Map<String, Object> describe(UpstreamStatus upstream) {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("name", upstream.name());
        members.put("state", upstream.state());
        members.put("since", upstream.since().toString());
        upstream.problem().ifPresent(problem -> members.put("lastError", problem));
        members.put("attempts", upstream.attempts());
        upstream.retryIn().map(Duration::toMillis).ifPresent(millis -> members.put("nextRetryMs", millis));
        upstream.remedy().ifPresent(remedy -> members.put("remedy", remedy));
        return members;
    }

    private static void answer(HttpServletResponse response, int status, String word) throws IOException {
        answer(response, status, Map.of("status", word));
    }

    private static void answer(HttpServletResponse response, int status, Map<String, ?> members) throws IOException {
        byte[] body = Json.write(members).getBytes(StandardCharsets.UTF_8);
        response.setStatus(status);
        response.setContentType("application/json");
        response.setHeader("Cache-Control", "no-store");
        response.setContentLength(body.length);
        response.getOutputStream().write(body);
    }
}
