/**
 * Sessions and events in Redis; the one package that may show Lettuce's types.
 *
 * <p>Start at {@link io.sallyport.session.redis.RedisSessionStore}. It promises what {@link
 * io.sallyport.spi.SessionStore} asks of a store that nodes share: one script on the server for each operation, so that
 * operations of all nodes happen one after the other, by the server's clock. Everything public may be used by any number
 * of threads, apart from the builder.
 */
@NullMarked
package io.sallyport.session.redis;

import org.jspecify.annotations.NullMarked;
