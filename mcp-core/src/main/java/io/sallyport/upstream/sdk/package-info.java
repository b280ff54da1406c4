/**
 * Upstreams out of parts of the official MCP Java SDK, for hosts that have them already.
 *
 * <ul>
 *   <li>{@link io.sallyport.upstream.sdk.SdkTools}: tools, prompts and resources written for the SDK's server run in the
 *       gateway itself.
 *   <li>{@link io.sallyport.upstream.sdk.SdkTransportUpstream}: any client transport of the SDK reaches an upstream, among
 *       them the one for HTTP with SSE, deprecated since revision 2025-03-26.
 * </ul>
 *
 * <p>The SDK is an optional dependency ({@code io.modelcontextprotocol.sdk:mcp-core} 2.1 and a binding for JSON such as
 * {@code mcp-json-jackson3}): a host that uses this package brings it. Nothing else in the gateway touches the SDK.
 */
@NullMarked
package io.sallyport.upstream.sdk;

import org.jspecify.annotations.NullMarked;
