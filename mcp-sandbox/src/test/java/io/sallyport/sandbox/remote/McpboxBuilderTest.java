package io.sallyport.sandbox.remote;

import static io.sallyport.sandbox.remote.MicrosandboxRig.await;
import static io.sallyport.sandbox.remote.MicrosandboxRig.running;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.protocol.JsonValue;
import io.sallyport.sandbox.Cancellation;
import io.sallyport.sandbox.Execution;
import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Limits;
import io.sallyport.sandbox.Outcome;
import io.sallyport.sandbox.Outcome.Status;
import io.sallyport.sandbox.Tier;
import io.sallyport.testing.Incident;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Each setting, and that it takes effect. */
@Timeout(value = 1, unit = TimeUnit.MINUTES)
class McpboxBuilderTest {

    private final McpboxStandIn service = new McpboxStandIn();
    private final List<McpboxSandbox> made = new ArrayList<>();

    private McpboxBuilder builder() {
        return McpboxSandbox.builder(service.uri(), McpboxStandIn.KEY::toCharArray);
    }

    private McpboxSandbox made(McpboxBuilder builder) throws InterruptedException {
        McpboxSandbox sandbox = builder.build();
        made.add(sandbox);
        return sandbox;
    }

    @AfterEach
    void close() {
        service.behave();
        service.release();
        made.forEach(McpboxSandbox::close);
        service.close();
    }

    private static Execution within(Duration wallTime, String code) {
        return Execution.of(Language.PYTHON, code)
                .weakestTier(Tier.SHARED)
                .limits(Limits.builder().wallTime(wallTime).build())
                .build();
    }

    private static String error(Outcome outcome) {
        return outcome.error().map(Outcome.Failure::message).orElse("none");
    }

    @Incident("S162")
    @Test
    void asMuchCodeRunsAtOnceAsIsSetAndNoMore() throws Exception {
        McpboxSandbox sandbox = made(builder().concurrency(2).patience(Duration.ZERO));
        for (int i = 0; i < 2; i++) {
            running(sandbox, within(Duration.ofSeconds(30), "hang"), new Cancellation());
        }
        await("both are there", () -> service.executions.get() == 2);

        Outcome outcome = sandbox.run(within(Duration.ofSeconds(1), "value 1"), new Cancellation());

        assertThat(error(outcome)).isEqualTo("too much code is being run; try again in a moment");
        assertThat(service.executions).hasValue(2);
    }

    /** What runs first ends after three seconds: whoever waits longer is told something else. */
    @Incident("S162")
    @Test
    void whoeverFindsNoRoomWaitsAsLongAsIsSetAndIsToldSo() throws Exception {
        McpboxSandbox sandbox = made(builder().concurrency(1).patience(Duration.ofMillis(50)));
        running(sandbox, within(Duration.ofSeconds(3), "hang"), new Cancellation());
        await("it is there", () -> service.executions.get() == 1);

        Outcome outcome = sandbox.run(within(Duration.ofSeconds(1), "value 1"), new Cancellation());

        assertThat(error(outcome)).isEqualTo("too much code is being run; try again in a moment");
    }

    /** If that were ignored, the request's own time would be over first. */
    @Incident("S182")
    @Test
    void connectingMayTakeNoLongerThanIsSet() throws Exception {
        try (FullServer full = new FullServer()) {
            McpboxSandbox sandbox = made(McpboxSandbox.builder(full.uri(), McpboxStandIn.KEY::toCharArray)
                    .connectTimeout(Duration.ofMillis(200))
                    .requestTimeout(Duration.ofSeconds(3)));

            assertThat(sandbox.capabilities().unavailable().orElseThrow()).contains("Connect", "timed out");
        }
    }

    @Incident("S182")
    @Test
    void requestsThatRunNoCodeMayTakeNoLongerThanIsSet() throws Exception {
        service.misbehave("/servers", Misbehaviour.HANG);

        McpboxSandbox sandbox = made(builder().requestTimeout(Duration.ofMillis(321)));

        assertThat(sandbox.capabilities().unavailable().orElseThrow()).contains("321 ms");
    }

    @Incident("S182")
    @Test
    void codeMayTakeNoLongerThanIsSetWhateverItsLimitsAre() throws Exception {
        McpboxSandbox sandbox = made(builder().executionTimeout(Duration.ofMillis(100)));

        Outcome outcome = sandbox.run(within(Duration.ofSeconds(8), "hang"), new Cancellation());

        assertThat(outcome.status()).isEqualTo(Status.TIMEOUT);
        assertThat(outcome.usage().wallTime()).isLessThan(Duration.ofSeconds(8));
        assertThat(service.requests.get(0).get("timeout_seconds").map(JsonValue::toJson))
                .as("what the service was told")
                .contains("1");
    }

    @Incident("S182")
    @Test
    void toolsMayTakeNoLongerThanIsSetWhateverTheirCallerSays() throws Exception {
        McpboxRegistrations registrations =
                made(builder().executionTimeout(Duration.ofMillis(100))).registrations();
        registrations.register(server());
        await("it is registered", () -> registrations.status().get(0).isRegistered());

        Outcome outcome =
                registrations.call("one", "answer", JsonValue.trusted("{}"), Duration.ofSeconds(8), new Cancellation());

        assertThat(outcome.status()).isEqualTo(Status.TIMEOUT);
        assertThat(outcome.usage().wallTime()).isLessThan(Duration.ofSeconds(8));
    }

    private static McpboxServer server() {
        return McpboxServer.builder("one")
                .tool("answer", "Answers", JsonValue.trusted("{\"type\":\"object\"}"), "hang", Duration.ofSeconds(30))
                .build();
    }

    /** At the interval that is so without setting it, this would take most of a minute. */
    @Incident("S7")
    @Test
    void theServiceIsAskedWhatItHasAsOftenAsIsSet() throws Exception {
        made(builder().checkInterval(Duration.ofMillis(20)));

        await("it was asked again and again", () -> service.lists.get() > 5);
    }

    @Test
    void plainHttpBeyondThisMachineHasToBeMeant() {
        URI uri = URI.create("http://sandbox.example:8001");

        assertThatThrownBy(() -> McpboxSandbox.builder(uri, McpboxStandIn.KEY::toCharArray)
                        .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("plain http");
    }

    @Test
    void eachValueIsCheckedWhereItIsSet() {
        McpboxBuilder builder = builder();
        List<Runnable> wrong = List.of(
                () -> builder.concurrency(0),
                () -> builder.concurrency(1001),
                () -> builder.patience(Duration.ofMillis(-1)),
                () -> builder.patience(Duration.ofSeconds(Long.MAX_VALUE)),
                () -> builder.connectTimeout(Duration.ZERO),
                () -> builder.requestTimeout(Duration.ZERO),
                () -> builder.executionTimeout(Duration.ofHours(2)),
                () -> builder.checkInterval(Duration.ZERO));

        assertThat(wrong).allSatisfy(set -> assertThatThrownBy(set::run).isInstanceOf(IllegalArgumentException.class));
    }
}
