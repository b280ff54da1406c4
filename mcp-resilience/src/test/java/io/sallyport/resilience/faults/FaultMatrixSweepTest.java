package io.sallyport.resilience.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.gateway.McpGateway;
import io.sallyport.gateway.servlet.McpServlet;
import io.sallyport.resilience.CircuitBreaker;
import io.sallyport.resilience.ResiliencePolicy;
import io.sallyport.testing.JettyContainer;
import io.sallyport.testing.McpHttp;
import io.sallyport.upstream.local.LocalServer;
import io.sallyport.upstream.local.Tool;
import io.sallyport.upstream.local.ToolResult;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Each fault that an upstream may have: what its callers are told and when, how often the call is carried out, how soon calls go
 * through again, and what the neighbours notice. Prints a table.
 */
class FaultMatrixSweepTest {

    private static final Duration DEADLINE = Duration.ofSeconds(2);

    /** A loaded machine is late, a call that waits for nothing longer by far. */
    private static final Duration SLACK = Duration.ofSeconds(2);

    private static final Duration RECOVERY = Duration.ofSeconds(30);
    private static final List<String> ROWS = Collections.synchronizedList(new ArrayList<>());

    @TempDir
    Path folder;

    @AfterAll
    static void print() {
        System.out.printf(
                "%-46s %-28s %7s %9s %-26s %11s %10s%n",
                "fault", "answer", "calls", "told ms", "circuits", "well in ms", "neighbours");
        ROWS.stream().sorted().forEach(System.out::println);
    }

    /** A call of a tool that is not known to be harmless. */
    private static String buy(McpHttp client) {
        McpHttp.Answer answer = client.modern("tools/call", "{\"name\":\"sick__buy\",\"arguments\":{}}");
        if (answer.body().contains("bought")) {
            return "200 bought";
        }
        if (answer.body().contains("isError")) {
            return answer.status() + " isError";
        }
        return answer.status() + " " + answer.errorCode()
                + answer.error()
                        .get("data")
                        .flatMap(data -> data.getString("code"))
                        .map(word -> " " + word)
                        .orElse("");
    }

    private static boolean greets(McpHttp client) {
        return client.modern("tools/call", "{\"name\":\"well__greet\",\"arguments\":{}}")
                .body()
                .contains("hello");
    }

    private void meets(String name, Sick sick) throws Exception {
        ResiliencePolicy policy = ResiliencePolicy.builder().build();
        JettyContainer container = new JettyContainer();
        ExecutorService neighbour = Executors.newSingleThreadExecutor();
        try (sick;
                McpGateway gateway = McpGateway.builder()
                        .upstream(sick.upstream())
                        .upstream(LocalServer.named("well")
                                .tool(Tool.named("greet").handler(call -> ToolResult.text("hello")))
                                .build())
                        .callDeadline(DEADLINE)
                        .callPolicy(policy)
                        .allowAnonymous()
                        .build()) {
            gateway.start().get(30, TimeUnit.SECONDS);
            int port = container.start(new McpServlet(gateway), "/mcp");
            McpHttp client = new McpHttp(URI.create("http://127.0.0.1:" + port + "/mcp"));
            assertThat(buy(client)).isEqualTo("200 bought");
            AtomicBoolean isOver = new AtomicBoolean();
            CompletableFuture<int[]> neighbours =
                    CompletableFuture.supplyAsync(() -> greetUntil(client, isOver), neighbour);
            int before = sick.carriedOut();
            sick.begin();

            long begun = System.nanoTime();
            String answer = buy(client);
            long told = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);

            int calls = sick.carriedOut() - before;
            String circuits = circuit(policy, "sick") + "/" + circuit(policy, "sick/buy");
            sick.end();
            long ended = System.nanoTime();
            long well = untilBought(client, ended);
            isOver.set(true);
            int[] greeted = neighbours.get(30, TimeUnit.SECONDS);
            ROWS.add("%-46s %-28s %7d %9d %-26s %11d %3d of %3d"
                    .formatted(name, answer, calls, told, circuits, well, greeted[1], greeted[0]));
            assertThat(calls).as("how often it was carried out").isLessThanOrEqualTo(1);
            assertThat(told)
                    .as("time to the answer")
                    .isLessThan(DEADLINE.plus(SLACK).toMillis());
            assertThat(greeted[0]).as("calls of the neighbour").isPositive();
            assertThat(greeted[1]).as("failed calls of the neighbour").isZero();
        } finally {
            container.stop();
            neighbour.shutdownNow();
        }
    }

    private static String circuit(ResiliencePolicy policy, String name) {
        return Optional.ofNullable(policy.circuits().get(name))
                .map(CircuitBreaker.Status::state)
                .map(Enum::name)
                .orElse("-");
    }

    /** Returns how many calls were made, and how many of them have failed. */
    private static int[] greetUntil(McpHttp client, AtomicBoolean isOver) {
        int[] calls = new int[2];
        while (!isOver.get()) {
            calls[0]++;
            calls[1] += greets(client) ? 0 : 1;
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
        }
        return calls;
    }

    private static long untilBought(McpHttp client, long since) {
        while (System.nanoTime() - since < RECOVERY.toNanos()) {
            if (buy(client).equals("200 bought")) {
                return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - since);
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
        }
        throw new AssertionError("not well again within " + RECOVERY);
    }

    @ParameterizedTest
    @EnumSource(HttpFault.class)
    void ofAServerOverHttp(HttpFault fault) throws Exception {
        meets("http " + fault, new HttpSick(fault));
    }

    @ParameterizedTest
    @EnumSource(StdioFault.class)
    void ofAServerInAChildProcess(StdioFault fault) throws Exception {
        meets("stdio " + fault, new StdioSick(fault, Files.createDirectories(folder.resolve(fault.name()))));
    }
}
