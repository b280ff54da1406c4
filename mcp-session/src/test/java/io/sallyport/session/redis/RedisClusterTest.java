package io.sallyport.session.redis;

import io.sallyport.session.JettyEe10Container;
import io.sallyport.session.LostStoreContract;
import io.sallyport.spi.SessionStore;
import io.sallyport.testing.Container;
import java.util.Comparator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;

class RedisClusterTest implements LostStoreContract {

    private static TestRedis redis;

    @BeforeAll
    static void startServer() {
        redis = TestRedis.with();
    }

    @AfterAll
    static void stopServer() {
        redis.close();
    }

    @BeforeEach
    void beginWithNothing() {
        redis.commands().flushall();
    }

    @Override
    public SessionStore storeOfANode() {
        return RedisSessionStore.at(redis.uri()).build();
    }

    @Override
    public Container container() {
        return new JettyEe10Container();
    }

    @Override
    public void loseEverything() {
        redis.commands().flushall();
    }

    @Override
    public void damageTheFirstSession(String found, String put) {
        String first = redis.commands().keys("*:session:*").stream()
                .min(Comparator.comparing(key -> redis.commands().hget(key, "opened")))
                .orElseThrow();
        String record = redis.commands().hget(first, "record");
        redis.commands().hset(first, "record", record.replace(found, put));
    }
}
