package io.sallyport.session.kill;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.testing.Waiting;
import java.io.IOException;
import java.net.http.HttpClient;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever moment a node dies at, its clients lose nothing that they were promised. */
class KillSweepTest {

    private static final boolean FULL = "full".equals(System.getProperty("sallyport.proof"));

    private static final int RESUMING_CLIENTS = 6;
    private static final int SDK_CLIENTS = 2;
    private static final int CLIENTS = RESUMING_CLIENTS + SDK_CLIENTS;
    private static final int KILLS = FULL ? 200 : 2;

    private static Servers servers;

    @TempDir
    Path logs;

    @BeforeAll
    static void startServers() throws IOException {
        servers = new Servers();
    }

    @AfterAll
    static void stopServers() throws IOException {
        servers.close();
    }

    /** Where a node dies: before or after the n-th time that it asks its store for something. */
    record Failpoint(String store, String point) {}

    static Stream<Failpoint> failpoints() {
        if (!FULL) {
            // What a client may have been promised a moment ago: an event, its answer's arrival, its end.
            return Stream.of(
                    new Failpoint("redis", "after:append:3"),
                    new Failpoint("postgres", "after:post:1"),
                    new Failpoint("redis", "after:end:1"));
        }
        List<String> points = new ArrayList<>(List.of(
                "before:create:1",
                "after:create:1",
                "before:take:1",
                "after:take:1",
                "before:read:1",
                "after:read:1",
                "before:find:2",
                "before:post:1",
                "after:post:1",
                "before:update:1",
                "after:update:1",
                "before:end:1",
                "after:end:1"));
        for (int i = 1; i <= 20; i++) {
            points.add("before:append:" + i);
            points.add("after:append:" + i);
        }
        for (int i = 1; i <= 4; i++) {
            points.add("before:open:" + i);
            points.add("after:open:" + i);
            points.add("after:find:" + 2 * i);
        }
        return Stream.of("postgres", "redis")
                .flatMap(store -> points.stream().map(point -> new Failpoint(store, point)));
    }

    @ParameterizedTest
    @MethodSource("failpoints")
    void aNodeMayDieAtAnyPoint(Failpoint failpoint) throws Exception {
        Account account = new Account();
        try (Nodes nodes = new Nodes(servers.url(failpoint.store()), Nodes.newKey(), logs)) {
            nodes.start("-");
            Nodes.Node dies = nodes.start(failpoint.point());
            AtomicBoolean enough = new AtomicBoolean();
            work(nodes, account, 7, enough, () -> {
                untilItDies(dies, nodes, account);
                int before = account.calls();
                Waiting.until("clients go on", () -> account.calls() > before + 2 * CLIENTS ? true : null);
            });
        }

        System.out.println(failpoint + " " + account);
        assertThat(account.isClean()).as(account.toString()).isTrue();
    }

    private static void untilItDies(Nodes.Node dies, Nodes nodes, Account account) throws InterruptedException {
        for (int i = 0; i < 10; i++) {
            if (dies.process().waitFor(2, TimeUnit.SECONDS)) {
                account.killed();
                return;
            }
            // Some points are only come to when another node has died, and left its streams to this one.
            Nodes.Node other = nodes.start("-");
            dies.process().waitFor(500, TimeUnit.MILLISECONDS);
            nodes.kill(other);
            account.killed();
        }
        throw new AssertionError("the node never came to that point: " + account);
    }

    @ParameterizedTest
    @MethodSource("stores")
    void nodesMayDieAtAnyMoment(String store) throws Exception {
        long seed = new SecureRandom().nextLong();
        Random random = new Random(seed);
        Account account = new Account();
        try (Nodes nodes = new Nodes(servers.url(store), Nodes.newKey(), logs)) {
            for (int i = 0; i < 3; i++) {
                nodes.start("-");
            }
            work(nodes, account, seed, new AtomicBoolean(), () -> {
                // Few kills may all meet clients between two calls: then there are some more.
                for (int i = 0; i < KILLS || i < 5 * KILLS && account.interrupted() == 0; i++) {
                    TimeUnit.MILLISECONDS.sleep(100 + random.nextInt(400));
                    nodes.killOne(random);
                    account.killed();
                    nodes.start("-");
                }
            });
        }

        System.out.println(store + " seed=" + seed + " " + account);
        assertThat(account.isClean()).as("seed %d: %s", seed, account).isTrue();
        assertThat(account.kills()).isBetween(KILLS, 5 * KILLS);
        assertThat(account.interrupted()).as("calls that a kill met").isPositive();
        if (FULL) {
            assertThat(account.unknownOutcomes())
                    .as("calls that died with their node")
                    .isPositive();
        }
    }

    static Stream<String> stores() {
        return Stream.of("postgres", "redis");
    }

    /** Something that takes a while. */
    private interface Meanwhile {
        void run() throws Exception;
    }

    /** Has clients work until something else is done, and finish what they have begun. */
    private static void work(Nodes nodes, Account account, long seed, AtomicBoolean enough, Meanwhile meanwhile)
            throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(CLIENTS);
        HttpClient http =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        try {
            List<Future<?>> clients = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                Random random = new Random(seed + i);
                LegacyClient client = i < RESUMING_CLIENTS
                        ? new ResumingClient(http, nodes, random, account)
                        : new SdkClient(nodes, random, account);
                clients.add(threads.submit(() -> {
                    work(client, random, enough);
                    return null;
                }));
            }
            try {
                meanwhile.run();
            } finally {
                enough.set(true);
            }
            for (Future<?> client : clients) {
                client.get(2, TimeUnit.MINUTES);
            }
        } finally {
            threads.shutdownNow();
        }
    }

    private static void work(LegacyClient client, Random random, AtomicBoolean enough) throws InterruptedException {
        while (!enough.get()) {
            client.initialize();
            for (int i = 0; i < 8 && !enough.get(); i++) {
                switch (random.nextInt(6)) {
                    case 0 -> client.ask();
                    case 1 -> client.read();
                    case 2 -> client.choose(random.nextBoolean());
                    default -> client.count(1 + random.nextInt(20));
                }
            }
            client.delete();
        }
    }
}
