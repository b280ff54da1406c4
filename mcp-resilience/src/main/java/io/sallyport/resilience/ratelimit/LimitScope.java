package io.sallyport.resilience.ratelimit;

/** Whose calls a limit counts together. All of it is verified: no header of a client says whose a call is. */
public enum LimitScope {
    /** All calls. */
    GLOBAL,
    /** Those at one endpoint; the key is its path. */
    ENDPOINT,
    /** Those of one tenant; the key is its name. */
    TENANT,
    /** Those of one principal; the key is {@link RateLimits#keyOf}. */
    PRINCIPAL,
    /** Those that go to one upstream; the key is its name. */
    UPSTREAM,
    /** Calls of one tool of one upstream; the key is the upstream's name, a slash, and the upstream's own name of the tool. */
    TOOL
}
