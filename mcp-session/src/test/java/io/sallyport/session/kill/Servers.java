package io.sallyport.session.kill;

import io.sallyport.session.jdbc.JdbcSessionStore;
import io.sallyport.session.redis.RedisSessionStore;
import io.sallyport.spi.SessionStore;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import redis.embedded.RedisServer;

/** The servers of the stores that nodes share: a PostgreSQL and a Redis of their own. */
final class Servers implements AutoCloseable {

    private final EmbeddedPostgres postgres;
    private final RedisServer redis;
    private final int redisPort;

    /** Starts them. */
    Servers() throws IOException {
        postgres = EmbeddedPostgres.builder().start();
        try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            redisPort = probe.getLocalPort();
        }
        redis = RedisServer.newRedisServer()
                .port(redisPort)
                .bind("127.0.0.1")
                .setting("save \"\"")
                .build();
        redis.start();
    }

    /** Returns what a node has to be told to use one of them: {@code postgres} or {@code redis}. */
    String url(String store) {
        return store.equals("redis") ? "redis://127.0.0.1:" + redisPort : postgres.getJdbcUrl("postgres", "postgres");
    }

    /** Returns what nodes have put into one of them, as it stands there. */
    SessionStore store(String store) {
        return store.equals("redis")
                ? RedisSessionStore.at(URI.create(url(store))).build()
                : JdbcSessionStore.on(postgres.getPostgresDatabase()).build();
    }

    @Override
    public void close() throws IOException {
        redis.stop();
        postgres.close();
    }
}
