/**
 * The server that the official MCP conformance suite expects, written with local tools and served by a gateway alone.
 *
 * <p>Start at {@link io.sallyport.examples.conformance.ConformanceServer} for the tools, and at {@link
 * io.sallyport.examples.conformance.Main} for how they are served. {@code run.sh} runs the suite.
 */
@NullMarked
package io.sallyport.examples.conformance;

import org.jspecify.annotations.NullMarked;
