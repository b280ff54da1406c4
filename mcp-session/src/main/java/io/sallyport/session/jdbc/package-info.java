/**
 * Sessions and events in a relational database.
 *
 * <p>Nothing is here yet: the package holds the name until its code arrives.
 */
@NullMarked
package io.sallyport.session.jdbc;

import org.jspecify.annotations.NullMarked;
