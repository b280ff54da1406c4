package io.sallyport.sandbox.remote;

import static io.sallyport.sandbox.remote.MicrosandboxRig.await;
import static io.sallyport.sandbox.remote.MicrosandboxRig.builder;
import static io.sallyport.sandbox.remote.MicrosandboxRig.open;
import static io.sallyport.sandbox.remote.MicrosandboxRig.python;
import static io.sallyport.sandbox.remote.MicrosandboxRig.running;
import static io.sallyport.sandbox.remote.MicrosandboxRig.within;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.sallyport.protocol.JsonValue;
import io.sallyport.sandbox.Cancellation;
import io.sallyport.sandbox.Execution;
import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Limits;
import io.sallyport.sandbox.Outcome;
import io.sallyport.sandbox.Outcome.Status;
import io.sallyport.sandbox.SandboxSession;
import io.sallyport.testing.Incident;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

/** Each setting, and that it takes effect. */
@Timeout(value = 1, unit = TimeUnit.MINUTES)
class MicrosandboxBuilderTest {

    private final MicrosandboxStandIn server = MicrosandboxRig.server(MicrosandboxStandIn.Dialect.WITH_NAMESPACES);
    private final List<MicrosandboxSandbox> made = new ArrayList<>();

    private MicrosandboxSandbox made(MicrosandboxBuilder builder) throws InterruptedException {
        MicrosandboxSandbox sandbox = builder.build();
        made.add(sandbox);
        return sandbox;
    }

    @AfterEach
    void close() {
        server.behave();
        made.forEach(MicrosandboxSandbox::close);
        server.close();
    }

    private JsonValue config() {
        return server.requests("sandbox.start").get(0).get("config").orElseThrow();
    }

    @Test
    void machinesAreAsLargeAsIsSetAndHaveTheImageOfTheirLanguage() throws Exception {
        MicrosandboxSandbox sandbox =
                made(builder(server).cpus(3).baseMemoryBytes(100 << 20).image(Language.PYTHON, "my/python"));
        Execution execution = Execution.of(Language.PYTHON, "say a")
                .limits(Limits.builder().memoryBytes((64 << 20) + 1).build())
                .build();

        sandbox.run(execution);

        assertThat(config().toJson()).isEqualTo("{\"image\":\"my/python\",\"memory\":165,\"cpus\":3}");
    }

    @Test
    void withoutSettingsMachinesAreSmall() throws Exception {
        made(builder(server)).run(Execution.of(Language.JAVASCRIPT, "say a").build());

        assertThat(config().toJson()).isEqualTo("{\"image\":\"microsandbox/node\",\"memory\":384,\"cpus\":1}");
    }

    @Test
    void theNamespaceIsTheOwnersUnlessItIsSet() throws Exception {
        made(builder(server).owner("me")).run(python("say a"));
        made(builder(server).owner("me").namespace("Ours_1")).run(python("say a"));

        assertThat(server.requests("sandbox.start").stream()
                        .map(it -> it.getString("namespace").orElseThrow()))
                .containsExactly("me", "Ours_1");
    }

    @Incident("S162")
    @Test
    void thereAreNoMoreMachinesAtOnceThanIsSet() throws Exception {
        MicrosandboxSandbox sandbox = made(builder(server).concurrency(2).patience(Duration.ofSeconds(30)));

        List<CompletableFuture<Outcome>> runs = IntStream.range(0, 8)
                .mapToObj(i -> running(sandbox, python("say " + i), new Cancellation()))
                .toList();
        for (CompletableFuture<Outcome> run : runs) {
            assertThat(run.get(30, TimeUnit.SECONDS).status()).isEqualTo(Status.OK);
        }

        assertThat(server.mostMachines.get()).isLessThanOrEqualTo(2);
    }

    @Incident("S162")
    @Test
    void whoeverFindsNoRoomWaitsAsLongAsIsSetAndIsToldSo() throws Exception {
        MicrosandboxSandbox sandbox = made(builder(server).concurrency(1).patience(Duration.ofMillis(50)));
        Cancellation first = new Cancellation();
        // Whoever waits longer than is set gets its room.
        running(sandbox, within(Duration.ofSeconds(3), "hang"), first);
        await("it runs", () -> server.requests("sandbox.command.run").size() == 2);

        Outcome outcome = sandbox.run(python("say a"));

        assertThat(outcome.error().map(Outcome.Failure::type)).contains("Busy");
        first.cancel();
    }

    @Incident("S182")
    @Test
    void codeMayTakeNoLongerThanIsSetWhateverItsLimitsAre() throws Exception {
        MicrosandboxSandbox sandbox = made(builder(server).executionTimeout(Duration.ofMillis(100)));

        Outcome outcome = sandbox.run(within(Duration.ofSeconds(8), "hang"));

        assertThat(outcome.status()).isEqualTo(Status.TIMEOUT);
        assertThat(outcome.usage().wallTime()).isLessThan(Duration.ofSeconds(8));
    }

    @Incident("S182")
    @Test
    void codeInASessionMayTakeNoLongerThanIsSetWhateverItsLimitsAre() throws Exception {
        MicrosandboxSandbox sandbox = made(builder(server).executionTimeout(Duration.ofMillis(100)));
        SandboxSession session = open(sandbox);

        Outcome outcome = session.run(within(Duration.ofSeconds(8), "hang"), new Cancellation());

        assertThat(outcome.status()).isEqualTo(Status.TIMEOUT);
        assertThat(outcome.usage().wallTime()).isLessThan(Duration.ofSeconds(8));
    }

    /** If that were ignored, the request's own time would be over first. */
    @Incident("S182")
    @Test
    void connectingMayTakeNoLongerThanIsSet() throws Exception {
        try (FullServer full = new FullServer()) {
            MicrosandboxSandbox sandbox = made(MicrosandboxSandbox.builder(full.uri())
                    .owner("gateway-1")
                    .connectTimeout(Duration.ofMillis(200))
                    .requestTimeout(Duration.ofSeconds(3)));

            assertThat(sandbox.capabilities().unavailable().orElseThrow()).contains("Connect", "timed out");
        }
    }

    @Incident("S182")
    @Test
    void aMachineMayTakeNoLongerToStartThanIsSet() throws Exception {
        server.startDelay = Duration.ofMinutes(10);
        MicrosandboxSandbox sandbox = made(builder(server).startTimeout(Duration.ofMillis(100)));

        assertThat(sandbox.run(python("say a")).error().orElseThrow().type()).isEqualTo("StartFailed");
    }

    @Incident("S182")
    @Test
    void aMachineThatNeverAnswersIsAskedUntilItsTimeToStartIsOver() throws Exception {
        server.earlyAnswers = Integer.MAX_VALUE;
        MicrosandboxSandbox sandbox = made(builder(server).startTimeout(Duration.ofMillis(900)));

        assertThat(sandbox.run(python("say a")).error().orElseThrow().type()).isEqualTo("StartFailed");
        assertThat(server.requests("sandbox.command.run")).hasSizeBetween(2, 4);
    }

    @Incident("S182")
    @Test
    void otherRequestsMayTakeNoLongerThanIsSet() throws Exception {
        server.misbehave("sandbox.metrics.get", Misbehaviour.HANG);

        MicrosandboxSandbox sandbox = made(builder(server).requestTimeout(Duration.ofMillis(321)));

        assertThat(sandbox.capabilities().unavailable().orElseThrow()).contains("321 ms");
    }

    @Test
    void theKeyIsSentAndNeverLogged() throws Exception {
        Logger logger = (Logger) LoggerFactory.getLogger("io.sallyport.sandbox");
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        log.start();
        logger.addAppender(log);
        try {
            char[] key = "msb_a-key-of-a-test".toCharArray();
            server.keys = Optional.of(new StandInKeys("another"));

            MicrosandboxSandbox sandbox = made(builder(server).apiKey(() -> key));

            assertThat(server.headers.get(0).get("Authorization")).containsExactly("Bearer msb_a-key-of-a-test");
            assertThat(key).containsOnly('\0');
            assertThat(log.list)
                    .isNotEmpty()
                    .noneMatch(it -> (it.getFormattedMessage() + it.getKeyValuePairs()).contains("a-key-of-a-test"));
            assertThat(sandbox.capabilities().toString()).doesNotContain("a-key-of-a-test");
        } finally {
            logger.detachAppender(log);
        }
    }

    @Test
    void anOwnerHasToBeNamed() {
        assertThatThrownBy(() -> MicrosandboxSandbox.builder(server.uri()).build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("owner");
    }

    @Test
    void plainHttpBeyondThisMachineHasToBeMeant() {
        assertThatThrownBy(() -> MicrosandboxSandbox.builder(URI.create("http://sandbox.example:5555"))
                        .owner("a")
                        .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("plain http");
    }

    @Test
    void eachValueIsCheckedWhereItIsSet() {
        MicrosandboxBuilder builder = builder(server);
        List<Runnable> wrong = List.of(
                () -> builder.owner("A"),
                () -> builder.owner("a".repeat(23)),
                () -> builder.namespace("-a"),
                () -> builder.namespace("*"),
                () -> builder.image(Language.PYTHON, " "),
                () -> builder.cpus(0),
                () -> builder.cpus(256),
                () -> builder.baseMemoryBytes(0),
                () -> builder.concurrency(0),
                () -> builder.patience(Duration.ofMillis(-1)),
                () -> builder.patience(Duration.ofSeconds(Long.MAX_VALUE)),
                () -> builder.connectTimeout(Duration.ZERO),
                () -> builder.requestTimeout(Duration.ZERO),
                () -> builder.startTimeout(Duration.ofHours(2)),
                () -> builder.executionTimeout(Duration.ZERO));

        assertThat(wrong).allSatisfy(set -> assertThatThrownBy(set::run).isInstanceOf(IllegalArgumentException.class));
    }
}
