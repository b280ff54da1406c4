package io.sallyport.upstream;

import io.sallyport.protocol.ErrorCodes;
import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.McpHeaders;
import io.sallyport.protocol.MessageLimits;
import io.sallyport.protocol.MetaKeys;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Part;
import io.sallyport.protocol.ProtocolVersion;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.RequestId;
import io.sallyport.protocol.Response;
import io.sallyport.upstream.HttpExchange.Lane;
import io.sallyport.upstream.HttpQuestion.Outcome;
import io.sallyport.upstream.UpstreamFailure.Kind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * The first words with an upstream, in either era.
 *
 * <p>A stage completes with nothing if the upstream gives evidence that it does not speak the era; it fails with an
 * {@link UpstreamException} if it says nothing of the kind: not reached, busy, credentials refused, an answer that is
 * neither.
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

    private CompletableFuture<Outcome> ask(
            io.sallyport.protocol.Message message, List<org.apache.hc.core5.http.Header> headers) {
        return HttpQuestion.post(wire, message, headers, Lane.CALL, settings.requestTimeout(), runtime.timer());
    }

    /** Asks in the modern way who is there. */
    CompletableFuture<Optional<ServerFacts>> discover(SessionSpec spec) {
        Map<String, Object> meta = new LinkedHashMap<>();
        meta.put(MetaKeys.PROTOCOL_VERSION, ProtocolVersion.V2026_07_28);
        meta.put(MetaKeys.CLIENT_CAPABILITIES, JsonValue.trusted(spec.clientCapabilities()));
        meta.put(MetaKeys.CLIENT_INFO, JsonValue.trusted(spec.clientInfo()));
        Request request = Request.of(ID, Methods.DISCOVER, Map.of("_meta", meta));
        return ask(request, ModernHttpSession.headers(request, Methods.DISCOVER))
                .thenApply(this::discovered);
    }

    private Optional<ServerFacts> discovered(Outcome outcome) {
        Optional<Response> response = outcome.response().or(() -> errorOf(outcome));
        if (response.isPresent() && !response.get().isError()) {
            return modernFacts(response.get());
        }
        int code = response.map(Response::errorCode).orElse(0);
        if (code == ErrorCodes.UNSUPPORTED_PROTOCOL_VERSION) {
            return otherVersion(response.get());
        }
        if (code == ErrorCodes.HEADER_MISMATCH || code == ErrorCodes.MISSING_CLIENT_CAPABILITY) {
            throw failed(Kind.PROTOCOL, "a modern upstream refuses " + Methods.DISCOVER + ": error " + code);
        }
        if (outcome.reply().filter(reply -> !saysSomethingOfTheEra(reply)).isPresent()) {
            throw new UpstreamException(outcome.reply().get().failure());
        }
        // A server of the modern era has this method; one that does not is of the other.
        return Optional.empty();
    }

    /** Revision 2026-07-28, "Versioning": only a 4xx, and none that speaks of credentials or of load. */
    private static boolean saysSomethingOfTheEra(HttpReply reply) {
        int status = reply.status();
        return status >= 400 && status < 500 && status != 401 && status != 403 && status != 408 && status != 429;
    }

    private Optional<Response> errorOf(Outcome outcome) {
        return outcome.reply().filter(Handshake::saysSomethingOfTheEra).flatMap(reply -> reply.error(limits));
    }

    private Optional<ServerFacts> otherVersion(Response response) {
        List<String> supported = new ArrayList<>();
        response.get(Part.ERROR, "data")
                .flatMap(data -> data.get("supported"))
                .ifPresent(list ->
                        list.elements().forEach(version -> version.asString().ifPresent(supported::add)));
        if (supported.stream().anyMatch(ProtocolVersion::isServedLegacy)) {
            return Optional.empty();
        }
        throw failed(
                Kind.PROTOCOL,
                "the upstream speaks none of the revisions " + ProtocolVersion.LEGACY + " and "
                        + ProtocolVersion.MODERN);
    }

    private Optional<ServerFacts> modernFacts(Response response) {
        boolean speaksOurs =
                response.get(Part.RESULT, "supportedVersions").map(JsonValue::elements).orElse(List.of()).stream()
                        .anyMatch(version -> version.asString()
                                .filter(ProtocolVersion::isServedModern)
                                .isPresent());
        if (!speaksOurs) {
            // A legacy server may answer anything to a method that it does not know.
            return Optional.empty();
        }
        JsonValue info = response.get(Part.RESULT_META, MetaKeys.SERVER_INFO)
                .or(() -> response.get(Part.RESULT, "serverInfo"))
                .orElse(JsonValue.trusted("null"));
        return Optional.of(facts(ProtocolVersion.V2026_07_28, info, response));
    }

    /** Opens a session in the legacy way. */
    CompletableFuture<Optional<LegacyLink>> initialize(SessionSpec spec) {
        Map<String, Object> params = new LinkedHashMap<>();
        params.put("protocolVersion", ProtocolVersion.V2025_11_25);
        params.put("capabilities", JsonValue.trusted(spec.clientCapabilities()));
        params.put("clientInfo", JsonValue.trusted(spec.clientInfo()));
        return ask(Request.of(ID, Methods.INITIALIZE, params), List.of())
                .thenApply(this::initialized)
                .thenCompose(this::confirm);
    }

    private Optional<LegacyLink> initialized(Outcome outcome) {
        if (outcome.reply().isPresent()) {
            HttpReply reply = outcome.reply().get();
            if (!saysSomethingOfTheEra(reply)) {
                throw new UpstreamException(reply.failure());
            }
            return Optional.empty();
        }
        Response response = outcome.response().orElseThrow();
        if (response.isError()) {
            return Optional.empty();
        }
        String version = response.getString(Part.RESULT, "protocolVersion").orElse("");
        if (!ProtocolVersion.isServedLegacy(version)) {
            throw failed(
                    Kind.PROTOCOL,
                    "the upstream wants to speak revision " + Json.quote(version) + "; spoken here are "
                            + ProtocolVersion.LEGACY);
        }
        String sessionId = outcome.head()
                .map(head -> HttpReply.header(head, McpHeaders.SESSION_ID))
                .orElse("");
        if (sessionId.length() > MAX_SESSION_ID_CHARS || !HttpWire.isPrintable(sessionId)) {
            throw failed(
                    Kind.PROTOCOL,
                    "the upstream gave a session id of " + sessionId.length() + " characters, or with characters that "
                            + "no header may hold; allowed are " + MAX_SESSION_ID_CHARS + " printable ones");
        }
        JsonValue info = response.get(Part.RESULT, "serverInfo").orElse(JsonValue.trusted("null"));
        return Optional.of(new LegacyLink(sessionId.isEmpty() ? null : sessionId, facts(version, info, response)));
    }

    private CompletableFuture<Optional<LegacyLink>> confirm(Optional<LegacyLink> link) {
        if (link.isEmpty()) {
            return CompletableFuture.completedFuture(link);
        }
        return ask(Notification.of(Methods.INITIALIZED, null), link.get().headers())
                .thenApply(outcome -> {
                    if (!outcome.isAccepted()) {
                        throw new UpstreamException(
                                outcome.reply().orElseThrow().failure());
                    }
                    return link;
                });
    }

    private ServerFacts facts(String version, JsonValue serverInfo, Response response) {
        JsonValue capabilities = response.get(Part.RESULT, "capabilities")
                .filter(JsonValue::isObject)
                .orElse(JsonValue.trusted("{}"));
        JsonValue info = serverInfo.isObject()
                ? serverInfo
                : JsonValue.trusted(Json.write(Map.of("name", settings.name(), "version", "")));
        return new ServerFacts(version, info, capabilities, response.getString(Part.RESULT, "instructions"));
    }

    private static UpstreamException failed(Kind kind, String detail) {
        return new UpstreamException(UpstreamFailure.notSent(kind, detail));
    }
}
