/**
 * A gateway that runs: an embedded Jetty, and the {@code mcpServers} file that every MCP client already uses.
 *
 * <p>Who wants to embed a gateway reads {@link io.sallyport.examples.gateway.GatewayHost}, which is all that it takes.
 * The rest is the program around it: {@link io.sallyport.examples.gateway.Main} with its options and exit codes, {@link
 * io.sallyport.examples.gateway.McpServersFile} with what reads the file, and {@link
 * io.sallyport.examples.gateway.EmbeddedDefault} with what is served without one.
 */
@NullMarked
package io.sallyport.examples.gateway;

import org.jspecify.annotations.NullMarked;
