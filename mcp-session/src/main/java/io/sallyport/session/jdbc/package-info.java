/**
 * Sessions, their streams and the nodes that share them in a relational database: PostgreSQL or H2, through any {@link
 * javax.sql.DataSource}. Begin with {@link io.sallyport.session.jdbc.JdbcSessionStore}.
 *
 * <p>Everything is thread-safe, blocks for about one round trip to the database, and throws a {@link
 * io.sallyport.spi.StoreUnavailableException} when the database cannot be reached or does not answer in time. No thread
 * is started.
 */
@NullMarked
package io.sallyport.session.jdbc;

import org.jspecify.annotations.NullMarked;
