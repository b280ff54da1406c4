package io.sallyport.resilience.ratelimit.jdbc;

import io.sallyport.resilience.ratelimit.BucketStore;
import io.sallyport.spi.SchemaMigrator;
import java.time.Duration;
import javax.sql.DataSource;

/** Stores in a database of a test. */
final class Tables {

    private Tables() {}

    static BucketStore open(DataSource database, Duration ahead) {
        return JdbcBucketStore.on(database)
                .schema(SchemaMigrator.Mode.MIGRATE)
                .timeout(Duration.ofSeconds(5))
                .ticker(() -> System.nanoTime() + ahead.toNanos())
                .build();
    }
}
