package io.sallyport.resilience;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.filter.CallContext;
import io.sallyport.health.HealthPart;
import io.sallyport.protocol.Era;
import io.sallyport.protocol.Json;
import io.sallyport.protocol.Methods;
import io.sallyport.resilience.CircuitBreaker.State;
import io.sallyport.spi.Principal;
import io.sallyport.testing.Incident;
import io.sallyport.upstream.CallPolicy.Course;
import io.sallyport.upstream.CallPolicy.End;
import io.sallyport.upstream.CallPolicy.Hints;
import io.sallyport.upstream.UpstreamException;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamFailure.Kind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ResiliencePolicyTest {

    private static final Duration LEFT = Duration.ofSeconds(30);
    private static final UpstreamFailure REFUSED = UpstreamFailure.notSent(Kind.UNREACHABLE, "refused");
    private static final UpstreamFailure CUT = UpstreamFailure.maybeExecuted(Kind.INTERRUPTED, "cut");

    private final VirtualTime time = new VirtualTime();
    private final List<String> changes = new ArrayList<>();

    private ResiliencePolicy policy(UpstreamRules rules) {
        return ResiliencePolicy.builder()
                .rules(rules)
                .time(time, () -> 0.5)
                .onTransition((name, transition) -> changes.add(name + " " + transition.to()))
                .build();
    }

    private ResiliencePolicy policy() {
        return policy(UpstreamRules.defaults());
    }

    private record Context(String method, String name) implements CallContext {

        @Override
        public String endpoint() {
            return "/mcp";
        }

        @Override
        public Principal principal() {
            return new Principal("test", "client", "ann", "default");
        }

        @Override
        public Era era() {
            return Era.MODERN;
        }

        @Override
        public Optional<String> upstream() {
            return Optional.of("shop");
        }

        @Override
        public Optional<String> target() {
            return Optional.of(name);
        }

        @Override
        public String correlationId() {
            return "1";
        }

        @Override
        public Optional<String> sessionKey() {
            return Optional.empty();
        }
    }

    /** Begins a call and returns it as it has room. */
    private static Course tool(ResiliencePolicy policy, String name) {
        Course course = policy.begin(new Context(Methods.TOOLS_CALL, name), () -> Hints.NONE);
        assertThat(course.enter(LEFT)).isCompleted();
        return course;
    }

    private static Course attempt(ResiliencePolicy policy, String tool) {
        Course course = tool(policy, tool);
        assertThat(course.attempt(LEFT)).isEmpty();
        return course;
    }

    private static void end(ResiliencePolicy policy, String tool, End how) {
        attempt(policy, tool).ended(how);
    }

    private static void fail(ResiliencePolicy policy, String tool, UpstreamFailure failure) {
        Course course = attempt(policy, tool);
        course.failed(failure, false, LEFT);
        course.ended(End.FAILED);
    }

    private static State state(ResiliencePolicy policy, String circuit) {
        return policy.circuits().get(circuit).state();
    }

    @Test
    @Incident("S77")
    void aCallThatHasReachedNobodyIsMadeAgainAfterAPause() {
        Course call = attempt(policy(), "buy");

        assertThat(call.failed(REFUSED, true, LEFT)).hasValue(Duration.ofMillis(25));
        assertThat(call.attempt(LEFT)).isEmpty();
        assertThat(call.failed(REFUSED, true, LEFT)).hasValue(Duration.ofMillis(50));
    }

    @Test
    void afterThreeAttemptsThereIsNoOther() {
        Course call = attempt(policy(), "buy");
        call.failed(REFUSED, true, LEFT);
        call.attempt(LEFT);
        call.failed(REFUSED, true, LEFT);
        call.attempt(LEFT);

        assertThat(call.failed(REFUSED, true, LEFT)).isEmpty();
    }

    @Test
    @Incident("S184")
    void aToolThatMayHaveBeenCalledIsNotCalledAgain() {
        assertThat(attempt(policy(), "buy").failed(CUT, true, LEFT)).isEmpty();
    }

    @Test
    void aToolThatIsMarkedIsCalledAgain() {
        ResiliencePolicy policy = policy(UpstreamRules.defaults().repeatableTools(Set.of("look")));

        assertThat(attempt(policy, "look").failed(CUT, true, LEFT)).isPresent();
        assertThat(attempt(policy, "buy").failed(CUT, true, LEFT)).isEmpty();
    }

    @Test
    void whatTheClientHasHeardOfIsNotMadeAgain() {
        assertThat(attempt(policy(), "buy").failed(REFUSED, false, LEFT)).isEmpty();
    }

    @Test
    @Incident("S74")
    void thePauseIsAsLongAsTheUpstreamAsksFor() {
        UpstreamFailure busy = UpstreamFailure.notSent(Kind.OVERLOADED, "429").retryAfter(Duration.ofSeconds(2));

        assertThat(attempt(policy(), "buy").failed(busy, true, LEFT)).hasValue(Duration.ofSeconds(2));
    }

    @Test
    void thereIsNoOtherAttemptForWhichThereIsNoTime() {
        UpstreamFailure busy = UpstreamFailure.notSent(Kind.OVERLOADED, "429").retryAfter(Duration.ofSeconds(2));

        assertThat(attempt(policy(), "buy").failed(busy, true, Duration.ofSeconds(2)))
                .isEmpty();
    }

    @Test
    void whenAllFailATenthIsTriedAgain() {
        ResiliencePolicy policy = policy(UpstreamRules.defaults()
                .breaker(breaker -> breaker.failuresInARow(1_000_000).minimumCalls(1_000_000)));
        int attempts = 0;
        for (int i = 0; i < 1_000; i++) {
            Course call = attempt(policy, "buy");
            attempts++;
            while (call.failed(REFUSED, true, LEFT).isPresent()) {
                assertThat(call.attempt(LEFT)).isEmpty();
                attempts++;
            }
            call.ended(End.FAILED);
        }

        assertThat(attempts).isBetween(1_100, 1_110);
    }

    @Test
    void whoFindsNobodyFiveTimesIsKeptAway() {
        ResiliencePolicy policy = policy();
        for (int i = 0; i < 5; i++) {
            fail(policy, "tool-" + i, REFUSED);
        }

        Optional<UpstreamFailure> kept = tool(policy, "other").attempt(LEFT);

        assertThat(kept).hasValueSatisfying(failure -> {
            assertThat(failure.kind()).isEqualTo(Kind.UNREACHABLE);
            assertThat(failure.maybeExecuted()).isFalse();
            assertThat(failure.retryAfter()).hasValue(Duration.ofSeconds(5));
            assertThat(failure.detail()).contains("shop is open", "5 calls in a row");
        });
        assertThat(changes).containsExactly("shop OPEN");
    }

    @Test
    @Incident("S17")
    void anUpstreamThatIsConnectedAgainIsCalledAtOnce() {
        ResiliencePolicy policy = policy();
        for (int i = 0; i < 5; i++) {
            fail(policy, "buy", REFUSED);
        }

        // When
        policy.connected("shop");

        assertThat(state(policy, "shop")).isEqualTo(State.CLOSED);
        end(policy, "buy", End.ANSWERED);
    }

    @Test
    void whatAnOperatorHasForcedOpenStaysSo() {
        ResiliencePolicy policy = policy();
        end(policy, "buy", End.ANSWERED);
        policy.circuit("shop").orElseThrow().forceOpen("ann", "inventory");

        policy.connected("shop");

        assertThat(tool(policy, "buy").attempt(LEFT)).isPresent();
    }

    @ParameterizedTest
    @EnumSource(
            value = End.class,
            names = {"LATE", "INTERNAL_ERROR"})
    void aToolThatDoesNotAnswerIsKeptApartFromTheOthers(End how) {
        ResiliencePolicy policy = policy();
        for (int i = 0; i < 20; i++) {
            end(policy, "slow", how);
        }

        assertThat(tool(policy, "slow").attempt(LEFT))
                .hasValueSatisfying(failure -> assertThat(failure.detail()).contains("shop/slow is open"));
        end(policy, "quick", End.ANSWERED);
        assertThat(state(policy, "shop")).isEqualTo(State.CLOSED);
    }

    @Test
    void aCallThatWasNotSentSaysNothingOfItsTool() {
        ResiliencePolicy policy = policy();
        for (int i = 0; i < 5; i++) {
            fail(policy, "buy", CUT.beforeSending());
        }

        policy.connected("shop");

        assertThat(tool(policy, "buy").attempt(LEFT)).isEmpty();
    }

    @Test
    void aToolThatBringsItsUpstreamDownIsKeptApartFromTheOthers() {
        ResiliencePolicy policy = policy();
        for (int i = 0; i < 5; i++) {
            fail(policy, "crash", CUT);
            end(policy, "quick", End.ANSWERED);
        }

        assertThat(tool(policy, "crash").attempt(LEFT)).isPresent();
        end(policy, "quick", End.ANSWERED);
    }

    @ParameterizedTest
    @ValueSource(strings = {Methods.RESOURCES_READ, Methods.PROMPTS_GET})
    void whatIsNoToolCountsForTheUpstream(String method) {
        ResiliencePolicy policy = policy();
        for (int i = 0; i < 20; i++) {
            Course course = policy.begin(new Context(method, "it"), () -> Hints.NONE);
            course.attempt(LEFT);
            course.ended(End.LATE);
        }

        assertThat(state(policy, "shop")).isEqualTo(State.OPEN);
        assertThat(policy.circuits()).containsOnlyKeys("shop");
    }

    @Test
    @Incident("S117")
    void whatSaysNothingOfTheUpstreamOpensNothing() {
        ResiliencePolicy policy = policy();
        for (Kind kind : new Kind[] {
            Kind.AUTH, Kind.SECRET, Kind.TOO_LARGE, Kind.SESSION_LOST, Kind.OVERLOADED, Kind.INTERNAL, Kind.PROTOCOL
        }) {
            for (int i = 0; i < 100; i++) {
                fail(policy, "buy", UpstreamFailure.notSent(kind, "not its fault"));
                end(policy, "buy", End.CANCELLED);
                end(policy, "buy", End.ANSWERED);
            }
        }

        assertThat(changes).isEmpty();
    }

    @Test
    void whatEndsBeforeItsAttemptTakesNoProbe() {
        ResiliencePolicy policy = policy();
        for (int i = 0; i < 5; i++) {
            fail(policy, "buy", REFUSED);
        }
        time.pass(Duration.ofSeconds(5));
        Course cancelled = tool(policy, "buy");
        cancelled.ended(End.CANCELLED);
        cancelled.attempt(LEFT);

        end(policy, "buy", End.ANSWERED);
        assertThat(state(policy, "shop")).isEqualTo(State.HALF_OPEN);
    }

    @Test
    @Incident("S62")
    void whoHasNoRoomToWaitIsToldWhenToComeBack() {
        ResiliencePolicy policy = policy(UpstreamRules.defaults().callsAtOnce(1).callsWaiting(0));
        Course first = tool(policy, "buy");

        assertThatThrownBy(() -> policy.begin(new Context(Methods.TOOLS_CALL, "buy"), () -> Hints.NONE)
                        .enter(LEFT)
                        .toCompletableFuture()
                        .join())
                .isInstanceOf(CompletionException.class)
                .cause()
                .isInstanceOfSatisfying(UpstreamException.class, refused -> {
                    assertThat(refused.failure().kind()).isEqualTo(Kind.OVERLOADED);
                    assertThat(refused.failure().retryAfter()).hasValue(Duration.ofSeconds(1));
                });
        first.ended(End.ANSWERED);
        tool(policy, "buy");
    }

    @ParameterizedTest
    @EnumSource(End.class)
    void whateverItsEndACallMakesRoom(End how) {
        ResiliencePolicy policy = policy(UpstreamRules.defaults().callsAtOnce(1));
        Course first = attempt(policy, "buy");
        CompletionStage<Void> room = policy.begin(new Context(Methods.TOOLS_CALL, "buy"), () -> Hints.NONE)
                .enter(LEFT);
        assertThat(room).isNotCompleted();

        first.ended(how);

        assertThat(room).isCompleted();
        assertThat(policy.load()).containsEntry("shop", new ResiliencePolicy.Load(1, 0));
    }

    @Test
    void upstreamsHaveRulesOfTheirOwn() {
        ResiliencePolicy policy = ResiliencePolicy.builder()
                .rules("other", UpstreamRules.defaults().attempts(1))
                .rules("shop", UpstreamRules.defaults().attempts(1))
                .build();

        assertThat(attempt(policy, "buy").failed(REFUSED, true, LEFT)).isEmpty();
    }

    @Test
    void ofManyToolsThoseLastCalledHaveBreakers() {
        ResiliencePolicy policy = policy();
        for (int i = 0; i < 5; i++) {
            fail(policy, "crash", CUT);
            end(policy, "quick", End.ANSWERED);
        }
        for (int i = 0; i < 2 * Circuits.MAX_TOOLS; i++) {
            end(policy, "tool-" + i, End.ANSWERED);
        }

        assertThat(policy.circuits()).hasSize(Circuits.MAX_TOOLS + 1).doesNotContainKey("shop/quick");
        assertThat(state(policy, "shop/crash")).isEqualTo(State.OPEN);
    }

    @Test
    void aCircuitIsFoundByItsName() {
        ResiliencePolicy policy = policy();
        end(policy, "buy", End.ANSWERED);

        assertThat(policy.circuit("shop/buy")).isPresent();
        assertThat(policy.circuit("shop")).isPresent();
        assertThat(policy.circuit("shop/sell")).isEmpty();
        assertThat(policy.circuit("shopping")).isEmpty();
    }

    @Test
    @Incident("S120")
    void operatorsSeeTheBreakersAndResetThem() {
        ResiliencePolicy policy = policy();
        for (int i = 0; i < 5; i++) {
            fail(policy, "buy", CUT);
        }
        HealthPart health = policy.health();
        Principal olga = new Principal("test", "console", "olga", "default");
        assertThat(health.isWell()).isFalse();
        assertThat(health.items()).containsOnlyKeys("shop", "shop/buy");
        assertThat(Json.write(health.items().get("shop")))
                .startsWith("{\"state\":\"OPEN\",\"since\":\"")
                .endsWith("\"reason\":\"5 calls in a row have found nobody\",\"retryInMs\":5000}");

        // When
        assertThat(health.reset(Optional.of("shop"), olga, "mended")).isTrue();

        assertThat(state(policy, "shop")).isEqualTo(State.CLOSED);
        assertThat(state(policy, "shop/buy")).isEqualTo(State.OPEN);
        assertThat(health.reset(Optional.of("sells"), olga, "mended")).isFalse();
        assertThat(health.reset(Optional.empty(), olga, "mended")).isTrue();
        assertThat(health.isWell()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 100_001})
    void howManyCallsThereMayBeAtOnceIsChecked(int calls) {
        assertThatThrownBy(() -> UpstreamRules.defaults().callsAtOnce(calls))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("callsAtOnce must be 1 to 100000, but was " + calls);
    }
}
