/**
 * The gateway: put together by {@link io.sallyport.gateway.McpGateway#builder}, served by {@link
 * io.sallyport.gateway.servlet.McpServlet}.
 *
 * <p>A gateway owns what it starts (threads, connections, child processes) and ends all of it in {@code close()}; what
 * it was given, it leaves alone.
 */
@NullMarked
package io.sallyport.gateway;

import org.jspecify.annotations.NullMarked;
