package io.sallyport.security.vault;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.security.vault.RotationModel.Findings;
import io.sallyport.security.vault.RotationModel.Protocol;
import io.sallyport.security.vault.RotationModel.Violation;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RotationModelTest {

    private static Set<Violation> without(boolean cas, boolean fence, boolean barrier) {
        Findings findings = new RotationModel(new Protocol(cas, fence, barrier), 1).explore();
        System.out.println("rotation, cas=" + cas + " fence=" + fence + " barrier=" + barrier + ": states="
                + findings.states() + " violations=" + findings.violations());
        return findings.violations().keySet();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void nothingIsEverLostOrUnreadableAndItCanAlwaysComeToItsEnd(int rotators) {
        Findings findings = new RotationModel(Protocol.WHOLE, rotators).explore();

        System.out.println("rotation, rotators=" + rotators + ": states=" + findings.states() + " violations="
                + findings.violations().size() + " stuck=" + findings.stuck());
        assertThat(findings.violations()).isEmpty();
        assertThat(findings.stuck()).isZero();
    }

    @Test
    void withoutComparingVersionsAWriteIsLost() {
        assertThat(without(false, true, true)).contains(Violation.LOST_UPDATE);
    }

    @Test
    void withoutTheFenceARowStaysUnderADestroyedKey() {
        assertThat(without(true, false, true)).contains(Violation.ROW_UNDER_DESTROYED_KEY);
    }

    @Test
    void withoutTheBarrierANodeCannotReadARow() {
        assertThat(without(true, true, false)).contains(Violation.UNREADABLE);
    }
}
