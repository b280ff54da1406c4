/**
 * Sandboxes on other machines, spoken to over HTTP: virtual machines of a microsandbox server (up to its version 0.2.6, later
 * ones have no server), and the sandbox service of MCPbox, which all code shares. Begin with {@link
 * io.sallyport.sandbox.remote.MicrosandboxSandbox} or {@link io.sallyport.sandbox.remote.McpboxSandbox}.
 *
 * <p>Both wait no longer than code may take, whatever the server does, and read no more than it may say. What else limits
 * code is up to the server. All types are thread-safe, builders aside.
 */
@NullMarked
package io.sallyport.sandbox.remote;

import org.jspecify.annotations.NullMarked;
