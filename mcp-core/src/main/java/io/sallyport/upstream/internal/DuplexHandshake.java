package io.sallyport.upstream.internal;

import io.sallyport.protocol.Era;
import io.sallyport.protocol.ErrorCodes;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.McpError;
import io.sallyport.protocol.MetaKeys;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Part;
import io.sallyport.protocol.ProtocolVersion;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.RequestId;
import io.sallyport.protocol.Response;
import io.sallyport.spi.Principal;
import io.sallyport.upstream.CallListener;
import io.sallyport.upstream.CallSpec;
import io.sallyport.upstream.MessageChannel;
import io.sallyport.upstream.ServerFacts;
import io.sallyport.upstream.SessionSpec;
import io.sallyport.upstream.UpstreamException;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamSession;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** How a conversation over a {@link MessageChannel} begins, in either era. */
public final class DuplexHandshake {

    private DuplexHandshake() {}

    /** Begins the session in its era and completes with it, or fails with an {@link UpstreamException}. */
    public static CompletionStage<UpstreamSession> begin(
            DuplexSession session, SessionSpec spec, ScheduledExecutorService timer, Duration within) {
        CompletionStage<Response> asked = session.era() == Era.MODERN
                ? ask(session, Methods.DISCOVER, modernParams(spec), timer, within)
                : ask(session, Methods.INITIALIZE, initializeParams(spec), timer, within);
        return asked.thenApply(response -> established(session, response));
    }

    /** Returns the session, begun with an answer to the first request of its era. */
    public static UpstreamSession established(DuplexSession session, Response response) {
        session.setFacts(session.era() == Era.MODERN ? discovered(response) : initialized(response));
        if (session.era() == Era.LEGACY) {
            session.send(Notification.of(Methods.INITIALIZED, null));
        }
        return session;
    }

    /**
     * Returns whether an answer to {@code server/discover} shows a modern server: a result, or an error that only a
     * modern one gives (revision 2026-07-28, "Versioning").
     */
    public static boolean showsModern(Response discovered) {
        int code = discovered.errorCode();
        return !discovered.isError()
                || code == ErrorCodes.UNSUPPORTED_PROTOCOL_VERSION
                || code == ErrorCodes.MISSING_CLIENT_CAPABILITY;
    }

    /** Makes one request and completes with its answer. */
    public static CompletionStage<Response> ask(
            DuplexSession session,
            String method,
            Map<String, ?> params,
            ScheduledExecutorService timer,
            Duration within) {
        CompletableFuture<Response> answer = new CompletableFuture<>();
        ScheduledFuture<?> tooLate = timer.schedule(
                () -> answer.completeExceptionally(new UpstreamException(UpstreamFailure.notSent(
                        UpstreamFailure.Kind.UNREACHABLE,
                        method + " was not answered within " + within.toMillis() + " ms"))),
                within.toMillis(),
                TimeUnit.MILLISECONDS);
        answer.whenComplete((response, failure) -> tooLate.cancel(false));
        session.call(
                Request.of(RequestId.of(0), method, params),
                new CallSpec(Principal.anonymous(), "gateway", CallSpec.NO_HEADERS),
                new Waiting(answer));
        return answer;
    }

    /** Returns the parameters of {@code server/discover}. */
    public static Map<String, Object> modernParams(SessionSpec spec) {
        Map<String, Object> meta = new LinkedHashMap<>();
        meta.put(MetaKeys.PROTOCOL_VERSION, ProtocolVersion.V2026_07_28);
        meta.put(MetaKeys.CLIENT_CAPABILITIES, JsonValue.trusted(spec.clientCapabilities()));
        meta.put(MetaKeys.CLIENT_INFO, JsonValue.trusted(spec.clientInfo()));
        return Map.of("_meta", meta);
    }

    /** Returns the parameters of {@code initialize}. */
    public static Map<String, Object> initializeParams(SessionSpec spec) {
        Map<String, Object> params = new LinkedHashMap<>();
        params.put("protocolVersion", ProtocolVersion.V2025_11_25);
        params.put("capabilities", JsonValue.trusted(spec.clientCapabilities()));
        params.put("clientInfo", JsonValue.trusted(spec.clientInfo()));
        return params;
    }

    private static ServerFacts discovered(Response response) {
        refuseError(response, Methods.DISCOVER);
        List<String> versions = response.get(Part.RESULT, "supportedVersions").map(JsonValue::elements).stream()
                .flatMap(List::stream)
                .flatMap(version -> version.asString().stream())
                .toList();
        String version = versions.stream()
                .filter(ProtocolVersion::isServedModern)
                .findFirst()
                .orElseThrow(() -> unusable("it speaks " + versions + " and we " + ProtocolVersion.MODERN));
        return new ServerFacts(
                version,
                objectOr(
                        response.get(Part.RESULT_META, MetaKeys.SERVER_INFO),
                        "{\"name\":\"unknown\",\"version\":\"\"}"),
                objectOr(response.get(Part.RESULT, "capabilities"), "{}"),
                response.getString(Part.RESULT, "instructions"));
    }

    private static ServerFacts initialized(Response response) {
        refuseError(response, Methods.INITIALIZE);
        String version = response.getString(Part.RESULT, "protocolVersion").orElse("none");
        // 2024-11-05 had another HTTP transport, but over a pipe it is the same protocol.
        if (!ProtocolVersion.isServedLegacy(version) && !version.equals("2024-11-05")) {
            throw unusable("it answered initialize with protocol version " + version);
        }
        return new ServerFacts(
                version,
                objectOr(response.get(Part.RESULT, "serverInfo"), "{\"name\":\"unknown\",\"version\":\"\"}"),
                objectOr(response.get(Part.RESULT, "capabilities"), "{}"),
                response.getString(Part.RESULT, "instructions"));
    }

    private static JsonValue objectOr(Optional<JsonValue> value, String otherwise) {
        return value.filter(JsonValue::isObject).orElseGet(() -> JsonValue.trusted(otherwise));
    }

    private static void refuseError(Response response, String method) {
        if (response.isError()) {
            throw unusable("it answered " + method + " with error " + response.errorCode());
        }
    }

    private static UpstreamException unusable(String detail) {
        return new UpstreamException(UpstreamFailure.notSent(UpstreamFailure.Kind.PROTOCOL, detail));
    }

    /** Waits for the answer to one request of the gateway's own. */
    private record Waiting(CompletableFuture<Response> answer) implements CallListener {
        @Override
        public void onNotification(Notification notification) {
            // Of no interest.
        }

        @Override
        public void onRequest(Request request, Consumer<Response> to) {
            to.accept(Response.error(
                    request.id(), McpError.of(ErrorCodes.METHOD_NOT_FOUND, "Not before initialize is over")));
        }

        @Override
        public void onPause(Duration retry) {
            // Pipes have no pauses.
        }

        @Override
        public void onResponse(Response response) {
            answer.complete(response);
        }

        @Override
        public void onFailure(UpstreamFailure failure) {
            answer.completeExceptionally(new UpstreamException(failure));
        }
    }
}
