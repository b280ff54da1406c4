package io.sallyport.examples.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class AccountTest {

    private final Account account = new Account();
    private final long call = account.nextCall();

    private static String with(String rest) {
        return "kills=0 calls=1 " + rest;
    }

    @Test
    void isCleanWithEventsInOrder() {
        account.ran(call);
        account.called(List.of(1L, 2L, 3L));
        account.answered(call);

        // When
        account.settle();

        assertThat(account).hasToString(with("events=3 lost=0 duplicated=0 reordered=0"));
        assertThat(account.isClean()).isTrue();
    }

    @Test
    void countsAnEventThatIsMissingAsLost() {
        // When
        account.called(List.of(1L, 3L));

        assertThat(account).hasToString(with("events=2 lost=1 duplicated=0 reordered=0"));
        assertThat(account.isClean()).isFalse();
    }

    @Test
    void countsAFirstEventThatIsMissingAsLost() {
        // When
        account.called(List.of(2L));

        assertThat(account).hasToString(with("events=1 lost=1 duplicated=0 reordered=0"));
    }

    @Test
    void countsAnEventThatCameAgainAsDuplicated() {
        // When
        account.called(List.of(1L, 2L, 2L, 3L));

        assertThat(account).hasToString(with("events=4 lost=0 duplicated=1 reordered=0"));
        assertThat(account.isClean()).isFalse();
    }

    @Test
    void countsACallThatWasRunTwiceAsDuplicated() {
        account.ran(call);
        account.called(List.of(1L));

        // When
        account.ran(call);

        assertThat(account).hasToString(with("events=1 lost=0 duplicated=1 reordered=0"));
        assertThat(account.remarks()).containsExactly("duplicated: call " + call + " was run again");
    }

    @Test
    void doesNotCountCallsOfOtherClients() {
        account.called(List.of(1L));

        // When
        boolean ours = account.ran(1) || account.ran(1) || account.ran(call + 1) || account.ran(call + 1);

        assertThat(ours).isFalse();
        assertThat(account).hasToString(with("events=1 lost=0 duplicated=0 reordered=0"));
    }

    @Test
    void countsAnAnswerToACallThatNobodyHasRunAsLost() {
        account.called(List.of(1L));
        account.answered(call);

        // When
        account.settle();

        assertThat(account).hasToString(with("events=1 lost=1 duplicated=0 reordered=0"));
    }

    @Test
    void isNotCleanWhenAToolsNumbersCameInAnotherOrder() {
        account.called(List.of(1L));

        // When
        account.reordered("2, 1");

        assertThat(account).hasToString(with("events=1 lost=0 duplicated=0 reordered=1"));
        assertThat(account.isClean()).isFalse();
    }

    @Test
    void countsNothingWhenItIsClosed() {
        account.called(List.of(1L));
        account.ran(call);
        account.close();

        // When
        account.called(List.of(2L));
        account.ran(call);
        account.lost("a read");

        assertThat(account).hasToString(with("events=1 lost=0 duplicated=0 reordered=0"));
        assertThat(account.remarks()).isEmpty();
    }
}
