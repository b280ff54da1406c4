package io.sallyport.sandbox.remote;

import static io.sallyport.sandbox.remote.MicrosandboxRig.await;
import static io.sallyport.sandbox.remote.MicrosandboxRig.builder;
import static io.sallyport.sandbox.remote.MicrosandboxRig.python;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.protocol.JsonValue;
import io.sallyport.sandbox.Cancellation;
import io.sallyport.sandbox.HandClock;
import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Limits;
import io.sallyport.sandbox.SandboxRefusedException;
import io.sallyport.sandbox.SandboxSessions;
import io.sallyport.sandbox.tools.SandboxTools;
import io.sallyport.sandbox.tools.ToolCaller;
import io.sallyport.spi.Principal;
import io.sallyport.testing.Incident;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is set for sessions, as a server notices it. */
@Timeout(value = 1, unit = TimeUnit.MINUTES)
class MicrosandboxSessionsTest {

    private static final long MIB = 1 << 20;
    private static final Principal ANN = new Principal("test", "app", "ann", "red");
    private static final Principal EVE = new Principal("test", "app", "eve", "blue");

    private final MicrosandboxStandIn server = MicrosandboxRig.server(MicrosandboxStandIn.Dialect.WITH_NAMESPACES);
    private final HandClock clock = new HandClock();
    private MicrosandboxSandbox sandbox;
    private SandboxSessions.Builder settings;
    private Optional<SandboxSessions> made = Optional.empty();

    @BeforeEach
    void begin() throws Exception {
        sandbox = builder(server).baseMemoryBytes(100 * MIB).build();
        settings = SandboxSessions.of(sandbox);
    }

    /** Returns those with what was set before the first time. */
    private SandboxSessions sessions() {
        if (made.isEmpty()) {
            made = Optional.of(clock.sessions(settings));
        }
        return made.get();
    }

    @AfterEach
    void close() {
        made.ifPresent(SandboxSessions::close);
        sandbox.close();
        server.close();
    }

    private String open(Principal principal, String flavor) throws Exception {
        return sessions()
                .open(principal, Language.PYTHON, flavor, new Cancellation())
                .id();
    }

    private List<String> started() {
        return server.requests("sandbox.start").stream()
                .map(it -> it.getString("sandbox").orElseThrow())
                .toList();
    }

    private String memory() {
        return server.requests("sandbox.start")
                .get(0)
                .get("config")
                .flatMap(it -> it.get("memory"))
                .map(JsonValue::toJson)
                .orElse("none");
    }

    private void execute(Map<String, ?> arguments) throws Exception {
        try (ToolCaller caller =
                new ToolCaller(SandboxTools.of(sandbox, sessions()).build().server("sandbox"))) {
            caller.call(ANN, "execute_code", arguments);
        }
    }

    @Incident("S162")
    @Test
    void oneMoreSessionThanATenantMayHaveStopsTheMachineOfItsOldest() throws Exception {
        settings.budgetOfTenant(2, 1024 * MIB);

        for (int i = 0; i < 3; i++) {
            open(ANN, "small");
            clock.pass(Duration.ofSeconds(1));
        }

        await("the oldest is stopped", () -> server.running().size() == 2);
        assertThat(server.running())
                .containsExactlyInAnyOrderElementsOf(started().subList(1, 3));
    }

    @Incident("S162")
    @Test
    void oneMoreSessionThanAllMayHaveStartsNoMachine() throws Exception {
        settings.budget(2, 1024 * MIB).budgetOfTenant(2, 1024 * MIB);
        open(ANN, "small");
        open(ANN, "small");

        assertThatThrownBy(() -> open(EVE, "small")).isInstanceOf(SandboxRefusedException.class);

        assertThat(started()).hasSize(2);
    }

    @Incident("S162")
    @Test
    void moreMemoryThanATenantMayHaveStopsTheMachineOfItsOldest() throws Exception {
        settings.budgetOfTenant(10, 512 * MIB);
        open(ANN, "medium");
        clock.pass(Duration.ofSeconds(1));
        open(ANN, "medium");
        clock.pass(Duration.ofSeconds(1));

        open(ANN, "small");

        await("the oldest is stopped", () -> server.running().size() == 2);
        assertThat(server.running()).doesNotContain(started().get(0));
    }

    @Test
    void aMachineHasTheMemoryOfTheFlavorAndWhatItNeedsItself() throws Exception {
        settings.flavor("odd", Limits.builder().memoryBytes(77 * MIB).build());

        open(ANN, "odd");

        assertThat(memory()).isEqualTo("177");
    }

    @Test
    void codeWithoutASessionHasTheMemoryOfTheDefaultFlavor() throws Exception {
        settings.defaultFlavor("medium");

        execute(Map.of("code", "say a"));

        assertThat(memory()).isEqualTo("356");
    }

    @Test
    void aSessionOfThoseWhoChooseNoFlavorHasTheMemoryOfTheDefaultOne() throws Exception {
        settings.defaultFlavor("medium");

        execute(Map.of("code", "say a", "keep_session", true));

        assertThat(memory()).isEqualTo("356");
    }

    @Incident("S182")
    @Test
    void codeOfThoseWhoChooseNoFlavorHasTheTimeOfTheDefaultOne() throws Exception {
        settings.defaultFlavor("medium");

        execute(Map.of("code", "kept", "keep_session", true));

        assertThat(server.requests("sandbox.repl.run").get(1).get("timeout").map(JsonValue::toJson))
                .as("seconds, and one for the machine to end the code itself")
                .contains("61");
    }

    @Test
    void aSessionThatNobodyUsesKeepsItsMachineForAsLongAsIsSet() throws Exception {
        settings.idle(Duration.ofMinutes(5));
        open(ANN, "small");

        clock.pass(Duration.ofMinutes(5).minusMillis(1));
        assertThat(server.requests("sandbox.stop")).isEmpty();
        clock.pass(Duration.ofMillis(2));

        await("it is stopped", () -> server.running().isEmpty());
    }

    @Test
    void aSessionThatIsUsedKeepsItsMachineToTheAgeThatIsSet() throws Exception {
        settings.idle(Duration.ofMinutes(5)).age(Duration.ofMinutes(16));
        String id = open(ANN, "small");
        for (int i = 0; i < 4; i++) {
            clock.pass(Duration.ofMinutes(4).minusMillis(1));
            sessions().run(ANN, id, python("kept"), new Cancellation());
        }
        assertThat(server.requests("sandbox.stop")).isEmpty();

        clock.pass(Duration.ofMillis(6));

        await("it is stopped", () -> server.running().isEmpty());
    }
}
