package io.sallyport.session.redis;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.sync.RedisCommands;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import redis.embedded.RedisServer;
import redis.embedded.core.RedisServerBuilder;

/**
 * A real server on this machine, and a client of another kind than the store's. The one that comes with the build, or the
 * one at the path in the system property {@code sallyport.redis}.
 */
final class TestRedis implements AutoCloseable {

    /** The server's clock, as many microseconds later as a key of the store says. */
    static final String CLOCK = Operation.SERVER_CLOCK + """
            local its = clock
            clock = function()
              return its() + (tonumber(redis.call('GET', KEYS[1] .. ':later')) or 0)
            end
            """;

    private final int port;
    private final List<String> settings;
    private final RedisClient client;
    private final RedisCommands<String, String> commands;
    private RedisServer server;
    private long frozen;

    private TestRedis(int port, List<String> settings) {
        this.port = port;
        this.settings = settings;
        this.server = start();
        this.client = RedisClient.create(RedisURI.create("127.0.0.1", port));
        this.commands = client.connect().sync();
    }

    /** Starts a server with these lines of configuration. */
    static TestRedis with(String... settings) {
        return new TestRedis(freePort(), List.of(settings));
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private RedisServer start() {
        RedisServerBuilder builder = RedisServer.newRedisServer()
                .port(port)
                .bind("127.0.0.1")
                .setting("save \"\"")
                .onShutdownForceStop(true);
        Optional.ofNullable(System.getProperty("sallyport.redis"))
                .filter(path -> !path.isEmpty())
                .ifPresent(path -> builder.executableProvider(() -> new File(path)));
        settings.forEach(builder::setting);
        try {
            RedisServer started = builder.build();
            started.start();
            return started;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void stop() {
        try {
            server.stop();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Ends the server as a failure of power would. */
    void kill() {
        ProcessHandle.of(pid()).orElseThrow().destroyForcibly();
        stop();
    }

    /** Stops the server in the midst of what it does; its connections stay. */
    void freeze() {
        frozen = pid();
        signal("STOP", frozen);
    }

    /** Lets it go on. */
    void thaw() {
        signal("CONT", frozen);
    }

    private long pid() {
        return commands.info("server")
                .lines()
                .filter(line -> line.startsWith("process_id:"))
                .mapToLong(line -> Long.parseLong(line.substring("process_id:".length())))
                .findFirst()
                .orElseThrow();
    }

    private static void signal(String name, long pid) {
        try {
            new ProcessBuilder("kill", "-" + name, String.valueOf(pid)).start().waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    void startAgain() {
        server = start();
    }

    int port() {
        return port;
    }

    URI uri() {
        return URI.create("redis://127.0.0.1:" + port);
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
        stop();
    }
}
