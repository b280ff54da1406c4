package io.sallyport.session.jdbc;

import com.zaxxer.hikari.HikariDataSource;
import io.sallyport.testing.Postgres;

class PostgresSchemaMigratorTest extends SchemaMigratorContract {

    @Override
    HikariDataSource emptyDatabase() {
        return Postgres.freshSchema("migrator", 10, "");
    }

    @Override
    String lock() {
        return "select pg_advisory_xact_lock(" + 0x53616c6c79706f72L + ")";
    }
}
