package io.sallyport.resilience.ratelimit.jdbc;

import com.zaxxer.hikari.HikariDataSource;
import io.sallyport.resilience.ratelimit.BucketStore;
import io.sallyport.resilience.ratelimit.SharedStoreContract;
import io.sallyport.testing.Postgres;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

class PostgresBucketStoreTest extends SharedStoreContract {

    private static HikariDataSource database;

    @BeforeAll
    static void connect() {
        database = Postgres.freshSchema("limits_contract", 10, "");
    }

    @AfterAll
    static void disconnect() {
        database.close();
    }

    @Override
    protected BucketStore open(Duration ahead) {
        return Tables.open(database, ahead);
    }
}
