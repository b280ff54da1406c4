/**
 * Sessions and events in Redis; the one package that may show Lettuce's types.
 *
 * <p>Nothing is here yet: the package holds the name until its code arrives.
 */
@NullMarked
package io.sallyport.session.redis;

import org.jspecify.annotations.NullMarked;
