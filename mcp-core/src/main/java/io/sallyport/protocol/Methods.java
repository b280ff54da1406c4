package io.sallyport.protocol;

import java.util.List;
import java.util.Set;

/** The methods of the MCP revisions that we speak, and what is known of them. */
public final class Methods {

    /** Legacy: opens a session. */
    public static final String INITIALIZE = "initialize";
    /** Legacy: the client is ready. */
    public static final String INITIALIZED = "notifications/initialized";
    /** Modern: who serves here, and what. */
    public static final String DISCOVER = "server/discover";
    /** Legacy: are you there? */
    public static final String PING = "ping";
    /** A page of the tools. */
    public static final String TOOLS_LIST = "tools/list";
    /** Calls a tool. */
    public static final String TOOLS_CALL = "tools/call";
    /** A page of the prompts. */
    public static final String PROMPTS_LIST = "prompts/list";
    /** Gets a prompt. */
    public static final String PROMPTS_GET = "prompts/get";
    /** A page of the resources. */
    public static final String RESOURCES_LIST = "resources/list";
    /** A page of the resource templates. */
    public static final String RESOURCE_TEMPLATES_LIST = "resources/templates/list";
    /** Reads a resource. */
    public static final String RESOURCES_READ = "resources/read";
    /** Legacy: watches a resource. */
    public static final String RESOURCES_SUBSCRIBE = "resources/subscribe";
    /** Legacy: no longer watches a resource. */
    public static final String RESOURCES_UNSUBSCRIBE = "resources/unsubscribe";
    /** Modern: the stream of changes. */
    public static final String SUBSCRIPTIONS_LISTEN = "subscriptions/listen";
    /** Completes an argument. */
    public static final String COMPLETE = "completion/complete";
    /** Legacy: the least level of log messages. */
    public static final String SET_LEVEL = "logging/setLevel";
    /** Server to client: asks the user. */
    public static final String ELICIT = "elicitation/create";
    /** Server to client: asks the model. */
    public static final String SAMPLE = "sampling/createMessage";
    /** Server to client: asks for the roots. */
    public static final String ROOTS_LIST = "roots/list";

    /** Gives up a request. */
    public static final String CANCELLED = "notifications/cancelled";
    /** How far a request has come. */
    public static final String PROGRESS = "notifications/progress";
    /** A log message. */
    public static final String LOG_MESSAGE = "notifications/message";
    /** The list of tools changed. */
    public static final String TOOLS_CHANGED = "notifications/tools/list_changed";
    /** The list of prompts changed. */
    public static final String PROMPTS_CHANGED = "notifications/prompts/list_changed";
    /** The list of resources changed. */
    public static final String RESOURCES_CHANGED = "notifications/resources/list_changed";
    /** A watched resource changed. */
    public static final String RESOURCE_UPDATED = "notifications/resources/updated";
    /** Client to server: the roots changed. */
    public static final String ROOTS_CHANGED = "notifications/roots/list_changed";
    /** Modern: what a {@link #SUBSCRIPTIONS_LISTEN} will tell of. */
    public static final String SUBSCRIPTIONS_ACKNOWLEDGED = "notifications/subscriptions/acknowledged";
    /** Legacy: an elicitation by URL has ended. */
    public static final String ELICITATION_COMPLETE = "notifications/elicitation/complete";

    private static final Set<String> LEGACY_ONLY =
            Set.of(INITIALIZE, PING, SET_LEVEL, RESOURCES_SUBSCRIBE, RESOURCES_UNSUBSCRIBE);

    private static final Set<String> MODERN_ONLY = Set.of(DISCOVER, SUBSCRIPTIONS_LISTEN);

    private static final Set<String> BOTH = Set.of(
            TOOLS_LIST,
            TOOLS_CALL,
            PROMPTS_LIST,
            PROMPTS_GET,
            RESOURCES_LIST,
            RESOURCE_TEMPLATES_LIST,
            RESOURCES_READ,
            COMPLETE);

    private Methods() {}

    /** Returns whether a client of this era may request this method. */
    public static boolean isRequest(Era era, String method) {
        return BOTH.contains(method) || (era == Era.LEGACY ? LEGACY_ONLY : MODERN_ONLY).contains(method);
    }

    /** Returns the requests of an era, sorted. */
    public static List<String> requests(Era era) {
        return java.util.stream.Stream.concat(BOTH.stream(), (era == Era.LEGACY ? LEGACY_ONLY : MODERN_ONLY).stream())
                .sorted()
                .toList();
    }
}
