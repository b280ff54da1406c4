package io.sallyport.examples.conformance;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import redis.embedded.RedisServer;

/** Starts a PostgreSQL and a Redis for nodes to share, on free ports of this machine, and ends them with itself. */
public final class Servers {

    private Servers() {}

    /** Starts both, prints where they are, and waits until the process is told to end. */
    public static void main(String[] args) throws Exception {
        EmbeddedPostgres postgres = EmbeddedPostgres.builder().start();
        int port = freePort();
        RedisServer redis = RedisServer.newRedisServer().port(port).build();
        redis.start();
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> {
                            try {
                                redis.stop();
                                postgres.close();
                            } catch (java.io.IOException e) {
                                System.err.println("could not end the servers: " + e.getMessage());
                            }
                        },
                        "end"));
        System.out.println("READY " + postgres.getJdbcUrl("postgres", "postgres") + " redis://127.0.0.1:" + port);
        Thread.currentThread().join();
    }

    private static int freePort() throws java.io.IOException {
        try (java.net.ServerSocket probe = new java.net.ServerSocket(0)) {
            return probe.getLocalPort();
        }
    }
}
