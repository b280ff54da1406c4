package io.sallyport.testing;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import redis.embedded.RedisServer;
import redis.embedded.core.RedisServerBuilder;

/**
 * A real Redis on this machine, for stores of other modules. The one that comes with the build, or the one at the path in the
 * system property {@code sallyport.redis}.
 */
public final class RedisProcess implements AutoCloseable {

    private final int port;
    private final List<String> settings;
    private RedisServer server;
    private long frozen;

    private RedisProcess(int port, List<String> settings) {
        this.port = port;
        this.settings = settings;
        this.server = start();
    }

    /** Starts a server with these lines of configuration. */
    public static RedisProcess with(String... settings) {
        return new RedisProcess(freePort(), List.of(settings));
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

    public int port() {
        return port;
    }

    public URI uri() {
        return URI.create("redis://127.0.0.1:" + port);
    }

    /** Returns all lines that answer a command, as they come, and the server's farewell. */
    public String ask(String command) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.getOutputStream().write((command + "\r\nquit\r\n").getBytes(StandardCharsets.US_ASCII));
            BufferedReader answer =
                    new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
            StringBuilder all = new StringBuilder();
            for (String line = answer.readLine(); line != null; line = answer.readLine()) {
                all.append(line).append('\n');
            }
            return all.toString();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Ends the server as a failure of power would. */
    public void kill() {
        ProcessHandle.of(pid()).orElseThrow().destroyForcibly();
        stop();
    }

    public void startAgain() {
        server = start();
    }

    /** Stops the server in the midst of what it does; its connections stay. */
    public void freeze() {
        frozen = pid();
        signal("STOP", frozen);
    }

    /** Lets it go on. */
    public void thaw() {
        signal("CONT", frozen);
    }

    private long pid() {
        return ask("info server")
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

    private void stop() {
        try {
            server.stop();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        stop();
    }
}
