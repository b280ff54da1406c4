package io.sallyport.protocol;

/**
 * The JSON-RPC error codes in use: JSON-RPC's own, those that the MCP specification defines, and ours.
 *
 * <p>Ours lie outside -32768..-32000, which belongs to JSON-RPC and to the MCP specification (revision 2026-07-28,
 * "Error codes").
 */
public final class ErrorCodes {

    /** Not JSON. */
    public static final int PARSE_ERROR = -32700;
    /** JSON, but not a valid message. */
    public static final int INVALID_REQUEST = -32600;
    /** No such method, or one of a capability that was not declared. */
    public static final int METHOD_NOT_FOUND = -32601;
    /** The parameters do not fit; also an unknown tool, prompt or (2026-07-28) resource. */
    public static final int INVALID_PARAMS = -32602;
    /** A fault on the serving side. */
    public static final int INTERNAL_ERROR = -32603;

    /** A session that is unknown or has ended (legacy; the code that the official SDKs use). */
    public static final int SESSION_NOT_FOUND = -32001;
    /** An unknown resource (legacy; 2026-07-28 uses {@link #INVALID_PARAMS}). */
    public static final int RESOURCE_NOT_FOUND = -32002;
    /** A header that is missing, malformed or does not agree with the body (2026-07-28). */
    public static final int HEADER_MISMATCH = -32020;
    /** The client did not declare a capability that the request needs (2026-07-28). */
    public static final int MISSING_CLIENT_CAPABILITY = -32021;
    /** A protocol version that is not served (2026-07-28). */
    public static final int UNSUPPORTED_PROTOCOL_VERSION = -32022;
    /** The client has to visit a URL first (2025-11-25). */
    public static final int URL_ELICITATION_REQUIRED = -32042;

    /** Refused by a rate limit. */
    public static final int RATE_LIMITED = 42900;
    /** The request has no credential, or none that holds. */
    public static final int UNAUTHENTICATED = 40100;

    /** Refused by authorization or by policy. */
    public static final int FORBIDDEN = 40300;
    /** The upstream that serves this cannot be reached. */
    public static final int UPSTREAM_UNAVAILABLE = 50300;
    /** This gateway has no room for the request just now. */
    public static final int OVERLOADED = 50301;
    /** The time allowed for the call is over. */
    public static final int DEADLINE_EXCEEDED = 50400;
    /** The call may or may not have been carried out. */
    public static final int OUTCOME_UNKNOWN = 50900;
    /** The upstream lost the state that the call relied on. */
    public static final int UPSTREAM_STATE_LOST = 50901;

    private ErrorCodes() {}
}
