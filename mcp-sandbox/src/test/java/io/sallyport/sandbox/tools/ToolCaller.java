package io.sallyport.sandbox.tools;

import io.sallyport.protocol.Era;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.MessageLimits;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Part;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.RequestId;
import io.sallyport.protocol.Response;
import io.sallyport.spi.Principal;
import io.sallyport.spi.Sealer;
import io.sallyport.upstream.CallHandle;
import io.sallyport.upstream.CallListener;
import io.sallyport.upstream.CallSpec;
import io.sallyport.upstream.SessionListener;
import io.sallyport.upstream.SessionSpec;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamRuntime;
import io.sallyport.upstream.UpstreamSession;
import io.sallyport.upstream.local.LocalServer;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Calls tools of a server as a gateway does. */
public final class ToolCaller implements AutoCloseable {

    private final ExecutorService executor = Executors.newCachedThreadPool();
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final UpstreamSession session;

    public ToolCaller(LocalServer server) throws Exception {
        UpstreamRuntime runtime =
                new UpstreamRuntime(executor, timer, MessageLimits.forUpstreams(), Sealer.ephemeral());
        session = server.open(new SessionSpec(Principal.anonymous(), Era.MODERN, "{}", "{}"), new Deaf(), runtime)
                .toCompletableFuture()
                .get();
    }

    /** A call that is under way. */
    record Call(CallHandle handle, CompletableFuture<JsonValue> result, BlockingQueue<String> progress) {}

    public JsonValue call(Principal principal, String tool, Map<String, ?> arguments) throws Exception {
        return begin(principal, tool, arguments, Optional.empty()).result().get(30, TimeUnit.SECONDS);
    }

    /** Begins a call whose caller wants to hear of progress. */
    Call beginTold(Principal principal, String tool, Map<String, ?> arguments) {
        return begin(principal, tool, arguments, Optional.of("token"));
    }

    Call begin(Principal principal, String tool, Map<String, ?> arguments, Optional<String> progressToken) {
        Map<String, Object> params = new LinkedHashMap<>();
        params.put("name", tool);
        params.put("arguments", arguments);
        progressToken.ifPresent(token -> params.put("_meta", Map.of("progressToken", token)));
        CompletableFuture<JsonValue> result = new CompletableFuture<>();
        BlockingQueue<String> progress = new LinkedBlockingQueue<>();
        CallHandle handle = session.call(
                Request.of(RequestId.of(1), "tools/call", params),
                new CallSpec(principal, "correlation", CallSpec.NO_HEADERS),
                new Listener(result, progress));
        return new Call(handle, result, progress);
    }

    List<JsonValue> list() throws Exception {
        CompletableFuture<JsonValue> result = new CompletableFuture<>();
        session.call(
                Request.of(RequestId.of(1), "tools/list", Map.of()),
                new CallSpec(Principal.anonymous(), "correlation", CallSpec.NO_HEADERS),
                new Listener(result, new LinkedBlockingQueue<>()));
        return result.get(30, TimeUnit.SECONDS).get("tools").orElseThrow().elements();
    }

    @Override
    public void close() {
        executor.shutdownNow();
        timer.shutdownNow();
    }

    private record Listener(CompletableFuture<JsonValue> result, BlockingQueue<String> progress)
            implements CallListener {

        @Override
        public void onNotification(Notification notification) {
            progress.add(notification.getString(Part.PARAMS, "message").orElse(""));
        }

        @Override
        public void onRequest(Request request, Consumer<Response> answer) {
            throw new AssertionError("nobody is asked");
        }

        @Override
        public void onPause(Duration retry) {
            throw new AssertionError("nobody pauses");
        }

        @Override
        public void onResponse(Response response) {
            response.get(Part.RESULT)
                    .ifPresentOrElse(
                            result::complete,
                            () -> result.completeExceptionally(new AssertionError(response.toString())));
        }

        @Override
        public void onFailure(UpstreamFailure failure) {
            result.completeExceptionally(new AssertionError(failure.toString()));
        }
    }

    private static final class Deaf implements SessionListener {
        @Override
        public void onNotification(Notification notification) {}

        @Override
        public void onRequest(Request request, Consumer<Response> answer) {}

        @Override
        public void onEnd(UpstreamFailure why) {}
    }
}
