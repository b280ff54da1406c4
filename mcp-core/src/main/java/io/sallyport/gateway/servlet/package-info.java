/**
 * The gateway as a servlet: {@link io.sallyport.gateway.servlet.McpServlet}, for any container of Jakarta Servlet 6.0
 * and later. Nothing here knows a container.
 */
@NullMarked
package io.sallyport.gateway.servlet;

import org.jspecify.annotations.NullMarked;
