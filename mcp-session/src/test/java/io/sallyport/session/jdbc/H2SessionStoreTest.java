package io.sallyport.session.jdbc;

import com.zaxxer.hikari.HikariDataSource;
import io.sallyport.spi.SchemaMigrator;
import io.sallyport.spi.SessionStore;
import io.sallyport.spi.SessionStore.Bounds;
import io.sallyport.spi.StoreContract;
import io.sallyport.testing.Postgres;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

class H2SessionStoreTest implements StoreContract {

    private static HikariDataSource database;

    @BeforeAll
    static void connect() {
        database = Postgres.pool("jdbc:h2:mem:contract;DB_CLOSE_DELAY=-1", 10);
        JdbcSessionStore.schema(database).run(SchemaMigrator.Mode.MIGRATE);
    }

    @AfterAll
    static void disconnect() {
        database.close();
    }

    @Override
    public SessionStore open(Bounds bounds) {
        Tables.empty(database);
        return JdbcSessionStore.on(database).bounds(bounds).build();
    }

    @Override
    public Optional<SessionStore> another(SessionStore store) {
        return Optional.of(JdbcSessionStore.on(database).bounds(store.bounds()).build());
    }

    @Override
    public void letPass(Duration duration) {
        Tables.age(database, duration);
    }
}
