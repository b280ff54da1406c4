package io.sallyport.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class AuditEventTest {

    private final AuditEvent.Builder event =
            AuditEvent.of(Principal.anonymous(), "/mcp", "tools/call", AuditEvent.Outcome.REFUSED);

    @Test
    void hasNoDetailsThatNobodyGave() {
        assertThat(event.build().details()).isEmpty();
    }

    @Test
    void keepsDetailsInTheirOrder() {
        event.detail("rules", "py.dunder").detail("codeSha256", "00").detail("rules", "py.module");

        assertThat(event.build().details().entrySet())
                .extracting(Object::toString)
                .containsExactly("rules=py.module", "codeSha256=00");
    }

    @Test
    void detailsDoNotChangeWithTheBuilder() {
        AuditEvent built = event.detail("a", "1").build();

        event.detail("b", "2");

        assertThat(built.details()).containsOnlyKeys("a");
    }

    @Test
    void refusesASeventeenthDetail() {
        for (int i = 0; i < 16; i++) {
            event.detail("word" + i, "");
        }

        assertThat(event.detail("word0", "again").build().details()).hasSize(16);
        assertThatThrownBy(() -> event.detail("word16", "")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void refusesADetailThatIsTooLong() {
        event.detail("long", "x".repeat(4096));

        assertThatThrownBy(() -> event.detail("longer", "x".repeat(4097))).isInstanceOf(IllegalArgumentException.class);
    }
}
