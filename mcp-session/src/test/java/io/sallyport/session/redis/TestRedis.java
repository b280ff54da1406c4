package io.sallyport.session.redis;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.sync.RedisCommands;
import io.sallyport.testing.RedisProcess;
import java.net.URI;
import java.time.Duration;

/**
 * A real server on this machine, and a client of another kind than the store's.
 */
final class TestRedis implements AutoCloseable {

    /** The server's clock, as many microseconds later as a key of the store says. */
    static final String CLOCK = Operation.SERVER_CLOCK + """
            local its = clock
            clock = function()
              return its() + (tonumber(redis.call('GET', KEYS[1] .. ':later')) or 0)
            end
            """;

    private final RedisProcess server;
    private final RedisClient client;
    private final RedisCommands<String, String> commands;

    private TestRedis(RedisProcess server) {
        this.server = server;
        this.client = RedisClient.create(RedisURI.create(server.uri()));
        this.commands = client.connect().sync();
    }

    /** Starts a server with these lines of configuration. */
    static TestRedis with(String... settings) {
        return new TestRedis(RedisProcess.with(settings));
    }

    void stop() {
        server.close();
    }

    void kill() {
        server.kill();
    }

    void freeze() {
        server.freeze();
    }

    void thaw() {
        server.thaw();
    }

    void startAgain() {
        server.startAgain();
    }

    int port() {
        return server.port();
    }

    URI uri() {
        return server.uri();
    }

    /** Returns what another program would ask the server with. */
    RedisCommands<String, String> commands() {
        return commands;
    }

    /** Lets time pass for stores with the clock above. */
    void letPass(String prefix, Duration duration) {
        commands().incrby("{" + prefix + "}:later", duration.toNanos() / 1000);
    }

    @Override
    public void close() {
        client.shutdown(Duration.ZERO, Duration.ofSeconds(1));
        server.close();
    }
}
