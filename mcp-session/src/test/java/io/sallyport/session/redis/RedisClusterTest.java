package io.sallyport.session.redis;

import io.sallyport.gateway.ClusterContract;
import io.sallyport.session.JettyEe10Container;
import io.sallyport.spi.SessionStore;
import io.sallyport.testing.Container;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;

class RedisClusterTest implements ClusterContract {

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
}
