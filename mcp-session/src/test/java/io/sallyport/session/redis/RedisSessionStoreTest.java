package io.sallyport.session.redis;

import io.sallyport.spi.SessionStore;
import io.sallyport.spi.StoreContract;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** What every store must do, on a real server whose clock the test moves. */
class RedisSessionStoreTest implements StoreContract {

    private static TestRedis redis;

    @BeforeAll
    static void start() {
        redis = TestRedis.with();
    }

    @AfterAll
    static void stop() {
        redis.close();
    }

    private static RedisSessionStore store(SessionStore.Bounds bounds) {
        return RedisSessionStore.at(redis.uri())
                .bounds(bounds)
                .clock(TestRedis.CLOCK)
                .build();
    }

    @Override
    public SessionStore open(SessionStore.Bounds bounds) {
        redis.commands().flushall();
        return store(bounds);
    }

    @Override
    public Optional<SessionStore> another(SessionStore store) {
        return Optional.of(store(store.bounds()));
    }

    @Override
    public void letPass(Duration duration) {
        redis.letPass("sallyport", duration);
    }

    /** The time that tests take passes, too. */
    @Override
    public Duration lease() {
        return Duration.ofMinutes(10);
    }
}
