package io.sallyport.security.vault;

import com.zaxxer.hikari.HikariDataSource;
import io.sallyport.spi.SchemaMigrator;
import io.sallyport.testing.Postgres;
import javax.sql.DataSource;

/** Databases of each kind for tests of stores in them. */
final class VaultDatabase {

    private static final int CONNECTIONS = 10;

    private VaultDatabase() {}

    /** Returns an empty schema of this name, and connections to it. */
    static HikariDataSource postgres(String name) {
        return Postgres.freshSchema(name, CONNECTIONS, "");
    }

    /** Returns connections to a database of this name in memory, from which everything was dropped. */
    static HikariDataSource h2(String name) {
        HikariDataSource database = Postgres.pool("jdbc:h2:mem:" + name + ";DB_CLOSE_DELAY=-1", CONNECTIONS);
        Postgres.run(database, "drop all objects");
        return database;
    }

    /** Returns a store that has nothing in it. */
    static JdbcVaultStore emptied(DataSource database) {
        JdbcVaultStore store =
                JdbcVaultStore.on(database).schema(SchemaMigrator.Mode.MIGRATE).build();
        Postgres.run(
                database,
                "delete from sallyport_vault_row",
                "delete from sallyport_vault_key",
                "delete from sallyport_vault_ring",
                "delete from sallyport_vault_node");
        return store;
    }
}
