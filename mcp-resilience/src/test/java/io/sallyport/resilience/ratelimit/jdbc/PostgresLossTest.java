package io.sallyport.resilience.ratelimit.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import io.sallyport.resilience.ratelimit.BucketStore;
import io.sallyport.resilience.ratelimit.Limit;
import io.sallyport.resilience.ratelimit.LimitScope;
import io.sallyport.resilience.ratelimit.Rate;
import io.sallyport.resilience.ratelimit.RateLimits;
import io.sallyport.spi.SchemaMigrator;
import io.sallyport.testing.CapturedLog;
import io.sallyport.testing.Postgres;
import io.sallyport.testing.SilencedProxy;
import io.sallyport.testing.Waiting;
import java.time.Duration;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What becomes of calls when PostgreSQL says nothing any more. */
class PostgresLossTest {

    /** As long as it takes on a machine that does other things; who waits for a silent database waits as long once. */
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    @Test
    void whileTheDatabaseSaysNothingANodeHasItsShareAndAfterwardsAllCountTogether() throws Exception {
        try (CapturedLog log = CapturedLog.of("io.sallyport.limits");
                HikariDataSource direct = Postgres.freshSchema("limits_loss", 2, "");
                SilencedProxy network = new SilencedProxy(Postgres.port());
                HikariDataSource database = Postgres.pool(
                        direct.getJdbcUrl().replace(":" + Postgres.port() + "/", ":" + network.port() + "/"), 3);
                BucketStore store = JdbcBucketStore.on(database)
                        .schema(SchemaMigrator.Mode.MIGRATE)
                        .timeout(PATIENCE)
                        .build();
                RateLimits limits = RateLimits.builder()
                        .limit(Limit.of("user", LimitScope.PRINCIPAL, Rate.of(30, Duration.ofDays(1))))
                        .store(store)
                        .nodes(3)
                        .patience(PATIENCE)
                        .build()) {
            Waiting.until("it is there", () -> isReachable(limits) ? "yes" : null);
            passed(limits, 21);

            // When
            network.hold();

            assertThat(passed(limits, 100)).isEqualTo(3);
            assertThat(log.messages()).hasSize(1);
            network.letGo();
            // What waits for the database still may fail, and the node be on its own for a moment more.
            Waiting.until("it is back", () -> passed(limits, 1) == 1 ? "yes" : null);
            // It remembers; what was asked while it said nothing may have been taken.
            assertThat(passed(limits, 100)).isBetween(5L, 8L);
        }
    }

    private static boolean isReachable(RateLimits limits) {
        return limits.status().get(0).isStoreReachable();
    }

    private static long passed(RateLimits limits, int calls) {
        return IntStream.range(0, calls)
                .filter(i -> limits.ask("ann").isGranted())
                .count();
    }
}
