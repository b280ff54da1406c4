package io.sallyport.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.testing.Incident;
import java.time.Duration;
import java.time.InstantSource;
import org.junit.jupiter.api.Test;

class SandboxSessionsBuilderTest {

    private static final long MIB = 1024L * 1024;

    private final SandboxSessions.Builder builder = SandboxSessions.of(new FakeSandbox());

    @Test
    void everyDefaultIsWhatThePagesSay() {
        SessionSettings settings = builder.settings();

        assertThat(settings.defaultFlavor()).isEqualTo("small");
        assertThat(settings.commandProcesses()).isEqualTo(32);
        assertThat(settings.most()).isEqualTo(new Room(16, 4096 * MIB));
        assertThat(settings.mostOfTenant()).isEqualTo(new Room(10, 2048 * MIB));
        assertThat(settings.pinnedOfTenant()).isEqualTo(3);
        assertThat(settings.idle()).isEqualTo(Duration.ofMinutes(30));
        assertThat(settings.age()).isEqualTo(Duration.ofHours(8));
        assertThat(settings.patience()).isEqualTo(Duration.ofSeconds(10));
        assertThat(settings.clock().getClass()).isEqualTo(InstantSource.system().getClass());
    }

    @Test
    void theFlavorsAreSmallMediumAndLarge() {
        assertThat(builder.settings().flavors().entrySet())
                .extracting(it -> it.getKey() + " " + it.getValue().memoryBytes() / MIB + " "
                        + it.getValue().wallTime().toSeconds() + " "
                        + it.getValue().cpuTime().toSeconds())
                .containsExactly("small 128 30 30", "medium 256 60 60", "large 512 300 300");
    }

    @Test
    @Incident("S182")
    void everySettingTakesEffect() {
        SessionSettings settings = builder.noFlavors()
                .flavor("tiny", Limits.builder().memoryBytes(4 * MIB).build())
                .defaultFlavor("tiny")
                .commandProcesses(7)
                .budget(5, 50 * MIB)
                .budgetOfTenant(4, 40 * MIB)
                .pinnedOfTenant(0)
                .idle(Duration.ofSeconds(1))
                .age(Duration.ofSeconds(2))
                .patience(Duration.ZERO)
                .settings();

        assertThat(settings.flavors()).containsOnlyKeys("tiny");
        assertThat(settings.defaultFlavor()).isEqualTo("tiny");
        assertThat(settings.commandProcesses()).isEqualTo(7);
        assertThat(settings.most()).isEqualTo(new Room(5, 50 * MIB));
        assertThat(settings.mostOfTenant()).isEqualTo(new Room(4, 40 * MIB));
        assertThat(settings.pinnedOfTenant()).isZero();
        assertThat(settings.idle()).isEqualTo(Duration.ofSeconds(1));
        assertThat(settings.age()).isEqualTo(Duration.ofSeconds(2));
        assertThat(settings.patience()).isZero();
    }

    @Test
    void whatCannotBeIsRefusedWhereItIsSet() {
        assertThatThrownBy(() -> builder.idle(Duration.ZERO))
                .hasMessage("idle must be positive and at most 7 days, but was PT0S");
        assertThatThrownBy(() -> builder.age(Duration.ofDays(7).plusNanos(1)))
                .hasMessageStartingWith("age must be positive and at most 7 days");
        assertThat(builder.age(Duration.ofDays(7))).isSameAs(builder);
        assertThatThrownBy(() -> builder.patience(Duration.ofSeconds(-1)))
                .hasMessage("patience must not be negative, and at most 7 days, but was PT-1S");
        assertThatThrownBy(() -> builder.commandProcesses(-1))
                .hasMessage("commandProcesses must not be negative, but was -1");
        assertThatThrownBy(() -> builder.pinnedOfTenant(-1))
                .hasMessage("pinnedOfTenant must not be negative, but was -1");
        assertThatThrownBy(() -> builder.budget(0, 1))
                .hasMessage("budget must be positive, but was 0 sessions with 1 bytes");
        assertThatThrownBy(() -> builder.budgetOfTenant(1, 0))
                .hasMessageStartingWith("budgetOfTenant must be positive");
        assertThatThrownBy(() -> builder.flavor("Big", Limits.defaults())).hasMessageEndingWith("but was \"Big\"");
    }

    @Test
    void settingsThatDoNotGoTogetherAreRefusedAtTheEnd() {
        assertThatThrownBy(() -> SandboxSessions.of(new FakeSandbox())
                        .defaultFlavor("huge")
                        .build())
                .hasMessage("defaultFlavor must be among [small, medium, large], but was \"huge\"");
        assertThatThrownBy(() -> SandboxSessions.of(new FakeSandbox())
                        .budgetOfTenant(17, MIB)
                        .build())
                .hasMessage("budgetOfTenant must not be more than budget, but was 17 sessions with 1 MiB, and budget 16"
                        + " sessions with 4096 MiB");
        assertThatThrownBy(() -> SandboxSessions.of(new FakeSandbox())
                        .budgetOfTenant(3, 500 * MIB)
                        .build())
                .hasMessage("flavor \"large\" needs 512 MiB, but all sessions of a tenant may have 500 MiB");
    }
}
