package io.sallyport.sandbox.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.sandbox.Cancellation;
import io.sallyport.sandbox.Execution;
import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Limits;
import io.sallyport.sandbox.Outcome;
import io.sallyport.sandbox.SandboxError;
import io.sallyport.sandbox.SandboxUnavailableException;
import io.sallyport.sandbox.Tier;
import io.sallyport.testing.Incident;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessSandboxBuilderTest {

    private static ProcessSandbox without(Path bubblewrap) throws InterruptedException {
        return ProcessSandbox.builder()
                .languages(Set.of(Language.SHELL))
                .bubblewrap(bubblewrap)
                .build();
    }

    @Incident("S138")
    @Test
    void whatHasNoEnclosureRunsNothingAndSaysWhy() throws Exception {
        try (ProcessSandbox sandbox = without(Path.of("/nowhere/bwrap"))) {
            assertThat(sandbox.capabilities().unavailable().orElseThrow()).contains("/nowhere/bwrap is no program");
            assertThat(sandbox.capabilities().tier()).isEqualTo(Tier.PROCESS);
            assertThat(sandbox.capabilities().languages()).isEmpty();

            Outcome outcome = sandbox.run(Execution.of(Language.SHELL, "echo x").build());

            assertThat(outcome.status()).isEqualTo(Outcome.Status.UNAVAILABLE);
            assertThat(outcome.error().orElseThrow().message()).doesNotContain("nowhere");
            assertThat(SandboxError.of(outcome).orElseThrow().isRetryable()).isFalse();
        }
    }

    @Test
    void whatHasNoEnclosureOpensNoSession() throws Exception {
        try (ProcessSandbox sandbox = without(Path.of("/nowhere/bwrap"))) {
            assertThatThrownBy(() -> sandbox.open(Language.SHELL, Limits.defaults(), new Cancellation()))
                    .isInstanceOf(SandboxUnavailableException.class);
        }
    }

    @Test
    void anEnclosureThatEnclosesNothingIsFoundOut() throws Exception {
        // It does what it is told but for what it was told it for.
        try (ProcessSandbox sandbox = without(new Programs(Path.of("/"), false).find("env"))) {
            assertThat(sandbox.capabilities().unavailable()).isPresent();
        }
    }

    @Test
    void anInterpreterThatMustBeThereAndIsNotMakesItUnavailable(@TempDir Path folder) throws Exception {
        Path script = Files.writeString(folder.resolve("python3"), "#!/bin/sh\nexec python\n");
        script.toFile().setExecutable(true);
        try (ProcessSandbox sandbox = ProcessSandbox.builder().python(script).build()) {
            assertThat(sandbox.capabilities().unavailable().orElseThrow()).contains("or a script");
        }
    }

    @Test
    void nothingIsLeftOfWhatIsUnavailable() throws Exception {
        try (ProcessSandbox sandbox = without(Path.of("/nowhere/bwrap"))) {
            assertThat(sandbox.capabilities().unavailable()).isPresent();
            assertThat(Thread.getAllStackTraces().keySet())
                    .extracting(Thread::getName)
                    .noneMatch(name -> name.startsWith("sallyport-sandbox"));
        }
    }

    @Test
    void noLanguagesAreRefused() {
        assertThatThrownBy(() -> ProcessSandbox.builder().languages(Set.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("languages must not be empty; leave it out for all that are there");
    }

    @Test
    void moreAtOnceThanAnyMachineCanDoIsRefused() {
        assertThatThrownBy(() -> ProcessSandbox.builder().concurrency(1001))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("concurrency must be positive and at most 1000, but was 1001");
        assertThatThrownBy(() -> ProcessSandbox.builder().warmWorkers(101))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("warmWorkers must not be negative and at most 100, but was 101");
        assertThatThrownBy(() -> ProcessSandbox.builder().sessions(10_001))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("sessions must not be negative and at most 10000, but was 10001");
    }

    @Test
    void negativePatienceIsRefused() {
        assertThatThrownBy(() -> ProcessSandbox.builder().patience(Duration.ofMillis(-1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("patience must not be negative, and at most 7 days, but was PT-0.001S");
    }

    /** Whoever means for ever would else have every run fail, since so many nanoseconds are no number. */
    @Test
    void patienceThatIsTooLongIsRefused() {
        assertThatThrownBy(() -> ProcessSandbox.builder().patience(Duration.ofSeconds(Long.MAX_VALUE)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("patience must not be negative, and at most 7 days");
        assertThatCode(() -> ProcessSandbox.builder().patience(Duration.ofDays(7)))
                .doesNotThrowAnyException();
    }
}
