package io.sallyport.sandbox.remote;

import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.MalformedMessageException;
import io.sallyport.protocol.MessageLimits;
import io.sallyport.sandbox.Cancellation;
import io.sallyport.sandbox.remote.RemoteFault.Kind;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The JSON-RPC of a microsandbox server, up to 0.2.6. There are two dialects: one has namespaces, to the other they are
 * unknown members, which it overlooks. We always send them. Thread-safe.
 */
final class MicrosandboxRpc {

    /** What goes wrong inside the server, whatever it is: also that a machine is not up yet. */
    private static final int INTERNAL = 5002;

    private static final int INVALID = 2001;

    private final RemoteHttp http;
    private final Optional<ApiKey> key;
    private final String namespace;
    private final Watch watch;
    private final AtomicLong ids = new AtomicLong();

    /** Told how the server fares. */
    interface Watch {

        /** It has answered, and takes our key. */
        void isWell();

        /** There is no use in it. */
        void isUnwell(String why);
    }

    MicrosandboxRpc(RemoteHttp http, Optional<ApiKey> key, String namespace, Watch watch) {
        this.http = http;
        this.key = key;
        this.namespace = namespace;
        this.watch = watch;
    }

    /** Calls a method, and returns its result. */
    JsonValue call(String method, Map<String, ?> params, int mostBytes, Duration atMost, Cancellation cancellation)
            throws RemoteFault, InterruptedException {
        try {
            JsonValue result = ask(method, params, mostBytes, atMost, cancellation);
            watch.isWell();
            return result;
        } catch (RemoteFault fault) {
            switch (fault.kind()) {
                case FAILED -> {
                    if (fault.code() == 0) {
                        watch.isUnwell(String.valueOf(fault.getMessage()));
                    } else {
                        watch.isWell();
                    }
                }
                case NOT_SENT, KEY_REFUSED -> watch.isUnwell(String.valueOf(fault.getMessage()));
                default -> {
                    // Of this call, as far as anybody knows.
                }
            }
            throw fault;
        }
    }

    private JsonValue ask(
            String method, Map<String, ?> params, int mostBytes, Duration atMost, Cancellation cancellation)
            throws RemoteFault, InterruptedException {
        long id = ids.incrementAndGet();
        Map<String, Object> all = new LinkedHashMap<>(params);
        all.put("namespace", namespace);
        Map<String, Object> request = new LinkedHashMap<>();
        request.put("jsonrpc", "2.0");
        request.put("method", method);
        request.put("params", all);
        request.put("id", id);
        RemoteHttp.Reply reply =
                http.send("POST", "/api/v1/rpc", headers(), Json.write(request), mostBytes, atMost, cancellation);
        Optional<JsonValue> body = parse(reply.body(), mostBytes);
        if (reply.status() != 200) {
            throw refusal(method, reply.status(), body);
        }
        JsonValue answer =
                body.orElseThrow(() -> new RemoteFault(Kind.NONSENSE, "the answer to " + method + " is not JSON"));
        if (answer.get("id")
                        .map(JsonValue::asLong)
                        .orElseThrow(() -> noAnswer(method))
                        .orElse(0)
                != id) {
            throw new RemoteFault(Kind.NONSENSE, "the answer to " + method + " is one to something else");
        }
        return answer.get("result").orElseThrow(() -> noAnswer(method));
    }

    private static RemoteFault noAnswer(String method) {
        return new RemoteFault(Kind.NONSENSE, "the answer to " + method + " is none");
    }

    private Map<String, String> headers() throws RemoteFault {
        return key.isPresent() ? Map.of("Authorization", "Bearer " + key.get().read()) : Map.of();
    }

    private static Optional<JsonValue> parse(byte[] body, int mostBytes) {
        try {
            return Optional.of(JsonValue.parse(
                    new String(body, StandardCharsets.UTF_8),
                    MessageLimits.forUpstreams().withMaxBytes(mostBytes)));
        } catch (MalformedMessageException e) {
            return Optional.empty();
        }
    }

    private static RemoteFault refusal(String method, int status, Optional<JsonValue> body) {
        int code = body.flatMap(it -> it.get("code"))
                .map(it -> (int) it.asLong().orElse(0))
                .orElse(0);
        String told = "HTTP " + status + (code == 0 ? "" : ", code " + code);
        return switch (status) {
            case 401 ->
                new RemoteFault(
                        Kind.KEY_REFUSED,
                        told + ": the server does not take the key"
                                + (code == 1004 ? "; it has expired, or another server has made it" : ""),
                        code);
            case 403 -> new RemoteFault(Kind.KEY_REFUSED, told + ": the key is for another namespace than ours", code);
            case 404 ->
                new RemoteFault(
                        Kind.FAILED,
                        told
                                + (body.isPresent()
                                        ? ": the server does not know " + method
                                        : ": there is no microsandbox server; versions after 0.2.6 have none"),
                        code);
            default ->
                code == 0
                        ? new RemoteFault(Kind.BROKEN, told + " to " + method)
                        : new RemoteFault(
                                Kind.FAILED,
                                told + " to " + method
                                        + body.flatMap(it -> it.getString("error"))
                                                .map(text -> ": " + text)
                                                .orElse(""),
                                code);
        };
    }

    /** Returns whether a machine that was just started may answer so because it is not up yet. */
    static boolean mayBeTooEarly(RemoteFault fault) {
        // Whatever is between the server and the machine answers for it meanwhile.
        return fault.kind() == Kind.BROKEN || fault.kind() == Kind.FAILED && fault.code() == INTERNAL;
    }

    /** Returns whether that says that there is no such thing. */
    static boolean isInvalid(RemoteFault fault) {
        return fault.kind() == Kind.FAILED && fault.code() == INVALID;
    }
}
