/**
 * Sessions that survive a node, for servers built on the official MCP Java SDK. One line changes in a server that somebody
 * has already:
 *
 * <pre>{@code
 * var provider = ClusteredStreamableServerTransportProvider.builder()   // was HttpServletStreamableServerTransportProvider
 *         .sessionStore(store)                                          // the same database or Redis at every node
 *         .build();
 * McpSyncServer server = McpServer.sync(provider).tools(tools).build(); // as before
 * servlets.addServlet(provider, "/mcp");                                // as before, with setAsyncSupported(true)
 * }</pre>
 *
 * <p>The SDK is an optional dependency ({@code io.modelcontextprotocol.sdk:mcp-core} 2.1 and a binding for JSON such as
 * {@code mcp-json-jackson3}): a host that uses this package brings it. No gateway is involved.
 *
 * <p>What is promised: what a client was told is kept. A session's id is given out after the session is in the store; an
 * event has an id once it is in the log; an answer to a question is accepted once it is in the inbox of the node that
 * asked. Events of a stream arrive in order. See {@link
 * io.sallyport.session.sdk.ClusteredStreamableServerTransportProvider} for what is not carried over to another node.
 */
@NullMarked
package io.sallyport.session.sdk;

import org.jspecify.annotations.NullMarked;
