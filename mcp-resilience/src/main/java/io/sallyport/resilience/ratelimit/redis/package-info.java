/**
 * Buckets that several nodes share in Redis or Valkey, through Lettuce. Begin with {@link
 * io.sallyport.resilience.ratelimit.redis.RedisBucketStore}. Thread-safe.
 */
@NullMarked
package io.sallyport.resilience.ratelimit.redis;

import org.jspecify.annotations.NullMarked;
