/**
 * Where connections of the gateway may go: each host is looked up once, what it is answered is judged, and connections go
 * to what was judged. Refused by default is every address that is not a public one, however it is spelled; what is meant
 * nevertheless is named, for one upstream at a time.
 *
 * <p>Start at {@link io.sallyport.egress.EgressGuard}. Thread-safe throughout, builders aside.
 */
@NullMarked
package io.sallyport.egress;

import org.jspecify.annotations.NullMarked;
