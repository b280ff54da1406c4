package io.sallyport.examples.cluster;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import redis.embedded.RedisServer;

/**
 * Starts the servers around the nodes that are not ours, and ends them with itself. It is a process of its own because
 * they do not look whether whoever started them still lives.
 *
 * <p>Takes {@code postgres} or {@code redis}, a port for it, a folder for its data, and the folder of an nginx if there is
 * to be one.
 */
public final class Servers {

    /** Ends one server. */
    private interface End {
        void run() throws IOException, InterruptedException;
    }

    private static final long END_SECONDS = 10;

    private static final Deque<End> ENDS = new ArrayDeque<>();

    private Servers() {}

    /** Starts all, says where the store is, and waits. */
    public static void main(String[] args) throws Exception {
        Runtime.getRuntime().addShutdownHook(new Thread(Servers::end, "end"));
        System.out.println(Child.READY + " " + start(args));
        Child.endWithParent();
    }

    /** Not at the same time as {@link #end}, which would miss a server that is about to start. */
    private static synchronized String start(String[] args) throws IOException {
        int port = Integer.parseInt(args[1]);
        String store = args[0].equals("redis") ? redis(port) : postgres(port, Path.of(args[2]));
        if (args.length > 3) {
            nginx(Path.of(args[3]));
        }
        return store;
    }

    private static synchronized void end() {
        for (End end : ENDS) {
            try {
                end.run();
            } catch (IOException | InterruptedException e) {
                System.err.println("a server may be left: " + e);
            }
        }
    }

    private static String postgres(int port, Path folder) throws IOException {
        Path data = folder.resolve("postgres");
        EmbeddedPostgres postgres = EmbeddedPostgres.builder()
                .setPort(port)
                .setDataDirectory(data)
                .setRegisterShutdownHook(false)
                .start();
        ProcessHandle server = serverOf(data);
        ENDS.push(() -> {
            postgres.close();
            // It says that it has ended when it is about to.
            server.onExit()
                    .completeOnTimeout(server, END_SECONDS, TimeUnit.SECONDS)
                    .join();
        });
        return postgres.getJdbcUrl("postgres", "postgres");
    }

    /** Returns the process whose number PostgreSQL keeps with its data. */
    private static ProcessHandle serverOf(Path data) throws IOException {
        String number = Files.readAllLines(data.resolve("postmaster.pid")).get(0);
        return ProcessHandle.of(Long.parseLong(number.strip()))
                .orElseThrow(() -> new IOException("PostgreSQL has ended, process " + number));
    }

    private static String redis(int port) throws IOException {
        RedisServer redis = RedisServer.newRedisServer()
                .port(port)
                .bind("127.0.0.1")
                .setting("save \"\"")
                .build();
        redis.start();
        ENDS.push(redis::stop);
        return "redis://127.0.0.1:" + port;
    }

    private static void nginx(Path folder) throws IOException {
        Process nginx = new ProcessBuilder(
                        "nginx",
                        "-p",
                        folder.toString(),
                        "-c",
                        folder.resolve(Cluster.NGINX_SETTINGS).toString())
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        ENDS.push(() -> {
            // Not forcibly: its workers would stay.
            nginx.destroy();
            nginx.waitFor(END_SECONDS, TimeUnit.SECONDS);
        });
    }
}
