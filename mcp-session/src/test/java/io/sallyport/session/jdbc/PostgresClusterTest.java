package io.sallyport.session.jdbc;

import com.zaxxer.hikari.HikariDataSource;
import io.sallyport.session.JettyEe10Container;
import io.sallyport.session.LostStoreContract;
import io.sallyport.spi.SchemaMigrator;
import io.sallyport.spi.SessionStore;
import io.sallyport.testing.Container;
import io.sallyport.testing.Postgres;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

class PostgresClusterTest implements LostStoreContract {

    private HikariDataSource database;

    @BeforeEach
    void open() {
        database = Postgres.freshSchema("cluster", 16, "");
    }

    @AfterEach
    void close() {
        database.close();
    }

    @Override
    public SessionStore storeOfANode() {
        return JdbcSessionStore.on(database).schema(SchemaMigrator.Mode.MIGRATE).build();
    }

    @Override
    public Container container() {
        return new JettyEe10Container();
    }

    @Override
    public void loseEverything() {
        Tables.empty(database);
    }

    @Override
    public void damageTheFirstSession(String found, String put) {
        Postgres.run(
                database,
                "update sallyport_session set data = replace(data, '" + found + "', '" + put + "')"
                        + " where opened = (select min(opened) from sallyport_session)");
    }
}
