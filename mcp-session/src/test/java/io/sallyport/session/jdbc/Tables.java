package io.sallyport.session.jdbc;

import io.sallyport.spi.SqlStatements;
import io.sallyport.testing.Postgres;
import java.time.Duration;
import java.util.stream.Stream;
import javax.sql.DataSource;

/** The tables of a store, for tests that empty them or let time pass. */
final class Tables {

    static final String[] NAMES = {
        "sallyport_session", "sallyport_stream", "sallyport_event", "sallyport_node", "sallyport_letter"
    };

    private Tables() {}

    static void empty(DataSource database) {
        Postgres.run(
                database, Stream.of(NAMES).map(name -> "delete from " + name).toArray(String[]::new));
    }

    /** Moves all moments that are kept into the past, which is the same to a store as if time had passed. */
    static void age(DataSource database, Duration by) {
        long micros = SqlStatements.micros(by);
        Postgres.run(
                database,
                "update sallyport_session set opened = opened - " + micros + ", used = used - " + micros
                        + ", ended_at = ended_at - " + micros,
                "update sallyport_stream set touched = touched - " + micros,
                "update sallyport_node set until = until - " + micros);
    }
}
