package io.sallyport.filter;

import static java.util.Objects.requireNonNull;

import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.Response;
import java.util.function.BiFunction;

/**
 * Hooks at one stage of a request. Three lines make one:
 *
 * <pre>{@code
 * McpFilter noDeletes = McpFilter.onRequest(Stage.AUTHORIZE, (call, request) ->
 *     call.target().filter(tool -> tool.startsWith("delete_")).isPresent()
 *         ? Decision.refuse(Refusal.forbidden("Nothing is deleted here.")) : Decision.proceed());
 * }</pre>
 */
public interface McpFilter {

    /** Returns the stage that this filter joins; always the same. */
    Stage stage();

    /**
     * Called before a request goes to its upstream. The message is the client's, with the upstream's own names in it, as
     * earlier hooks have left it.
     */
    default Decision onRequest(CallContext call, Request request) {
        return Decision.proceed();
    }

    /**
     * Called for a notification on its way to the client, such as progress or a log message of the upstream. A refusal
     * drops it.
     */
    default Decision onNotification(CallContext call, Notification notification) {
        return Decision.proceed();
    }

    /** Called before a result, or an error of the upstream, is sent. Not called for refusals. */
    default Decision onResult(CallContext call, Response response) {
        return Decision.proceed();
    }

    /**
     * Returns whether this filter looks at what comes back ({@link #onNotification}, {@link #onResult}). If no filter
     * does, what comes back is passed on without changing threads.
     */
    default boolean looksAtResults() {
        return true;
    }

    /** Returns a filter of requests only. */
    static McpFilter onRequest(Stage stage, BiFunction<CallContext, Request, Decision> hook) {
        requireNonNull(stage, "stage");
        requireNonNull(hook, "hook");
        return new McpFilter() {
            @Override
            public Stage stage() {
                return stage;
            }

            @Override
            public Decision onRequest(CallContext call, Request request) {
                return hook.apply(call, request);
            }

            @Override
            public boolean looksAtResults() {
                return false;
            }
        };
    }

    /** Returns a filter of results only. */
    static McpFilter onResult(Stage stage, BiFunction<CallContext, Response, Decision> hook) {
        requireNonNull(stage, "stage");
        requireNonNull(hook, "hook");
        return new McpFilter() {
            @Override
            public Stage stage() {
                return stage;
            }

            @Override
            public Decision onResult(CallContext call, Response response) {
                return hook.apply(call, response);
            }
        };
    }
}
