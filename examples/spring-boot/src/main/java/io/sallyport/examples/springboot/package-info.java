/**
 * A Spring Boot MCP server, written as Spring AI has it, whose sessions survive its nodes.
 *
 * <p>Start at {@link io.sallyport.examples.springboot.SharedSessions}, which is all that it takes.
 */
@NullMarked
package io.sallyport.examples.springboot;

import org.jspecify.annotations.NullMarked;
