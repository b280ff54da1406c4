package io.sallyport.sandbox.remote;

import static io.sallyport.sandbox.remote.MicrosandboxRig.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.protocol.JsonValue;
import io.sallyport.sandbox.Cancellation;
import io.sallyport.sandbox.Outcome;
import io.sallyport.sandbox.Outcome.Status;
import io.sallyport.testing.Incident;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is to be registered in the service is, whatever becomes of the service. */
@Timeout(value = 1, unit = TimeUnit.MINUTES)
class McpboxRegistrationsTest {

    private static final Duration NEVER = Duration.ofHours(1);

    private McpboxStandIn service = new McpboxStandIn();
    private Optional<McpboxSandbox> made = Optional.empty();

    private McpboxRegistrations registrations(Duration interval) throws InterruptedException {
        McpboxSandbox sandbox = McpboxSandbox.builder(service.uri(), McpboxStandIn.KEY::toCharArray)
                .checkInterval(interval)
                .requestTimeout(Duration.ofSeconds(2))
                .build();
        made = Optional.of(sandbox);
        return sandbox.registrations();
    }

    @AfterEach
    void close() {
        service.release();
        made.ifPresent(McpboxSandbox::close);
        service.close();
    }

    private static McpboxServer server(String name, String code) {
        return McpboxServer.builder(name)
                .tool("answer", "Answers", JsonValue.trusted("{\"type\":\"object\"}"), code, Duration.ofSeconds(30))
                .build();
    }

    private void restart() {
        int port = service.uri().getPort();
        service.close();
        service = new McpboxStandIn(port);
    }

    private static Outcome call(McpboxRegistrations registrations, String server) throws InterruptedException {
        return registrations.call(server, "answer", JsonValue.trusted("{}"), Duration.ofSeconds(5), new Cancellation());
    }

    private static void awaitAll(McpboxRegistrations registrations) throws InterruptedException {
        await(
                "all are registered",
                () -> registrations.status().stream().allMatch(McpboxRegistrations.Status::isRegistered));
    }

    @Test
    void whatIsRegisteredCanBeCalled() throws Exception {
        McpboxRegistrations registrations = registrations(NEVER);
        registrations.register(server("one", "value 1"));
        awaitAll(registrations);

        Outcome outcome = call(registrations, "one");

        assertThat(outcome.value().map(JsonValue::toJson)).contains("1");
    }

    @Test
    void toolsMayReachNoHost() throws Exception {
        McpboxRegistrations registrations = registrations(NEVER);
        registrations.register(server("one", "value 1"));
        awaitAll(registrations);

        assertThat(service.requests)
                .isNotEmpty()
                .allMatch(it -> it.get("allowed_hosts")
                        .map(JsonValue::toJson)
                        .orElse("")
                        .equals("[]"));
    }

    @Incident("S7")
    @Test
    void aServiceThatRestartedGetsEverythingAgain() throws Exception {
        McpboxRegistrations registrations = registrations(Duration.ofMillis(50));
        registrations.register(server("one", "value 1"));
        registrations.register(server("two", "value 2"));
        awaitAll(registrations);
        long epoch = registrations.epoch();

        restart();

        await("both are there again", () -> service.registered().equals(List.of("one", "two")));
        await("it is another epoch", () -> registrations.epoch() == epoch + 1);
    }

    @Incident("S7")
    @Test
    void aCallThatFindsNothingHasItRegisteredAgain() throws Exception {
        McpboxRegistrations registrations = registrations(NEVER);
        registrations.register(server("one", "value 1"));
        awaitAll(registrations);
        restart();

        Outcome outcome = call(registrations, "one");

        assertThat(outcome.error().orElseThrow().type()).isEqualTo("NotRegistered");
        await("it is there again", () -> service.registered().equals(List.of("one")));
    }

    @Incident("S7")
    @Test
    void coreThatHasConnectedHasItRegisteredAgain() throws Exception {
        McpboxRegistrations registrations = registrations(NEVER);
        registrations.register(server("one", "value 1"));
        awaitAll(registrations);
        restart();

        registrations.connected("mcpbox", 2);

        await("it is there again", () -> service.registered().equals(List.of("one")));
    }

    @Test
    void whatSomebodyElseRegisteredInANewLifeIsReplaced() throws Exception {
        McpboxRegistrations registrations = registrations(NEVER);
        registrations.register(server("one", "value 1"));
        awaitAll(registrations);
        restart();
        service.register("one", "{\"tools\":[{\"name\":\"answer\",\"python_code\":\"value 666\"}]}");

        registrations.connected("mcpbox", 2);

        await("it is replaced", () -> service.registrations.get() == 2);
        assertThat(call(registrations, "one").value().map(JsonValue::toJson)).contains("1");
    }

    @Test
    void nothingIsRegisteredAgainInTheSameLife() throws Exception {
        McpboxRegistrations registrations = registrations(Duration.ofMillis(10));
        registrations.register(server("one", "value 1"));
        awaitAll(registrations);
        int before = service.registrations.get();

        registrations.register(server("two", "value 2"));
        awaitAll(registrations);

        assertThat(service.registrations.get() - before).isEqualTo(1);
        assertThat(registrations.epoch()).isEqualTo(1);
    }

    @Test
    void aServerThatChangedIsRegisteredAnew() throws Exception {
        McpboxRegistrations registrations = registrations(NEVER);
        registrations.register(server("one", "value 1"));
        awaitAll(registrations);

        registrations.register(server("one", "value 2"));
        awaitAll(registrations);

        assertThat(call(registrations, "one").value().map(JsonValue::toJson)).contains("2");
    }

    @Test
    void aServerThatIsNotWantedAnyMoreIsTakenBack() throws Exception {
        McpboxRegistrations registrations = registrations(NEVER);
        registrations.register(server("one", "value 1"));
        awaitAll(registrations);

        registrations.unregister("one");

        await("it is gone", () -> service.registered().isEmpty());
    }

    @Incident("S8")
    @Test
    void aServerOfWhichNotAllToolsWereTakenIsSaidToBeAndTriedAgain() throws Exception {
        McpboxRegistrations registrations = registrations(NEVER);
        service.dropsTools = 1;
        registrations.register(server("one", "value 1"));
        await("it was tried", () -> registrations.status().get(0).problem().isPresent());
        assertThat(registrations.status().get(0).problem()).contains("0 of 1 tools were registered");

        service.dropsTools = 0;

        awaitAll(registrations);
    }

    @Incident("S8")
    @Test
    void oneServerThatIsNotTakenKeepsNoOtherFromBeingRegisteredOnce() throws Exception {
        McpboxRegistrations registrations = registrations(Duration.ofMillis(10));
        registrations.register(server("good", "value 1"));
        awaitAll(registrations);
        service.dropsTools = 1;

        registrations.register(server("bad", "value 2"));
        await("it was tried many times", () -> service.registrations.get() > 12);

        assertThat(service.requests.stream()
                        .filter(it -> it.getString("server_id").orElse("").equals("good")))
                .hasSize(1);
    }

    @Incident("S8")
    @Test
    void itIsTriedForAsLongAsTheServiceIsGone() throws Exception {
        int port = service.uri().getPort();
        McpboxRegistrations registrations = registrations(Duration.ofMillis(20));
        service.close();
        registrations.register(server("one", "value 1"));
        await(
                "it was tried",
                () -> made.orElseThrow().capabilities().unavailable().isPresent());

        service = new McpboxStandIn(port);

        await("it is there", () -> service.registered().equals(List.of("one")));
    }

    @Incident("S7")
    @Test
    void callsGoOnAfterAServiceWasKilledAndRestartedUnderLoad() throws Exception {
        McpboxRegistrations registrations = registrations(Duration.ofMillis(50));
        for (int i = 0; i < 10; i++) {
            registrations.register(server("s" + i, "value " + i));
        }
        awaitAll(registrations);
        AtomicBoolean isOver = new AtomicBoolean();
        ExecutorService callers = Executors.newFixedThreadPool(4);
        try {
            List<CompletableFuture<Integer>> wrong = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                String name = "s" + i;
                String value = String.valueOf(i);
                wrong.add(CompletableFuture.supplyAsync(() -> callUntil(isOver, registrations, name, value), callers));
            }
            for (int i = 0; i < 3; i++) {
                restart();
                await("all are there again", () -> service.registered().size() == 10);
            }
            for (int i = 0; i < 10; i++) {
                int n = i;
                await("calls work again", () -> isAnswered(registrations, "s" + n, String.valueOf(n)));
            }
            isOver.set(true);
            for (CompletableFuture<Integer> each : wrong) {
                assertThat(each.get(20, TimeUnit.SECONDS))
                        .as("answers that were wrong")
                        .isZero();
            }
        } finally {
            isOver.set(true);
            callers.shutdownNow();
        }
    }

    private static boolean isAnswered(McpboxRegistrations registrations, String name, String value) {
        try {
            return call(registrations, name).value().map(JsonValue::toJson).equals(Optional.of(value));
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Calls again and again; an outcome may be a right value or that it is unavailable. */
    private static int callUntil(AtomicBoolean isOver, McpboxRegistrations registrations, String name, String value) {
        int wrong = 0;
        try {
            while (!isOver.get()) {
                Outcome outcome = call(registrations, name);
                boolean isRight = outcome.status() == Status.OK
                        && outcome.value().map(JsonValue::toJson).equals(Optional.of(value));
                if (!isRight && outcome.status() != Status.UNAVAILABLE) {
                    wrong++;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return wrong;
    }

    @Test
    void secretsAreAskedForAtEachRegistrationAndClearedAfterwards() throws Exception {
        McpboxRegistrations registrations = registrations(NEVER);
        char[] secret = "s3cret-value".toCharArray();
        registrations.register(McpboxServer.builder("one")
                .secrets(() -> Map.of("TOKEN", secret))
                .build());
        awaitAll(registrations);

        assertThat(service.requests.stream().flatMap(it -> it.get("secrets").orElseThrow().getString("TOKEN").stream()))
                .containsExactly("s3cret-value");
        assertThat(secret).containsOnly('\0');
    }

    @Test
    void closingTakesTheMarkBackAndLeavesWhatWasRegistered() throws Exception {
        McpboxRegistrations registrations = registrations(NEVER);
        registrations.register(server("one", "value 1"));
        awaitAll(registrations);
        assertThat(service.marks()).isEqualTo(1);

        made.orElseThrow().close();

        assertThat(service.marks()).isZero();
        assertThat(service.registered()).containsExactly("one");
    }

    @Test
    void namesThatCouldBeTakenForOthersAreRefused() {
        for (String name : List.of("a__b", "A", "a b", "", "1a", "sallyport-x")) {
            assertThatThrownBy(() -> McpboxServer.builder(name)).as(name).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
