package io.sallyport.protocol;

import java.util.Set;

/** The names in {@code _meta} that the specification reserves (revision 2026-07-28), and our own. */
public final class MetaKeys {

    /** The revision that a request speaks. */
    public static final String PROTOCOL_VERSION = "io.modelcontextprotocol/protocolVersion";
    /** What the client can be asked for. */
    public static final String CLIENT_CAPABILITIES = "io.modelcontextprotocol/clientCapabilities";
    /** Who the client is. */
    public static final String CLIENT_INFO = "io.modelcontextprotocol/clientInfo";
    /** The least level of log messages wanted; without it none may be sent. */
    public static final String LOG_LEVEL = "io.modelcontextprotocol/logLevel";
    /** The subscription that a notification belongs to. */
    public static final String SUBSCRIPTION_ID = "io.modelcontextprotocol/subscriptionId";
    /** Who the server is. */
    public static final String SERVER_INFO = "io.modelcontextprotocol/serverInfo";
    /** Where progress is to be reported to. */
    public static final String PROGRESS_TOKEN = "progressToken";

    /**
     * For how many milliseconds from now the sender waits for the answer. Our own: upstreams are sent it with each call, and
     * clients may send it to wait for less than the gateway lets them.
     */
    public static final String DEADLINE_MS = "io.sallyport/deadlineMs";

    /** What a modern request carries for the hop that it is on, and no other. */
    static final Set<String> OF_ONE_HOP = Set.of(PROTOCOL_VERSION, CLIENT_CAPABILITIES, CLIENT_INFO, LOG_LEVEL);

    private MetaKeys() {}
}
