package io.sallyport.sandbox.remote;

import static io.sallyport.sandbox.remote.MicrosandboxRig.await;
import static io.sallyport.sandbox.remote.MicrosandboxRig.builder;
import static io.sallyport.sandbox.remote.MicrosandboxRig.open;
import static io.sallyport.sandbox.remote.MicrosandboxRig.python;
import static io.sallyport.sandbox.remote.MicrosandboxRig.within;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.sandbox.Cancellation;
import io.sallyport.sandbox.Limits;
import io.sallyport.sandbox.Outcome;
import io.sallyport.sandbox.Outcome.Status;
import io.sallyport.sandbox.SandboxSession;
import io.sallyport.sandbox.SandboxUnavailableException;
import io.sallyport.testing.Incident;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** Servers that do not do what they should. */
@Timeout(value = 1, unit = TimeUnit.MINUTES)
class MicrosandboxFaultsTest {

    private final MicrosandboxStandIn server = MicrosandboxRig.server(MicrosandboxStandIn.Dialect.WITH_NAMESPACES);
    private Optional<MicrosandboxSandbox> made = Optional.empty();

    private MicrosandboxSandbox sandbox() throws InterruptedException {
        return made(builder(server));
    }

    /** For what takes all the time that it may. */
    private MicrosandboxSandbox impatient() throws InterruptedException {
        return made(builder(server).startTimeout(Duration.ofMillis(700)).requestTimeout(Duration.ofMillis(250)));
    }

    private MicrosandboxSandbox made(MicrosandboxBuilder builder) throws InterruptedException {
        MicrosandboxSandbox sandbox = builder.build();
        made = Optional.of(sandbox);
        return sandbox;
    }

    @AfterEach
    void close() {
        server.behave();
        made.ifPresent(MicrosandboxSandbox::close);
        server.close();
    }

    private static Status expected(Misbehaviour how) {
        return switch (how) {
            case HANG, DRIP -> Status.TIMEOUT;
            case OVERSIZE -> Status.OUTPUT;
            default -> Status.UNAVAILABLE;
        };
    }

    /** A probe is a command, too: this is for those that begin to misbehave after it. */
    @Incident("S183")
    @ParameterizedTest
    @EnumSource(Misbehaviour.class)
    void whateverTheServerDoesWhileCodeRunsInASessionTheAnswerComesInTimeAndTheSessionIsOver(Misbehaviour how)
            throws Exception {
        SandboxSession session = open(sandbox());
        server.misbehave("sandbox.repl.run", how);

        Outcome outcome = session.run(within(how.timeForIt(), "kept"), new Cancellation());

        assertThat(outcome.status()).isEqualTo(expected(how));
        assertThat(outcome.usage().wallTime()).isLessThan(Duration.ofSeconds(5));
        assertThat(session.isLost()).isTrue();
        assertThat(server.requests("sandbox.repl.run"))
                .as("what may have been done is not done again")
                .hasSize(2);
    }

    @ParameterizedTest
    @EnumSource(Misbehaviour.class)
    void whateverTheServerDoesWhenAMachineIsToStartItIsUnavailableAndNothingRunsOn(Misbehaviour how) throws Exception {
        MicrosandboxSandbox sandbox = impatient();
        server.misbehave("sandbox.start", how);

        Outcome outcome = sandbox.run(python("say hello"));

        assertThat(outcome.status()).isEqualTo(Status.UNAVAILABLE);
        assertThat(outcome.error().orElseThrow().message()).doesNotContain("127.0.0.1", "HTTP", "Exception");
        await(
                "it is stopped all the same",
                () -> !server.requests("sandbox.stop").isEmpty());
    }

    @ParameterizedTest
    @EnumSource(Misbehaviour.class)
    void whateverTheServerDoesWhenAMachineIsToAnswerItIsUnavailable(Misbehaviour how) throws Exception {
        MicrosandboxSandbox sandbox = impatient();
        server.misbehave("sandbox.command.run", how);

        assertThat(sandbox.run(python("say hello")).status()).isEqualTo(Status.UNAVAILABLE);
        await("it is stopped", () -> server.running().isEmpty());
    }

    @ParameterizedTest
    @EnumSource(Misbehaviour.class)
    void whateverTheServerDoesWhenItIsAskedWhatRunsTheReasonIsSaidAndItIsAskedAgain(Misbehaviour how) throws Exception {
        server.misbehave("sandbox.metrics.get", how);
        MicrosandboxSandbox sandbox = impatient();
        assertThat(sandbox.capabilities().unavailable()).isPresent();

        server.behave();

        await("it is available", () -> sandbox.capabilities().unavailable().isEmpty());
    }

    @ParameterizedTest
    @EnumSource(
            value = Misbehaviour.class,
            mode = Mode.EXCLUDE,
            names = {"HANG", "DRIP", "OVERSIZE"})
    void runsGoOnWhenTheServerBehavesAgain(Misbehaviour how) throws Exception {
        MicrosandboxSandbox sandbox = sandbox();
        server.misbehave("sandbox.start", how);
        sandbox.run(python("say hello"));

        server.behave();

        assertThat(sandbox.run(python("say hello")).status()).isEqualTo(Status.OK);
    }

    @Test
    void aRedirectIsNotFollowed() throws Exception {
        MicrosandboxSandbox sandbox = sandbox();
        server.misbehave("sandbox.start", Misbehaviour.REDIRECT);

        sandbox.run(python("say hello"));

        assertThat(server.elsewhere).hasValue(0);
    }

    @Incident("S6")
    @Test
    void aServerThatIsGoneIsSaidToBeAndItsCallersDoNotWait() throws Exception {
        MicrosandboxSandbox sandbox = sandbox();
        server.close();

        Outcome outcome = sandbox.run(python("say hello"));

        assertThat(outcome.status()).isEqualTo(Status.UNAVAILABLE);
        assertThat(outcome.error().orElseThrow().type()).isEqualTo("Unreachable");
        assertThat(sandbox.capabilities().unavailable()).isPresent();
    }

    @Test
    void aServerThatIsNotThereAtFirstIsUsedWhenItIs() throws Exception {
        int port = server.uri().getPort();
        server.close();
        MicrosandboxSandbox sandbox = sandbox();
        assertThat(sandbox.capabilities().unavailable()).isPresent();

        try (MicrosandboxStandIn later =
                new MicrosandboxStandIn(MicrosandboxStandIn.Dialect.WITH_NAMESPACES, new ScriptedEngine(), port)) {
            await("it is available", () -> sandbox.capabilities().unavailable().isEmpty());
            assertThat(sandbox.run(python("say hello")).status()).isEqualTo(Status.OK);
            sandbox.close();
            assertThat(later.running()).isEmpty();
        }
    }

    @Test
    void aVersionThatHasNoServerIsSaidToBeOne() throws Exception {
        MicrosandboxSandbox sandbox = MicrosandboxSandbox.builder(server.uri().resolve("/other"))
                .owner("gateway-1")
                .build();
        made = Optional.of(sandbox);

        assertThat(sandbox.capabilities().unavailable().orElseThrow()).contains("0.2.6");
    }

    // Keys.

    private final StandInKeys keys = new StandInKeys("of this server");

    private MicrosandboxSandbox sandbox(String key) throws InterruptedException {
        server.keys = Optional.of(keys);
        MicrosandboxSandbox sandbox = builder(server).apiKey(key::toCharArray).build();
        made = Optional.of(sandbox);
        return sandbox;
    }

    private static Instant tomorrow() {
        return Instant.now().plusSeconds(86_400);
    }

    @Test
    void aGoodKeyIsTaken() throws Exception {
        MicrosandboxSandbox sandbox = sandbox(keys.make(tomorrow(), Optional.of("gateway-1")));

        assertThat(sandbox.capabilities().unavailable()).isEmpty();
        assertThat(sandbox.run(python("say hello")).status()).isEqualTo(Status.OK);
    }

    @Test
    void aKeyThatHasExpiredIsFoundOutAtOnceThoughTheServerSaysThatItIsWell() throws Exception {
        MicrosandboxSandbox sandbox = sandbox(keys.make(Instant.EPOCH, Optional.of("*")));

        assertThat(sandbox.capabilities().unavailable().orElseThrow()).contains("1004", "expired");
    }

    @Test
    void aKeyForAnotherNamespaceIsSaidToBeOne() throws Exception {
        MicrosandboxSandbox sandbox = sandbox(keys.make(tomorrow(), Optional.of("another")));

        assertThat(sandbox.capabilities().unavailable().orElseThrow()).contains("namespace");
    }

    @Test
    void whoeverRunsCodeIsNotToldOfKeys() throws Exception {
        MicrosandboxSandbox sandbox = sandbox("no key at all".replace(' ', '-'));

        Outcome.Failure failure = sandbox.run(python("say hello")).error().orElseThrow();

        assertThat(failure).isEqualTo(new Outcome.Failure("KeyRefused", "the sandbox server does not let us in", ""));
        assertThatThrownBy(
                        () -> sandbox.open(io.sallyport.sandbox.Language.PYTHON, Limits.defaults(), new Cancellation()))
                .isInstanceOf(SandboxUnavailableException.class);
    }

    @Test
    void aKeyThatWasReplacedIsUsedFromThenOn() throws Exception {
        server.keys = Optional.of(keys);
        String[] key = {keys.make(Instant.EPOCH, Optional.of("*"))};
        MicrosandboxSandbox sandbox =
                builder(server).apiKey(() -> key[0].toCharArray()).build();
        made = Optional.of(sandbox);

        key[0] = keys.make(tomorrow(), Optional.of("*"));

        assertThat(sandbox.run(python("say hello")).status()).isEqualTo(Status.OK);
        assertThat(sandbox.capabilities().unavailable()).isEmpty();
    }
}
