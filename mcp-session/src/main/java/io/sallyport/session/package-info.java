/**
 * Sessions that outlive a node: the stores, the event log and the cluster bus behind core's interfaces.
 *
 * <p>Nothing is here yet: the package holds the name until its code arrives.
 */
@NullMarked
package io.sallyport.session;

import org.jspecify.annotations.NullMarked;
