package io.sallyport.resilience.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.spi.AuditEvent;
import io.sallyport.testing.CapturedLog;
import io.sallyport.testing.Incident;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

/** What operators change while calls are made. */
class RunTimeChangesTest {

    private static final Duration MINUTE = Duration.ofMinutes(1);

    private final TestTime time = new TestTime();
    private final List<AuditEvent> events = new CopyOnWriteArrayList<>();
    private final TestCall ann = TestCall.by("ann");

    private RateLimits limits = time.limits()
            .limit(Limit.of("user", LimitScope.PRINCIPAL, Rate.of(10, MINUTE)))
            .limit(Limit.of("all", LimitScope.GLOBAL, Rate.of(1000, MINUTE)))
            .audit(events::add)
            .build();

    @Test
    @Incident("S134")
    void aLimitIsRaisedWithoutARestart() {
        ann.passes(limits, 10);

        // When
        limits.set("user", Rate.of(100, MINUTE), "olga", "a batch of theirs");

        time.pass(MINUTE);
        assertThat(ann.passes(limits, 1000)).isEqualTo(100);
        assertThat(limits.status().get(0).rate()).isEqualTo(Rate.of(100, MINUTE));
        assertThat(limits.status().get(0).configured()).isEqualTo(Rate.of(10, MINUTE));
    }

    @Test
    void whatIsLeftStaysInProportion() {
        ann.passes(limits, 5);

        // When
        limits.set("user", Rate.of(100, MINUTE), "olga", "more");

        assertThat(ann.passes(limits, 1000)).isEqualTo(50);
    }

    @Test
    @Incident("S134")
    void aBoostEndsByItself() {
        // When
        limits.boost("user", 5, Duration.ofHours(1), "olga", "the end of the quarter");

        assertThat(ann.passes(limits, 1000)).isEqualTo(50);
        assertThat(limits.status().get(0).boostedUntil()).contains(time.now().plus(Duration.ofHours(1)));
        time.pass(Duration.ofMinutes(59));
        assertThat(ann.passes(limits, 1000)).isEqualTo(50);
        time.pass(MINUTE);
        assertThat(ann.passes(limits, 1000)).isEqualTo(10);
        assertThat(limits.status().get(0).boostedUntil()).isEmpty();
    }

    @Test
    @Incident("S10")
    void aLimitIsResetWithoutARestart() {
        ann.passes(limits, 10);
        TestCall.by("bob").passes(limits, 10);

        // When
        limits.reset("user", "olga", "a loop of ours");

        assertThat(ann.passes(limits, 1000)).isEqualTo(10);
        assertThat(TestCall.by("bob").passes(limits, 1000)).isEqualTo(10);
    }

    @Test
    @Incident("S10")
    void oneKeyIsResetAndOthersAreNot() {
        ann.passes(limits, 10);
        TestCall.by("bob").passes(limits, 10);

        // When
        limits.resetKey("user", RateLimits.keyOf(ann.principal()), "olga", "she has asked");

        assertThat(ann.passes(limits, 1000)).isEqualTo(10);
        assertThat(TestCall.by("bob").passes(limits)).isFalse();
    }

    @Test
    void aBurstThatIsLessThanAWeightStillLetsOneCallPass() {
        limits = time.limits()
                .limit(Limit.builder("user", LimitScope.PRINCIPAL, Rate.of(10, MINUTE))
                        .weight("search", "find", 10)
                        .build())
                .build();

        // When
        limits.set("user", Rate.of(2, MINUTE), "olga", "less");

        assertThat(ann.passes(limits, 10)).isEqualTo(1);
        time.pass(MINUTE);
        assertThat(ann.passes(limits, 10)).isEqualTo(1);
    }

    @Test
    @Incident("S134")
    void theRecordHearsWhoHasChangedWhatAndWhy() {
        limits.set("user", Rate.of(5, MINUTE), "olga", "less");
        limits.boost("all", 2, MINUTE, "olga", "more");
        limits.reset("all", "otto", "again");
        limits.resetKey("all", "*", "otto", "and again");

        assertThat(events)
                .extracting(AuditEvent::action)
                .containsExactly("limits/set", "limits/boost", "limits/reset", "limits/reset");
        assertThat(events).allSatisfy(event -> {
            assertThat(event.outcome()).isEqualTo(AuditEvent.Outcome.ANSWERED);
            assertThat(event.target()).isPresent();
        });
        assertThat(events)
                .extracting(event -> event.principal().subject())
                .containsExactly("olga", "olga", "otto", "otto");
        assertThat(events.get(0).details()).containsEntry("why", "less").containsEntry("rate", "5 in 60 s");
        assertThat(events.get(1).details()).containsEntry("factor", "2.0").containsEntry("time", "PT1M");
        assertThat(events.get(3).details()).containsEntry("key", "*");
    }

    @Test
    void aRecordThatFailsKeepsNobodyFromChangingALimit() {
        limits = time.limits()
                .limit(Limit.of("all", LimitScope.GLOBAL, Rate.of(1, MINUTE)))
                .audit(event -> {
                    throw new IllegalStateException("full");
                })
                .build();

        try (CapturedLog log = CapturedLog.of("io.sallyport.limits")) {
            // When
            limits.set("all", Rate.of(7, MINUTE), "olga", "more");

            assertThat(limits.status().get(0).rate()).isEqualTo(Rate.of(7, MINUTE));
            assertThat(log.messages()).containsExactly("an audit event was lost");
        }
    }

    @Test
    void whatCannotBeIsRefused() {
        assertThatThrownBy(() -> limits.reset("none", "olga", "why"))
                .hasMessage("there is no limit \"none\"; there are [user, all]");
        assertThatThrownBy(() -> limits.boost("user", 1, MINUTE, "olga", "why")).hasMessageContaining("factor");
        assertThatThrownBy(() -> limits.boost("user", Double.NaN, MINUTE, "olga", "why"))
                .hasMessageContaining("factor");
        assertThatThrownBy(() -> limits.boost("user", 101, MINUTE, "olga", "why"))
                .hasMessageContaining("101");
        assertThatThrownBy(() -> limits.boost("user", 2, Duration.ofDays(8), "olga", "why"))
                .hasMessageContaining("time must be");
        assertThat(events).isEmpty();
    }
}
