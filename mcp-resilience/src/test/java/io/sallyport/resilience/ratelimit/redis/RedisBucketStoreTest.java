package io.sallyport.resilience.ratelimit.redis;

import io.sallyport.resilience.ratelimit.BucketStore;
import io.sallyport.resilience.ratelimit.SharedStoreContract;
import io.sallyport.testing.RedisProcess;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

class RedisBucketStoreTest extends SharedStoreContract {

    private static RedisProcess redis;

    @BeforeAll
    static void start() {
        redis = RedisProcess.with();
    }

    @AfterAll
    static void stop() {
        redis.close();
    }

    @Override
    protected BucketStore open(Duration ahead) {
        return RedisBucketStore.at(redis.uri())
                .commandTimeout(Duration.ofSeconds(5))
                .ticker(() -> System.nanoTime() + ahead.toNanos())
                .build();
    }
}
