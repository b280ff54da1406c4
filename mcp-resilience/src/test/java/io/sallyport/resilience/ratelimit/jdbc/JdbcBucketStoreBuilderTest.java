package io.sallyport.resilience.ratelimit.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import io.sallyport.resilience.ratelimit.BucketStore;
import io.sallyport.resilience.ratelimit.Rate;
import io.sallyport.spi.SchemaMigrator;
import io.sallyport.spi.SchemaMismatchException;
import io.sallyport.spi.StoreUnavailableException;
import io.sallyport.testing.Postgres;
import java.sql.SQLException;
import java.time.Duration;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

class JdbcBucketStoreBuilderTest {

    @Test
    void nobodysTablesAreMadeUnlessSomebodySaysSo() {
        try (HikariDataSource database = Postgres.pool("jdbc:h2:mem:limits_schema", 1)) {
            assertThatThrownBy(() -> JdbcBucketStore.on(database).build())
                    .isInstanceOf(SchemaMismatchException.class)
                    .hasMessageContaining("V1__buckets");
        }
    }

    @Test
    void whatCannotBeIsRefusedWhereItIsSaid() {
        JdbcBucketStore.Builder builder = JdbcBucketStore.on(unreachable());

        assertThatThrownBy(() -> builder.timeout(Duration.ofMillis(999))).hasMessageContaining("PT0.999S");
        assertThatThrownBy(() -> builder.threads(0)).hasMessageContaining("threads must be at least 1");
        assertThatThrownBy(() -> builder.threads(65)).hasMessageContaining("65");
    }

    @Test
    void aDatabaseThatIsNotThereFailsWhoAsks() {
        try (BucketStore store = JdbcBucketStore.on(unreachable())
                .schema(SchemaMigrator.Mode.NONE)
                .build()) {
            assertThatThrownBy(store::settings).isInstanceOf(StoreUnavailableException.class);
            assertThat(store.bucket("b", Rate.of(1, Duration.ofSeconds(1)), 1).take(1))
                    .isCompletedExceptionally();
        }
    }

    private static DataSource unreachable() {
        return (DataSource) java.lang.reflect.Proxy.newProxyInstance(
                DataSource.class.getClassLoader(), new Class<?>[] {DataSource.class}, (proxy, method, arguments) -> {
                    throw new SQLException("nobody is there", "08001");
                });
    }
}
