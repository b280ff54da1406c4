package io.sallyport.resilience.ratelimit.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.sallyport.resilience.ratelimit.BucketStore;
import io.sallyport.resilience.ratelimit.Rate;
import io.sallyport.spi.StoreUnavailableException;
import io.sallyport.testing.RedisProcess;
import java.net.URI;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class RedisBucketStoreBuilderTest {

    /** As long as it takes on a machine that does other things. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    @Test
    void whatCannotBeIsRefusedWhereItIsSaid() {
        RedisBucketStore.Builder builder = RedisBucketStore.at(URI.create("redis://127.0.0.1:1"));

        assertThatThrownBy(() -> builder.keyPrefix("a b")).hasMessageContaining("\"a b\"");
        assertThatThrownBy(() -> builder.commandTimeout(Duration.ofMillis(9))).hasMessageContaining("PT0.009S");
        assertThatThrownBy(() -> builder.commandTimeout(Duration.ofMinutes(2))).hasMessageContaining("PT2M");
    }

    @Test
    void anAddressThatCannotBeReadIsNotShown() {
        assertThatThrownBy(() -> RedisBucketStore.at(URI.create("http://user:s3cret@host")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageNotContaining("s3cret")
                .hasNoCause();
    }

    @Test
    void aServerThatIsNotThereFailsWhoAsksAndNotWhoBuilds() {
        try (BucketStore store =
                RedisBucketStore.at(URI.create("redis://127.0.0.1:1")).build()) {
            BucketStore.Bucket bucket = store.bucket("b", Rate.of(1, Duration.ofSeconds(1)), 1);

            assertThatThrownBy(store::settings).isInstanceOf(StoreUnavailableException.class);
            assertThat(bucket.take(1)).isCompletedExceptionally();
            assertThat(bucket.fill()).isCompletedExceptionally();
        }
    }

    @Test
    void theHostsThreadsStayTheHosts() {
        try (RedisProcess redis = RedisProcess.with()) {
            RedisClient client = RedisClient.create(RedisURI.create("127.0.0.1", redis.port()));
            BucketStore store = RedisBucketStore.on(client, RedisURI.create("127.0.0.1", redis.port()))
                    .commandTimeout(PATIENCE)
                    .build();
            store.settings();

            // When
            store.close();

            assertThat(client.connect().sync().ping()).isEqualTo("PONG");
            client.shutdown(Duration.ZERO, Duration.ofSeconds(1));
        }
    }

    @Test
    void keysBeginWithThePrefixAndEndWithTheirUse() throws Exception {
        try (RedisProcess redis = RedisProcess.with();
                BucketStore store = RedisBucketStore.at(redis.uri())
                        .keyPrefix("mine")
                        .commandTimeout(PATIENCE)
                        .build()) {
            store.settings();

            // When
            store.bucket("b", Rate.of(10, Duration.ofSeconds(10)), 1)
                    .take(5)
                    .toCompletableFuture()
                    .get();

            assertThat(redis.ask("keys *")).contains("mine:bucket:b");
            String answer = redis.ask("ttl mine:bucket:b");
            long seconds = Long.parseLong(answer.substring(1, answer.indexOf('\n')));
            assertThat(seconds).isBetween(30L, 66L);
        }
    }
}
