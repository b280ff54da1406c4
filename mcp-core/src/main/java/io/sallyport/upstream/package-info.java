/**
 * Upstreams: the MCP servers behind a gateway, and how it talks to them.
 *
 * <p>An {@link io.sallyport.upstream.Upstream} opens {@link io.sallyport.upstream.UpstreamSession}s; a session carries
 * calls. Nothing here blocks a thread for as long as a call takes: what an upstream sends is handed to listeners. For
 * one call its listener is called by one thread at a time and in the order in which the upstream sent things; listeners
 * must not block.
 *
 * <p>Hosts start at {@link io.sallyport.upstream.http.HttpUpstream}, {@link io.sallyport.upstream.stdio.StdioUpstream} or, for
 * tools of their own, at {@link io.sallyport.upstream.local.LocalServer}.
 */
@NullMarked
package io.sallyport.upstream;

import org.jspecify.annotations.NullMarked;
