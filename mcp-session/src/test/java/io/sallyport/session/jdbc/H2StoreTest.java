package io.sallyport.session.jdbc;

import com.zaxxer.hikari.HikariDataSource;
import io.sallyport.testing.Postgres;

class H2StoreTest extends JdbcStoreContract {

    @Override
    HikariDataSource emptyDatabase() {
        return Postgres.pool("jdbc:h2:mem:store;DB_CLOSE_DELAY=-1", 10);
    }
}
