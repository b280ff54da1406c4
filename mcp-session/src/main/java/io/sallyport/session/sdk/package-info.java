/**
 * A clustered transport provider for servers built on the official MCP Java SDK.
 *
 * <p>Nothing is here yet: the package holds the name until its code arrives.
 */
@NullMarked
package io.sallyport.session.sdk;

import org.jspecify.annotations.NullMarked;
