/**
 * MCP servers that run as child processes and are spoken to over their standard input and output.
 *
 * <p>Hosts start at {@link io.sallyport.upstream.stdio.StdioUpstream} and {@link io.sallyport.upstream.stdio.StdioCommand}.
 * Inside, a {@code ChildProcess} owns one child and its four threads, and the {@code ChildGuard} sees to it that children
 * end with the gateway, however that ends.
 */
@NullMarked
package io.sallyport.upstream.stdio;

import org.jspecify.annotations.NullMarked;
