package io.sallyport.upstream.http;

import io.sallyport.protocol.ErrorCodes;
import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.McpHeaders;
import io.sallyport.protocol.Message;
import io.sallyport.protocol.MessageLimits;
import io.sallyport.protocol.MetaKeys;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Part;
import io.sallyport.protocol.ProtocolVersion;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.RequestId;
import io.sallyport.protocol.Response;
import io.sallyport.upstream.ServerFacts;
import io.sallyport.upstream.SessionSpec;
import io.sallyport.upstream.UpstreamException;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamFailure.Kind;
import io.sallyport.upstream.UpstreamRuntime;
import io.sallyport.upstream.http.HttpExchange.Lane;
import io.sallyport.upstream.http.HttpQuestion.Outcome;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.apache.hc.core5.http.Header;
import org.jspecify.annotations.Nullable;

/**
 * The first words with an upstream, in either era.
 *
 * <p>A stage completes with what the upstream's answer says of the era. It fails with an {@link UpstreamException} if it
 * says nothing of the kind: not reached, busy, credentials refused, an answer that is neither.
 */
final class Handshake {

    private static final RequestId ID = RequestId.of(1);
    private static final int MAX_SESSION_ID_CHARS = 1024;

    private final HttpWire wire;
    private final UpstreamRuntime runtime;
    private final HttpSettings settings;
    private final MessageLimits limits;

    Handshake(HttpWire wire, UpstreamRuntime runtime) {
        this.wire = wire;
        this.runtime = runtime;
        this.settings = wire.engine().settings();
        this.limits = runtime.limits();
    }

    private CompletableFuture<Outcome> ask(Message message, List<Header> headers) {
        return HttpQuestion.post(wire, message, headers, Lane.CALL, settings.requestTimeout(), runtime.timer());
    }

    /**
     * Asks in the modern way who is there; once more if the revision is refused by a server that lists it as one of its
     * own (revision 2026-07-28, "Versioning": a client asks again with a revision that both speak).
     */
    CompletableFuture<Probe<ServerFacts>> discover(SessionSpec spec) {
        Map<String, Object> meta = new LinkedHashMap<>();
        meta.put(MetaKeys.PROTOCOL_VERSION, ProtocolVersion.V2026_07_28);
        meta.put(MetaKeys.CLIENT_CAPABILITIES, JsonValue.trusted(spec.clientCapabilities()));
        meta.put(MetaKeys.CLIENT_INFO, JsonValue.trusted(spec.clientInfo()));
        Request request = Request.of(ID, Methods.DISCOVER, Map.of("_meta", meta));
        List<Header> headers = ModernHttpSession.headers(request, Methods.DISCOVER);
        return ask(request, headers)
                .thenCompose(first -> {
                    Response response = responseIn(first);
                    return response != null
                                    && refusesVersion(response)
                                    && supported(response).anyMatch(ProtocolVersion::isServedModern)
                            ? ask(request, headers)
                            : CompletableFuture.completedFuture(first);
                })
                .thenApply(this::discovered);
    }

    private static boolean refusesVersion(Response response) {
        return response.isError() && response.errorCode() == ErrorCodes.UNSUPPORTED_PROTOCOL_VERSION;
    }

    /** Returns the revisions that a refusal lists. */
    private static Stream<String> supported(Response refusal) {
        return strings(refusal.get(Part.ERROR, "data").flatMap(data -> data.get("supported")));
    }

    private static Stream<String> strings(Optional<JsonValue> list) {
        return list.stream()
                .flatMap(value -> value.elements().stream())
                .flatMap(element -> element.asString().stream());
    }

    private Probe<ServerFacts> discovered(Outcome outcome) {
        Response response = responseIn(outcome);
        if (response == null) {
            return new Probe.Refuses<>(outcome.reply().orElseThrow().describe());
        }
        if (!response.isError()) {
            return modernFacts(response);
        }
        return switch (response.errorCode()) {
            case ErrorCodes.UNSUPPORTED_PROTOCOL_VERSION -> otherVersion(response);
            case ErrorCodes.HEADER_MISMATCH, ErrorCodes.MISSING_CLIENT_CAPABILITY ->
                throw failed("a modern upstream refuses " + Methods.DISCOVER + ": " + describe(response));
            // A server of the modern era has this method; one that does not is of the other.
            default -> new Probe.Refuses<>(describe(response));
        };
    }

    /**
     * Returns the JSON-RPC answer, be it in a 200 or in a refusal; null for a refusal without one.
     *
     * @throws UpstreamException if the refusal says nothing of the era
     */
    private @Nullable Response responseIn(Outcome outcome) {
        if (outcome.reply().isEmpty()) {
            return outcome.response().orElseThrow();
        }
        HttpReply reply = outcome.reply().get();
        if (!saysSomethingOfTheEra(reply.status())) {
            throw new UpstreamException(reply.failure());
        }
        return reply.error(limits).orElse(null);
    }

    /** Revision 2026-07-28, "Versioning": only a 4xx, and none that speaks of credentials or of load. */
    private static boolean saysSomethingOfTheEra(int status) {
        return status >= 400 && status < 500 && status != 401 && status != 403 && status != 408 && status != 429;
    }

    /** Not the message, which may hold anything. */
    private static String describe(Response response) {
        return "error " + response.errorCode();
    }

    private static Probe<ServerFacts> otherVersion(Response response) {
        if (supported(response).anyMatch(ProtocolVersion::isServedLegacy)) {
            return new Probe.Refuses<>(describe(response));
        }
        if (supported(response).anyMatch(ProtocolVersion::isServedModern)) {
            throw failed("the upstream refuses a revision that it lists as one of its own: " + ProtocolVersion.MODERN);
        }
        throw failed("the upstream speaks none of the revisions " + ProtocolVersion.LEGACY + " and "
                + ProtocolVersion.MODERN);
    }

    private Probe<ServerFacts> modernFacts(Response response) {
        if (strings(response.get(Part.RESULT, "supportedVersions")).noneMatch(ProtocolVersion::isServedModern)) {
            // A legacy server may answer anything to a method that it does not know.
            return new Probe.Refuses<>("a result without a revision of " + ProtocolVersion.MODERN);
        }
        Optional<JsonValue> info =
                response.get(Part.RESULT_META, MetaKeys.SERVER_INFO).or(() -> response.get(Part.RESULT, "serverInfo"));
        return new Probe.Speaks<>(facts(ProtocolVersion.V2026_07_28, info, response));
    }

    /** Opens a session in the legacy way. */
    CompletableFuture<Probe<LegacyLink>> initialize(SessionSpec spec) {
        Map<String, Object> params = new LinkedHashMap<>();
        params.put("protocolVersion", ProtocolVersion.V2025_11_25);
        params.put("capabilities", JsonValue.trusted(spec.clientCapabilities()));
        params.put("clientInfo", JsonValue.trusted(spec.clientInfo()));
        return ask(Request.of(ID, Methods.INITIALIZE, params), List.of())
                .thenApply(this::initialized)
                .thenCompose(this::confirm);
    }

    private Probe<LegacyLink> initialized(Outcome outcome) {
        Response response = responseIn(outcome);
        if (response == null) {
            return new Probe.Refuses<>(outcome.reply().orElseThrow().describe());
        }
        if (response.isError()) {
            return new Probe.Refuses<>(describe(response));
        }
        String version = response.getString(Part.RESULT, "protocolVersion").orElse("");
        if (!ProtocolVersion.isServedLegacy(version)) {
            throw failed("the upstream wants to speak revision " + Json.quote(version.length() > 20 ? "…" : version)
                    + "; spoken here are " + ProtocolVersion.LEGACY);
        }
        String sessionId = outcome.head()
                .map(head -> HttpReply.header(head, McpHeaders.SESSION_ID))
                .orElse("");
        if (sessionId.length() > MAX_SESSION_ID_CHARS || !HeaderRules.isPrintable(sessionId)) {
            throw failed(
                    "the upstream gave a session id of " + sessionId.length() + " characters, or with characters that"
                            + " no header may hold; allowed are " + MAX_SESSION_ID_CHARS + " printable ones");
        }
        ServerFacts facts = facts(version, response.get(Part.RESULT, "serverInfo"), response);
        return new Probe.Speaks<>(new LegacyLink(sessionId.isEmpty() ? null : sessionId, facts));
    }

    private CompletableFuture<Probe<LegacyLink>> confirm(Probe<LegacyLink> probe) {
        if (!(probe instanceof Probe.Speaks<LegacyLink> speaks)) {
            return CompletableFuture.completedFuture(probe);
        }
        return ask(Notification.of(Methods.INITIALIZED, null), speaks.found().headers())
                .thenApply(outcome -> {
                    if (!outcome.isAccepted()) {
                        throw new UpstreamException(
                                outcome.reply().orElseThrow().failure());
                    }
                    return probe;
                });
    }

    private ServerFacts facts(String version, Optional<JsonValue> serverInfo, Response response) {
        JsonValue info = serverInfo
                .filter(JsonValue::isObject)
                .orElseGet(() -> JsonValue.trusted(Json.write(Map.of("name", settings.name(), "version", ""))));
        JsonValue capabilities = response.get(Part.RESULT, "capabilities")
                .filter(JsonValue::isObject)
                .orElseGet(() -> JsonValue.trusted("{}"));
        return new ServerFacts(version, info, capabilities, response.getString(Part.RESULT, "instructions"));
    }

    private static UpstreamException failed(String detail) {
        return new UpstreamException(UpstreamFailure.notSent(Kind.PROTOCOL, detail));
    }
}
