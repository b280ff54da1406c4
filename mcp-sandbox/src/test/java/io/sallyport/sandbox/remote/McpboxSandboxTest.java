package io.sallyport.sandbox.remote;

import static io.sallyport.sandbox.remote.MicrosandboxRig.await;
import static io.sallyport.sandbox.remote.MicrosandboxRig.running;
import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.JsonValue;
import io.sallyport.sandbox.Cancellation;
import io.sallyport.sandbox.Capabilities;
import io.sallyport.sandbox.Execution;
import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Limit;
import io.sallyport.sandbox.Limits;
import io.sallyport.sandbox.Outcome;
import io.sallyport.sandbox.Outcome.Status;
import io.sallyport.sandbox.Tier;
import io.sallyport.testing.Incident;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Code in the service that all code shares. */
@Timeout(value = 1, unit = TimeUnit.MINUTES)
class McpboxSandboxTest {

    private final McpboxStandIn service = new McpboxStandIn();
    private Optional<McpboxSandbox> made = Optional.empty();

    private McpboxSandbox sandbox(String key) throws InterruptedException {
        McpboxSandbox sandbox = McpboxSandbox.builder(service.uri(), key::toCharArray)
                .requestTimeout(Duration.ofSeconds(10))
                .build();
        made = Optional.of(sandbox);
        return sandbox;
    }

    private McpboxSandbox sandbox() throws InterruptedException {
        return sandbox(McpboxStandIn.KEY);
    }

    @AfterEach
    void close() {
        service.behave();
        service.release();
        made.ifPresent(McpboxSandbox::close);
        service.close();
    }

    private static Execution.Builder code(String code) {
        return Execution.of(Language.PYTHON, code).weakestTier(Tier.SHARED);
    }

    private static Execution within(Duration wallTime, String code) {
        return code(code).limits(Limits.builder().wallTime(wallTime).build()).build();
    }

    @Test
    void runsPython() throws Exception {
        Outcome outcome = sandbox().run(code("value [1,2]").build());

        assertThat(outcome.status()).isEqualTo(Status.OK);
        assertThat(outcome.value().map(JsonValue::toJson)).contains("[1,2]");
        assertThat(outcome.tier()).isEqualTo(Tier.SHARED);
    }

    @Test
    void promisesNoMoreThanItCanKeep() throws Exception {
        Capabilities capabilities = sandbox().capabilities();

        assertThat(capabilities.enforced()).containsExactlyInAnyOrder(Limit.WALL_TIME, Limit.OUTPUT);
        assertThat(capabilities.stateful()).isEmpty();
    }

    @Test
    void whoeverDoesNotAcceptAnInterpreterThatIsSharedDoesNotGetOne() throws Exception {
        Outcome outcome = sandbox().run(Execution.of(Language.PYTHON, "value 1").build());

        assertThat(outcome.status()).isEqualTo(Status.REJECTED);
        assertThat(service.requests).isEmpty();
    }

    @Test
    void otherLanguagesAreUnavailable() throws Exception {
        Execution execution =
                Execution.of(Language.JAVASCRIPT, "1").weakestTier(Tier.SHARED).build();

        assertThat(sandbox().run(execution).status()).isEqualTo(Status.UNAVAILABLE);
    }

    @Test
    void codeMayReachNoHostAndHasNoSecrets() throws Exception {
        sandbox().run(code("value 1").build());

        JsonValue request = service.requests.get(0);
        assertThat(request.get("allowed_hosts").orElseThrow().toJson()).isEqualTo("[]");
        assertThat(request.get("secrets").orElseThrow().toJson()).isEqualTo("{}");
    }

    @Test
    void inputsAndTimeArePassedOn() throws Exception {
        sandbox()
                .run(code("value 1")
                        .inputs(JsonValue.trusted("{\"a\":1}"))
                        .limits(Limits.builder()
                                .wallTime(Duration.ofMillis(2500))
                                .build())
                        .build());

        JsonValue request = service.requests.get(0);
        assertThat(request.get("arguments").orElseThrow().toJson()).isEqualTo("{\"a\":1}");
        assertThat(request.get("timeout_seconds").orElseThrow().toJson()).isEqualTo("3");
        assertThat(request.getString("code").orElseThrow()).startsWith("inputs = arguments\nvalue 1\n");
    }

    @ParameterizedTest
    @CsvSource({
        "ValueError: boo, ERROR, ValueError",
        "Syntax error at line 3: invalid syntax, ERROR, SyntaxError",
        "Execution timed out after 1 seconds, TIMEOUT, Timeout",
        "Code initialization timed out after 1 seconds, TIMEOUT, Timeout",
        "Security violation in <x>: Access to 'y' is forbidden., REJECTED, Unsafe",
        "Call to 'dir()' is forbidden (line 2)., REJECTED, Unsafe",
        "MemoryError, MEMORY, MemoryError",
        "something else, ERROR, Error"
    })
    void itsWordsAreToldApart(String words, Status status, String type) throws Exception {
        Outcome outcome = sandbox().run(code("fail " + words).build());

        assertThat(outcome.status()).isEqualTo(status);
        assertThat(outcome.error().orElseThrow().type()).isEqualTo(type);
    }

    @Test
    void linesAreThoseOfTheCodeAsItWasGiven() throws Exception {
        Outcome outcome = sandbox().run(code("fail Syntax error at line 3: x").build());

        assertThat(outcome.error().orElseThrow().message()).isEqualTo("Syntax error at line 2: x");
    }

    @Test
    void outputEndsAtItsLimit() throws Exception {
        Outcome outcome = sandbox()
                .run(code("say 12345")
                        .limits(Limits.builder().outputBytes(4).build())
                        .build());

        assertThat(outcome.status()).isEqualTo(Status.OUTPUT);
        assertThat(outcome.stdout()).isEqualTo("1234");
    }

    @Incident("S174")
    @Incident("S6")
    @Test
    void aServiceThatHangsKeepsNobodyElseWaitingAndIsUsedAgainWhenItsHealthAnswers() throws Exception {
        McpboxSandbox sandbox = sandbox();
        assertThat(sandbox.run(within(Duration.ofMillis(150), "hang")).status()).isEqualTo(Status.TIMEOUT);

        Outcome meanwhile = sandbox.run(code("value 1").build());

        assertThat(meanwhile.status()).isEqualTo(Status.UNAVAILABLE);
        assertThat(meanwhile.usage().wallTime()).as("it was not even asked").isZero();
        assertThat(sandbox.capabilities().unavailable()).isPresent();
        service.release();
        await("it is available", () -> sandbox.capabilities().unavailable().isEmpty());
        assertThat(sandbox.run(code("value 1").build()).status()).isEqualTo(Status.OK);
    }

    @Test
    void aServiceThatIsBusyIsSaidToBe() throws Exception {
        service.isBusy = true;

        assertThat(sandbox().run(code("value 1").build()).error().orElseThrow().type())
                .isEqualTo("Busy");
    }

    @Incident("S183")
    @ParameterizedTest
    @EnumSource(Misbehaviour.class)
    void whateverTheServiceDoesTheAnswerComesInTime(Misbehaviour how) throws Exception {
        McpboxSandbox sandbox = sandbox();
        service.misbehave("/execute", how);

        Outcome outcome = sandbox.run(within(how.timeForIt(), "value 1"));

        assertThat(outcome.status())
                .isEqualTo(
                        switch (how) {
                            case HANG, DRIP -> Status.TIMEOUT;
                            case OVERSIZE -> Status.OUTPUT;
                            default -> Status.UNAVAILABLE;
                        });
        assertThat(outcome.usage().wallTime()).isLessThan(Duration.ofSeconds(5));
    }

    @Test
    void aKeyThatIsNotTakenIsFoundOutAtOnceThoughTheServiceIsWell() throws Exception {
        McpboxSandbox sandbox = sandbox("another-key-of-more-than-32-characters");

        assertThat(sandbox.capabilities().unavailable().orElseThrow()).contains("401");
        assertThat(sandbox.run(code("value 1").build()).status()).isEqualTo(Status.UNAVAILABLE);
    }

    @Test
    void aKeyThatIsTooShortIsNotEvenSent() throws Exception {
        assertThat(sandbox("short").capabilities().unavailable().orElseThrow()).contains("32");
    }

    @Test
    void codeThatIsTooLongForTheServiceIsNotRun() throws Exception {
        Outcome outcome = sandbox().run(code("#".repeat(50_000)).build());

        assertThat(outcome.status()).isEqualTo(Status.REJECTED);
        assertThat(service.requests).isEmpty();
    }

    @Test
    void somebodyMayWishThatItEnds() throws Exception {
        Cancellation cancellation = new Cancellation();
        Execution execution = code("hang").build();
        CompletableFuture<Outcome> run = running(sandbox(), execution, cancellation);
        await("it runs", () -> service.requests.size() == 1);

        cancellation.cancel();

        assertThat(run.get(10, TimeUnit.SECONDS).status()).isEqualTo(Status.CANCELLED);
    }

    @Test
    void aClosedSandboxRunsNothing() throws Exception {
        McpboxSandbox sandbox = sandbox();
        sandbox.close();

        assertThat(sandbox.run(code("value 1").build()).status()).isEqualTo(Status.UNAVAILABLE);
        assertThat(service.requests).isEmpty();
    }
}
