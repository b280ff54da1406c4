package io.sallyport.resilience;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.Era;
import io.sallyport.protocol.Methods;
import io.sallyport.resilience.Repeatable.CallFacts;
import io.sallyport.testing.Incident;
import io.sallyport.upstream.CallPolicy.Hints;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamFailure.Kind;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class RepeatableTest {

    private static final Hints READ_ONLY = new Hints(true, false);
    private static final Hints IDEMPOTENT = new Hints(false, true);

    private static CallFacts tool(boolean isMarked, boolean isTrusted, Hints hints) {
        return new CallFacts(Methods.TOOLS_CALL, isMarked, isTrusted, () -> hints);
    }

    private static CallFacts unknownTool() {
        return tool(false, false, Hints.NONE);
    }

    private static UpstreamFailure cut() {
        return UpstreamFailure.maybeExecuted(Kind.INTERRUPTED, "cut");
    }

    @Test
    @Incident("S76")
    @Incident("S184")
    void aToolThatMayHaveBeenCalledIsNotCalledAgain() {
        assertThat(Repeatable.is(unknownTool(), cut())).isFalse();
    }

    @ParameterizedTest
    @EnumSource(
            value = Kind.class,
            names = {"UNREACHABLE", "INTERRUPTED"})
    void aToolThatCertainlyWasNotCalledIs(Kind kind) {
        assertThat(Repeatable.is(unknownTool(), UpstreamFailure.notSent(kind, "refused")))
                .isTrue();
    }

    @Test
    void aToolThatTheOperatorHasMarkedIsCalledAgain() {
        assertThat(Repeatable.is(tool(true, false, Hints.NONE), cut())).isTrue();
    }

    static List<Hints> harmless() {
        return List.of(READ_ONLY, IDEMPOTENT);
    }

    @ParameterizedTest
    @MethodSource("harmless")
    void hintsAreBelievedOfUpstreamsThatAreTrusted(Hints hints) {
        assertThat(Repeatable.is(tool(false, true, hints), cut())).isTrue();
        assertThat(Repeatable.is(tool(false, false, hints), cut())).isFalse();
        assertThat(Repeatable.is(tool(false, true, Hints.NONE), cut())).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                Methods.PROMPTS_GET,
                Methods.RESOURCES_READ,
                Methods.RESOURCES_SUBSCRIBE,
                Methods.RESOURCES_UNSUBSCRIBE,
                Methods.COMPLETE
            })
    void whatOnlyReadsIsAskedAgain(String method) {
        assertThat(Repeatable.is(new CallFacts(method, false, false, () -> Hints.NONE), cut()))
                .isTrue();
    }

    static Stream<String> othersThatAreCalled() {
        return Stream.of(Era.values())
                .flatMap(era -> Methods.requests(era).stream())
                .filter(method -> method.startsWith("tools/") || method.startsWith("logging/"));
    }

    @ParameterizedTest
    @MethodSource("othersThatAreCalled")
    void whatIsNotKnownToBeHarmlessIsNotAskedAgain(String method) {
        assertThat(Repeatable.is(new CallFacts(method, false, false, () -> READ_ONLY), cut()))
                .isFalse();
    }

    @Test
    @Incident("S74")
    void whoHasNoRoomIsAskedAgainOnlyIfItSaysWhen() {
        UpstreamFailure busy = UpstreamFailure.notSent(Kind.OVERLOADED, "429");

        assertThat(Repeatable.is(unknownTool(), busy)).isFalse();
        assertThat(Repeatable.is(unknownTool(), busy.retryAfter(Duration.ofSeconds(1))))
                .isTrue();
    }

    @Test
    @Incident("S73")
    void whatStaysWrongIsNotTriedAgain() {
        for (Kind kind : EnumSet.complementOf(EnumSet.of(Kind.UNREACHABLE, Kind.INTERRUPTED, Kind.OVERLOADED))) {
            assertThat(Repeatable.is(tool(true, true, READ_ONLY), UpstreamFailure.notSent(kind, "wrong")))
                    .as(kind.name())
                    .isFalse();
        }
    }
}
