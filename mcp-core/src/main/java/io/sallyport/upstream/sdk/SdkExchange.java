package io.sallyport.upstream.sdk;

import io.modelcontextprotocol.common.McpTransportContext;
import io.modelcontextprotocol.server.McpAsyncServerExchange;
import io.modelcontextprotocol.spec.McpSchema;
import io.sallyport.upstream.local.LocalCall;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * The exchange that a handler of the SDK is given for one call. It reports to the client as any exchange does, and
 * refuses what would keep a thread waiting for a person. Thread-safe; does nothing after the call has ended.
 */
final class SdkExchange extends McpAsyncServerExchange {

    private final ReentrantLock lock = new ReentrantLock();

    /** Guarded by the lock. Null when the call has ended. */
    private @Nullable LocalCall call;

    SdkExchange(
            LocalCall call,
            McpSchema.ClientCapabilities capabilities,
            McpSchema.Implementation clientInfo,
            Map<String, Object> context) {
        // No session: all that would go through one is overridden here. The call's id stands for the session's, so
        // that what a handler keeps by it is never found by anybody else.
        super(call.correlationId(), null, capabilities, clientInfo, McpTransportContext.create(context));
        this.call = call;
    }

    /** Takes note that the handler has returned. */
    void end() {
        lock.lock();
        try {
            call = null;
        } finally {
            lock.unlock();
        }
    }

    private Mono<Void> tell(Consumer<LocalCall> message) {
        return Mono.fromRunnable(() -> {
            lock.lock();
            try {
                if (call != null) {
                    message.accept(call);
                }
            } finally {
                lock.unlock();
            }
        });
    }

    @Override
    public Mono<Void> progressNotification(McpSchema.ProgressNotification notification) {
        double progress = notification.progress();
        Double total = notification.total();
        String message = notification.message();
        if (total == null) {
            return message == null ? tell(to -> to.progress(progress)) : tell(to -> to.progress(progress, message));
        }
        return message == null
                ? tell(to -> to.progress(progress, total))
                : tell(to -> to.progress(progress, total, message));
    }

    @Override
    public Mono<Void> loggingNotification(McpSchema.LoggingMessageNotification notification) {
        String level = notification.level().name().toLowerCase(Locale.ROOT);
        String logger = notification.logger();
        return logger == null
                ? tell(to -> to.log(level, notification.data()))
                : tell(to -> to.log(level, logger, notification.data()));
    }

    @Override
    public Mono<McpSchema.CreateMessageResult> createMessage(McpSchema.CreateMessageRequest request) {
        return cannotWait("createMessage", "sampling");
    }

    @Override
    public Mono<McpSchema.ElicitResult> createElicitation(McpSchema.ElicitRequest request) {
        return cannotWait("createElicitation", "elicitation");
    }

    @Override
    public Mono<McpSchema.ListRootsResult> listRoots() {
        return cannotWait("listRoots", "roots");
    }

    @Override
    public Mono<McpSchema.ListRootsResult> listRoots(String cursor) {
        return listRoots();
    }

    /** Answered here: who waits for the call is the gateway. */
    @Override
    public Mono<Object> ping() {
        return Mono.just(Map.of());
    }

    private static <T> Mono<T> cannotWait(String method, String input) {
        return Mono.error(() -> new UnsupportedOperationException(method
                + " would keep a thread waiting for the client, and a client of revision 2026-07-28 cannot be asked"
                + " that way. Write this tool with io.sallyport.upstream.local.Tool and return"
                + " ToolResult.inputRequired(InputRequest." + input + "(…)): it is called again with the answer"));
    }
}
