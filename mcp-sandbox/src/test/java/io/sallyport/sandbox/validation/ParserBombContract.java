package io.sallyport.sandbox.validation;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.sandbox.Execution;
import io.sallyport.sandbox.Limits;
import io.sallyport.sandbox.Outcome;
import io.sallyport.sandbox.wasm.WasmSandbox;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Code that is made to bring parsers down: it ends in bounded time, in the validator and in the sandbox, and says why. */
@TestInstance(Lifecycle.PER_CLASS)
abstract class ParserBombContract {

    private WasmSandbox sandbox;
    private CodeValidator validator;

    @BeforeAll
    void startTheSandbox() throws InterruptedException {
        sandbox = WasmSandbox.builder().build();
        validator = CodeValidator.builder(sandbox).maxCodeBytes(1024 * 1024).build();
    }

    @AfterAll
    void closeTheSandbox() {
        sandbox.close();
    }

    /** Returns every how many of the bombs one is tried: 1 for all of them. */
    abstract int every();

    Stream<ParserBomb> bombs() {
        List<ParserBomb> all = ParserBomb.all();
        return IntStream.range(0, all.size()).filter(i -> i % every() == 0).mapToObj(all::get);
    }

    @ParameterizedTest
    @MethodSource("bombs")
    void isLookedAtInBoundedTime(ParserBomb bomb) throws InterruptedException {
        Verdict verdict = validator.check(bomb.language(), bomb.code());

        // Else it has taken the half minute that it may, or has brought the parser down.
        assertThat(verdict.unchecked()).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("bombs")
    void isRunInBoundedTime(ParserBomb bomb) throws InterruptedException {
        Outcome outcome = sandbox.run(Execution.of(bomb.language(), bomb.code())
                .limits(Limits.builder().wallTime(Duration.ofSeconds(30)).build())
                .build());

        assertThat(outcome.status()).isIn(Outcome.Status.OK, Outcome.Status.ERROR, Outcome.Status.MEMORY);
        assertThat(outcome.error().map(Outcome.Failure::message).orElse(""))
                .doesNotContain("java.", "run.endive", "Exception:");
        assertThat(sandbox.run(Execution.of(bomb.language(), "result = 1").build())
                        .status())
                .as("the next one")
                .isEqualTo(Outcome.Status.OK);
    }
}
