/**
 * Buckets that several nodes share in a relational database: PostgreSQL or H2, through any {@link javax.sql.DataSource}. Begin
 * with {@link io.sallyport.resilience.ratelimit.jdbc.JdbcBucketStore}. Thread-safe.
 */
@NullMarked
package io.sallyport.resilience.ratelimit.jdbc;

import org.jspecify.annotations.NullMarked;
