/**
 * What upstreams offer: the list that each of them gave ({@link io.sallyport.catalogue.Catalogue}), and what an
 * endpoint makes of several of them ({@link io.sallyport.catalogue.EndpointCatalogue}): one list under names that are
 * unique, and the way back from such a name to the upstream and its own name.
 *
 * <p>All types are immutable snapshots, made anew when something changes.
 */
@NullMarked
package io.sallyport.catalogue;

import org.jspecify.annotations.NullMarked;
