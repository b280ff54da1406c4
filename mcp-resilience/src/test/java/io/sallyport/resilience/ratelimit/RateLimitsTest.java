package io.sallyport.resilience.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.filter.Refusal;
import io.sallyport.filter.Stage;
import io.sallyport.testing.Incident;
import java.time.Duration;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What limits count together, and what they tell those whom they refuse. */
class RateLimitsTest {

    private static final Duration MINUTE = Duration.ofMinutes(1);

    private final TestTime time = new TestTime();

    private RateLimits with(Limit... limits) {
        RateLimits.Builder builder = time.limits();
        for (Limit limit : limits) {
            builder.limit(limit);
        }
        return builder.build();
    }

    private static Limit user(long calls) {
        return Limit.of("user", LimitScope.PRINCIPAL, Rate.of(calls, MINUTE));
    }

    @Test
    @Incident("S9")
    @Incident("S132")
    void aPrincipalThatCallsTooOftenWaitsAndOthersDoNot() {
        RateLimits limits = with(user(3));

        // When
        int passed = TestCall.by("ann").passes(limits, 10);

        assertThat(passed).isEqualTo(3);
        assertThat(TestCall.by("bob").passes(limits, 10)).isEqualTo(3);
        time.pass(Duration.ofSeconds(20));
        assertThat(TestCall.by("ann").passes(limits, 10)).isEqualTo(1);
    }

    @Test
    @Incident("S9")
    void aRefusalNamesTheLimitAndSaysWhenToComeBack() {
        RateLimits limits = with(user(3));
        TestCall ann = TestCall.by("ann");
        ann.passes(limits, 3);
        time.pass(Duration.ofMillis(7_500));

        // When
        Refusal refusal = ann.refusal(limits);

        assertThat(refusal.kind()).isEqualTo(Refusal.Kind.RATE_LIMITED);
        assertThat(refusal.component()).isEqualTo("limits");
        assertThat(refusal.message())
                .isEqualTo("Too many calls: the limit \"user\" is 3 in 60 s; this call may be made in 13 s.");
        assertThat(refusal.retryAfter()).contains(Duration.ofMillis(12_500));
        assertThat(refusal.remedy()).isPresent();
        assertThat(refusal.headers())
                .containsOnly(
                        Map.entry("RateLimit", "\"user\";r=0;t=13"),
                        Map.entry("RateLimit-Policy", "\"user\";q=3;w=60"));
    }

    @Test
    void whoComesBackWhenHeWasToldToPasses() {
        RateLimits limits = with(user(7));
        TestCall ann = TestCall.by("ann");
        ann.passes(limits, 7);

        for (int i = 0; i < 20; i++) {
            Duration wait = ann.refusal(limits).retryAfter().orElseThrow();
            time.pass(wait);
            assertThat(ann.passes(limits)).isTrue();
        }
    }

    @Test
    void whatOneLimitRefusesCostsTheOthersNothing() {
        RateLimits limits = with(
                Limit.of("all", LimitScope.GLOBAL, Rate.of(10, MINUTE)),
                Limit.of("tenant", LimitScope.TENANT, Rate.of(6, MINUTE)),
                user(3));

        // When
        TestCall.by("ann").passes(limits, 1000);

        assertThat(TestCall.by("bob").passes(limits, 1000)).isEqualTo(3);
        assertThat(TestCall.by("cid").in("other").passes(limits, 1000)).isEqualTo(3);
        assertThat(TestCall.by("dan").in("other").passes(limits, 1000)).isEqualTo(1);
    }

    @Test
    void callsAreCountedByEndpointTenantUpstreamAndTool() {
        for (LimitScope scope : LimitScope.values()) {
            RateLimits limits = with(Limit.of("one", scope, Rate.of(1, MINUTE)));
            TestCall first = TestCall.by("ann");
            first.passes(limits);

            assertThat(first.passes(limits)).as("the same, " + scope).isFalse();
            assertThat(first.at("/other").passes(limits))
                    .as("another endpoint, " + scope)
                    .isEqualTo(scope == LimitScope.ENDPOINT);
            assertThat(TestCall.by("bob").passes(limits))
                    .as("another principal, " + scope)
                    .isEqualTo(scope == LimitScope.PRINCIPAL);
            assertThat(first.of("search", "list").passes(limits))
                    .as("another tool, " + scope)
                    .isEqualTo(scope == LimitScope.TOOL);
            assertThat(first.of("mail", "find").passes(limits))
                    .as("another upstream, " + scope)
                    .isEqualTo(scope == LimitScope.TOOL || scope == LimitScope.UPSTREAM);
            assertThat(first.in("other").passes(limits))
                    .as("another tenant, " + scope)
                    .isEqualTo(scope == LimitScope.TENANT || scope == LimitScope.PRINCIPAL);
        }
    }

    @Test
    void aLimitMayCountEachPrincipalApart() {
        RateLimits limits = with(Limit.builder("tool", LimitScope.TOOL, Rate.of(2, MINUTE))
                .perPrincipal()
                .build());

        assertThat(TestCall.by("ann").passes(limits, 9)).isEqualTo(2);
        assertThat(TestCall.by("bob").passes(limits, 9)).isEqualTo(2);
        assertThat(TestCall.by("bob").of("search", "list").passes(limits, 9)).isEqualTo(2);
    }

    @Test
    void aLimitMayBeForSomeKeysOnly() {
        RateLimits limits = with(Limit.builder("slow", LimitScope.TOOL, Rate.of(2, MINUTE))
                .onlyFor("reports/export")
                .build());

        assertThat(TestCall.by("ann").of("reports", "export").passes(limits, 9)).isEqualTo(2);
        assertThat(TestCall.by("ann").of("reports", "list").passes(limits, 9)).isEqualTo(9);
    }

    @Test
    void promptsAndResourcesAreNoTools() {
        RateLimits limits = with(Limit.of("tool", LimitScope.TOOL, Rate.of(1, MINUTE)));

        assertThat(TestCall.by("ann").with("prompts/get").passes(limits, 9)).isEqualTo(9);
        assertThat(TestCall.by("ann").passes(limits, 9)).isEqualTo(1);
    }

    @Test
    @Incident("S9")
    void aToolThatCostsMoreCountsForMore() {
        RateLimits limits = with(Limit.builder("user", LimitScope.PRINCIPAL, Rate.of(10, MINUTE))
                .weight("reports", "export", 4)
                .weight("clock", "now", 0)
                .build());
        TestCall export = TestCall.by("ann").of("reports", "export");

        assertThat(export.passes(limits, 9)).isEqualTo(2);
        assertThat(TestCall.by("ann").passes(limits, 9)).isEqualTo(2);
        assertThat(TestCall.by("ann").of("clock", "now").passes(limits, 9)).isEqualTo(9);
    }

    @Test
    void aBurstIsWhatMayBeSavedUp() {
        RateLimits limits =
                with(Limit.of("user", LimitScope.PRINCIPAL, Rate.of(60, MINUTE).withBurst(5)));
        TestCall ann = TestCall.by("ann");

        assertThat(ann.passes(limits, 100)).isEqualTo(5);
        time.pass(Duration.ofHours(1));
        assertThat(ann.passes(limits, 100)).isEqualTo(5);
        time.pass(Duration.ofSeconds(2));
        assertThat(ann.passes(limits, 100)).isEqualTo(2);
    }

    @Test
    void whoIsNewWhenThereIsNoRoomIsNeitherUnlimitedNorKeptOut() {
        RateLimits limits = time.limits().limit(user(4)).mostKeys(100).build();
        IntStream.range(0, 100).forEach(i -> TestCall.by("known" + i).passes(limits, 2));

        // When
        int passed = IntStream.range(0, 10_000)
                .map(i -> TestCall.by("new" + i).passes(limits) ? 1 : 0)
                .sum();

        assertThat(passed).isBetween(4, 4 * 64);
        assertThat(limits.status().get(0).keys()).isEqualTo(100);
        assertThat(TestCall.by("known7").passes(limits, 10)).isEqualTo(2);
        time.pass(MINUTE);
        assertThat(TestCall.by("new1").passes(limits, 10)).isEqualTo(4);
    }

    @Test
    void aKeyIsForgottenOnlyWhenNothingIsLostWithIt() {
        RateLimits limits = time.limits().limit(user(4)).mostKeys(1).build();
        TestCall ann = TestCall.by("ann");
        ann.passes(limits, 4);
        time.pass(Duration.ofSeconds(59));
        TestCall.by("bob").passes(limits, 100);

        assertThat(ann.passes(limits, 10)).isEqualTo(3);
    }

    @Test
    void limitsJoinTheirStageAndLeaveResultsAlone() {
        assertThat(with().filter().stage()).isEqualTo(Stage.LIMIT);
        assertThat(with().filter().looksAtResults()).isFalse();
    }

    @Test
    void noTwoPrincipalsHaveOneKey() {
        assertThat(RateLimits.keyOf(TestCall.principal("a/b c", "t%"))).isEqualTo("t%25/test/client/a%2Fb%20c");
        assertThat(RateLimits.keyOf("up/tool", TestCall.principal("a", "t")))
                .isEqualTo("up%2Ftool for t/test/client/a");
    }

    @Test
    void limitsStandAsTheyWereBuiltUntilSomebodyCalls() {
        RateLimits limits = with(user(3));

        assertThat(limits.status())
                .containsExactly(new RateLimits.Status(
                        "user",
                        LimitScope.PRINCIPAL,
                        Rate.of(3, MINUTE),
                        Rate.of(3, MINUTE),
                        java.util.Optional.empty(),
                        0,
                        20_000,
                        true));
    }

    @Test
    void whatCannotBeIsRefusedWhereItIsSaid() {
        assertThatThrownBy(() -> with(user(1), user(2)))
                .hasMessage("there is a limit \"user\" already; each needs a name of its own");
        assertThatThrownBy(() -> RateLimits.builder().nodes(0))
                .hasMessage("nodes must be at least 1 and at most 10000, but was 0");
        assertThatThrownBy(() -> RateLimits.builder().mostKeys(1_000_001)).hasMessageContaining("mostKeys");
        assertThatThrownBy(() -> RateLimits.builder().patience(Duration.ZERO)).hasMessageContaining("PT0S");
        assertThatThrownBy(() -> Limit.of("a b", LimitScope.GLOBAL, Rate.of(1, MINUTE)))
                .hasMessageContaining("\"a b\"");
        assertThatThrownBy(() -> Limit.builder("a", LimitScope.GLOBAL, Rate.of(1, MINUTE))
                        .weight("u", "t", 2))
                .hasMessageContaining("the weight of u/t");
        assertThatThrownBy(() -> Limit.builder("a", LimitScope.GLOBAL, Rate.of(1, MINUTE))
                        .onlyFor("x")
                        .build())
                .hasMessageContaining("give it their scope");
        assertThatThrownBy(() -> Rate.of(0, MINUTE)).hasMessageContaining("calls must be at least 1");
        assertThatThrownBy(() -> Rate.of(1, MINUTE).withBurst(0)).hasMessageContaining("burst must be at least 1");
        assertThatThrownBy(() -> Rate.of(1, Duration.ofMillis(1500))).hasMessageContaining("whole seconds");
        assertThatThrownBy(() -> Rate.of(1, Duration.ofDays(367))).hasMessageContaining("366 days");
    }
}
