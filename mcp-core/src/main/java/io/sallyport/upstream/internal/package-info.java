/**
 * Conversations over channels that carry messages both ways, for the kinds of upstreams that have one. Nothing here is for
 * hosts.
 */
@NullMarked
package io.sallyport.upstream.internal;

import org.jspecify.annotations.NullMarked;
