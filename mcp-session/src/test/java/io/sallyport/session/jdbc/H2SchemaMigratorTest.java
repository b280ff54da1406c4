package io.sallyport.session.jdbc;

import com.zaxxer.hikari.HikariDataSource;
import io.sallyport.testing.Postgres;

class H2SchemaMigratorTest extends SchemaMigratorContract {

    @Override
    HikariDataSource emptyDatabase() {
        HikariDataSource database = Postgres.pool("jdbc:h2:mem:migrator;DB_CLOSE_DELAY=-1;LOCK_TIMEOUT=20", 20);
        Postgres.run(database, "drop all objects");
        return database;
    }

    @Override
    String lock() {
        return "merge into sallyport_schema_lock (id) values (1)";
    }
}
