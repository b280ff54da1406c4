/**
 * MCP servers that are reached over HTTP: Streamable HTTP in either era, and the transport with SSE that came before.
 *
 * <p>Hosts start at {@link io.sallyport.upstream.http.HttpUpstream}. Inside, {@code HttpEngine} owns the connections and the
 * one thread that moves bytes; a {@code HttpOrigin} finds out which era the server speaks; a {@code ModernHttpSession} or a
 * {@code LegacyHttpSession} makes calls of it. The thread that moves bytes also calls listeners, so they must not block.
 */
@NullMarked
package io.sallyport.upstream.http;

import org.jspecify.annotations.NullMarked;
