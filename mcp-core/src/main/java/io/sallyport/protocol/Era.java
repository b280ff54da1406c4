package io.sallyport.protocol;

/** The two worlds of MCP. A gateway serves both on one endpoint. */
public enum Era {
    /** Revision 2025-11-25 and earlier: {@code initialize}, then a session. */
    LEGACY,
    /** Revision 2026-07-28 and later: every request stands alone and carries its version in {@code _meta}. */
    MODERN
}
