package io.sallyport.gateway.servlet;

import io.sallyport.filter.Refusal;
import io.sallyport.gateway.McpGateway;
import io.sallyport.gateway.internal.Errors;
import io.sallyport.gateway.internal.Inside;
import io.sallyport.gateway.internal.ServedEndpoint;
import io.sallyport.protocol.EraClassifier;
import io.sallyport.protocol.ErrorCodes;
import io.sallyport.protocol.MalformedMessageException;
import io.sallyport.protocol.McpError;
import io.sallyport.protocol.McpHeaders;
import io.sallyport.protocol.Message;
import io.sallyport.protocol.MessageLimits;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.Response;
import io.sallyport.spi.Authentication;
import io.sallyport.spi.Principal;
import io.sallyport.upstream.internal.LogBudget;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Serves the endpoints of a gateway. Has to be mapped to their paths, and to support asynchronous requests ({@code
 * setAsyncSupported(true)}), as must all filters before it.
 *
 * <p>The gateway is the host's: the servlet neither starts nor closes it.
 */
public final class McpServlet extends HttpServlet {

    private static final long serialVersionUID = 1L;

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.http");

    private final transient Inside gateway;

    /** Nobody has to be known to be refused. */
    private final transient LogBudget refusals = new LogBudget(20, Duration.ofSeconds(10));

    private final AtomicBoolean toldOfHttp10 = new AtomicBoolean();

    /** Creates a servlet for a gateway. */
    public McpServlet(McpGateway gateway) {
        this.gateway = gateway.unwrap(Inside.class);
    }

    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response) throws IOException {
        String path = request.getServletPath() + (request.getPathInfo() == null ? "" : request.getPathInfo());
        tellOfHttp10(request);
        HeaderSnapshot headers = HeaderSnapshot.of(request);
        String correlationId = correlationId();
        Map<String, String> cors = Cors.headers(headers, gateway.guard());
        Exchange exchange = new Exchange(
                headers,
                correlationId,
                new ServletReply(
                        request,
                        response,
                        cors,
                        gateway.engine().settings().streamBufferBytes(),
                        gateway.engine().ticks()::now));
        if (!request.isAsyncSupported()) {
            // Most answers would come all the same, and the host learn of it from the first slow call.
            refusals.at(LOGGER, Level.ERROR).log(
                    "asynchronous requests are not supported here; set setAsyncSupported(true) for this servlet and "
                            + "for all filters before it");
            refuse(exchange, Refusal.of(Refusal.Kind.INTERNAL, "gateway", "The gateway failed."), 500);
            exchange.leaveContainer();
            return;
        }
        try {
            handle(request, path, headers, exchange);
        } catch (RuntimeException e) {
            LOGGER.atError()
                    .addKeyValue("correlationId", correlationId)
                    .setCause(e)
                    .log("a request failed");
            refuse(exchange, Refusal.of(Refusal.Kind.INTERNAL, "gateway", "The gateway failed."), 500);
        }
        exchange.leaveContainer();
    }

    /** Said once: it is the same proxy each time. */
    private void tellOfHttp10(HttpServletRequest request) {
        if (request.getProtocol().equals("HTTP/1.0") && toldOfHttp10.compareAndSet(false, true)) {
            LOGGER.atWarn()
                    .addKeyValue("peer", request.getRemoteAddr())
                    .log("a request came over HTTP/1.0, which has no chunks and mostly a connection per request; let "
                            + "the proxy speak 1.1 to the gateway (nginx: proxy_http_version 1.1)");
        }
    }

    private void handle(HttpServletRequest request, String path, HeaderSnapshot headers, Exchange exchange)
            throws IOException {
        if (headers.isTooLarge()) {
            error(exchange, 431, McpError.of(ErrorCodes.INVALID_REQUEST, "The headers are larger than allowed."));
            return;
        }
        Optional<ServedEndpoint> endpoint = gateway.engine().endpoint(path);
        if (endpoint.isEmpty()) {
            error(exchange, 404, McpError.of(ErrorCodes.INVALID_REQUEST, "There is no MCP endpoint at this path."));
            return;
        }
        Optional<String> refused = gateway.guard().refusal(headers);
        if (refused.isPresent()) {
            refusals.at(LOGGER, Level.WARN)
                    .addKeyValue("correlationId", exchange.correlationId())
                    .addKeyValue("reason", refused.get())
                    .log("request refused by its Host or Origin");
            refuse(
                    exchange,
                    Refusal.of(Refusal.Kind.FORBIDDEN, "gateway", "Forbidden: Host or Origin not allowed.")
                            .remedy("Whoever runs the gateway finds in its log what was seen and what is allowed."),
                    403);
            return;
        }
        String method = request.getMethod();
        if (method.equals("OPTIONS")) {
            exchange.answer(204, Cors.preflight(headers), null);
            return;
        }
        if (!authenticate(request, path, headers, exchange)) {
            return;
        }
        boolean serving = gateway.serving().getAsBoolean();
        boolean mayBelongToACall = method.equals("POST")
                || method.equals("GET")
                        && headers.single(McpHeaders.LAST_EVENT_ID).isPresent();
        if (!serving && !(mayBelongToACall && gateway.draining().getAsBoolean())) {
            refuse(exchange, notServing(), 503);
            return;
        }
        switch (method) {
            case "POST" -> post(request, endpoint.get(), headers, exchange, serving);
            case "GET" -> endpoint.get().handleGet(exchange);
            case "DELETE" -> endpoint.get().handleDelete(exchange);
            default -> {
                Map<String, String> allow = new LinkedHashMap<>(Exchange.JSON);
                allow.put("Allow", "POST, GET, DELETE, OPTIONS");
                exchange.answer(
                        405,
                        allow,
                        Response.error(null, McpError.of(ErrorCodes.INVALID_REQUEST, "Method not allowed: " + method)));
            }
        }
    }

    private boolean authenticate(HttpServletRequest request, String path, HeaderSnapshot headers, Exchange exchange) {
        Authentication found;
        try {
            found = gateway.authenticator().authenticate(new ServletHead(request, path, headers));
        } catch (RuntimeException e) {
            LOGGER.atError()
                    .addKeyValue("correlationId", exchange.correlationId())
                    .setCause(e)
                    .log("authentication failed unexpectedly; the request is refused");
            refuse(
                    exchange,
                    Refusal.of(Refusal.Kind.UNAVAILABLE, "authentication", "Credentials cannot be checked just now."),
                    503);
            return false;
        }
        if (found instanceof Authentication.Accepted accepted) {
            exchange.setPrincipal(accepted.principal());
            return true;
        }
        Authentication.Refused refused = (Authentication.Refused) found;
        Map<String, String> answer = new LinkedHashMap<>(Exchange.JSON);
        refused.challenge().ifPresent(challenge -> answer.put("WWW-Authenticate", challenge));
        LOGGER.atWarn()
                .addKeyValue("correlationId", exchange.correlationId())
                .addKeyValue("status", refused.status())
                .addKeyValue("reason", refused.reason())
                .log("request refused by its authenticator");
        Refusal.Kind kind = refused.status() == 401 ? Refusal.Kind.UNAUTHENTICATED : Refusal.Kind.FORBIDDEN;
        Refusal refusal = Refusal.of(kind, "authentication", refused.reason());
        exchange.answer(refused.status(), answer, Response.error(null, Errors.of(refusal, exchange.correlationId())));
        return false;
    }

    private void post(
            HttpServletRequest request,
            ServedEndpoint endpoint,
            HeaderSnapshot headers,
            Exchange exchange,
            boolean serving)
            throws IOException {
        Optional<McpError> unfit = unfitHeaders(request, headers);
        if (unfit.isPresent()) {
            error(exchange, 415, unfit.get());
            return;
        }
        if (!exchange.acceptsJson() && !exchange.acceptsStream()) {
            error(
                    exchange,
                    406,
                    McpError.of(
                            ErrorCodes.INVALID_REQUEST,
                            "Not acceptable; send Accept: application/json, text/event-stream"));
            return;
        }
        MessageLimits limits = gateway.engine().settings().clientLimits();
        byte[] body = read(request, limits.maxBytes());
        if (body == null) {
            error(
                    exchange,
                    413,
                    McpError.of(
                            ErrorCodes.INVALID_REQUEST,
                            "The body has more than " + limits.maxBytes() + " bytes, which are allowed."));
            return;
        }
        Message message;
        try {
            message = Message.parse(body, limits);
        } catch (MalformedMessageException e) {
            String kind = e.kind() == MalformedMessageException.Kind.NOT_JSON ? "Parse error: " : "Invalid request: ";
            exchange.answer(
                    400,
                    Exchange.JSON,
                    Response.error(e.id().orElse(null), McpError.of(e.kind().code(), kind + e.getMessage())));
            return;
        }
        if (!serving && message instanceof Request) {
            refuse(exchange, notServing(), 503);
            return;
        }
        endpoint.handle(EraClassifier.classify(message, headers), message, exchange);
    }

    /** Returns why a body is not read: it is said to be something else than plain JSON in UTF-8. */
    private static Optional<McpError> unfitHeaders(HttpServletRequest request, HeaderSnapshot headers) {
        String type = request.getContentType();
        if (type != null && !isJson(type)) {
            return Optional.of(McpError.of(
                    ErrorCodes.INVALID_REQUEST,
                    "Unsupported media type: found \"" + printable(type) + "\"; send Content-Type: application/json"));
        }
        Optional<String> encoding = headers.single("Content-Encoding").filter(value -> !value.equals("identity"));
        return encoding.map(value -> McpError.of(
                ErrorCodes.INVALID_REQUEST,
                "Unsupported content encoding: found \"" + printable(value) + "\"; send the body as it is"));
    }

    private static boolean isJson(String contentType) {
        String[] parts = contentType.toLowerCase(Locale.ROOT).split(";", 2);
        String parameters = parts.length == 1 ? "" : parts[1].replace("\"", "").replace(" ", "");
        boolean utf8 = !parameters.contains("charset=") || parameters.contains("charset=utf-8");
        return parts[0].strip().equals("application/json") && utf8;
    }

    private static String printable(String text) {
        String plain = text.replaceAll("[^\\x20-\\x7E]", "?");
        return plain.length() > 100 ? plain.substring(0, 100) : plain;
    }

    /** Returns the body; null if it has more bytes than allowed, whatever its headers say of its length. */
    private static byte @Nullable [] read(HttpServletRequest request, int maxBytes) throws IOException {
        long declared = request.getContentLengthLong();
        if (declared > maxBytes) {
            return null;
        }
        InputStream in = request.getInputStream();
        if (declared >= 0) {
            byte[] body = new byte[(int) declared];
            int read = in.readNBytes(body, 0, body.length);
            return read == body.length ? body : Arrays.copyOf(body, read);
        }
        byte[] body = in.readNBytes(maxBytes + 1);
        return body.length > maxBytes ? null : body;
    }

    private static void error(Exchange exchange, int status, McpError error) {
        exchange.answer(status, Exchange.JSON, Response.error(null, error));
    }

    private static Refusal notServing() {
        return Refusal.of(Refusal.Kind.UNAVAILABLE, "gateway", "The gateway is not serving just now.");
    }

    private static void refuse(Exchange exchange, Refusal refusal, int status) {
        exchange.answer(status, Exchange.JSON, Response.error(null, Errors.of(refusal, exchange.correlationId())));
    }

    private static String correlationId() {
        return HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
    }

    /** For principals before one is known. */
    static Principal nobody() {
        return Principal.anonymous();
    }
}
