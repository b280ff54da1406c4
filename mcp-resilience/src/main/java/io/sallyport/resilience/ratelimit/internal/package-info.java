/** What the shared stores have in common: buckets of Bucket4j, and a clock that goes by the store's. For nobody else. Thread-safe. */
@NullMarked
package io.sallyport.resilience.ratelimit.internal;

import org.jspecify.annotations.NullMarked;
