package io.sallyport.security.vault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.security.vault.FaultyKek.Fault;
import io.sallyport.security.vault.VaultStore.Ring;
import io.sallyport.security.vault.VaultStore.RowId;
import io.sallyport.testing.CapturedLog;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** What a vault does when its provider of key-encryption keys does not do what it has to. */
class KekFaultsTest {

    private static final RowId ROW = new RowId("acme", "secrets", "github");

    private final VaultStore store = new InMemoryVaultStore();
    private final FaultyKek kek = new FaultyKek();
    private final List<Vault> vaults = new ArrayList<>();
    private final Vault vault = vault();

    @AfterEach
    void close() {
        vaults.forEach(Vault::close);
    }

    /** Returns what another process with the same provider and store has. */
    private Vault vault() {
        Vault made = Vault.builder(store, new CheckedKek(kek, LocalKeks.SUN, Duration.ofMillis(10)))
                .build();
        vaults.add(made);
        return made;
    }

    private static SecretValue secret(String text) {
        return SecretValue.of(text.toCharArray());
    }

    private static String shown(Vault vault, String tenant) throws Exception {
        try (SecretValue value = vault.get(tenant, "github").orElseThrow()) {
            return new String(value.characters());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"DOWN", "THROWS"})
    void whileItIsDownAtTheStartNothingIsPutIn(Fault fault) {
        kek.set(fault);

        assertThatThrownBy(() -> vault.put("acme", "github", secret("hunter2")))
                .isInstanceOf(KekUnavailableException.class);

        assertThat(store.ring("acme").keys()).isEmpty();
        assertThat(store.read(ROW)).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(names = {"DOWN", "THROWS"})
    void whileItIsDownAtTheStartNothingIsTakenForMissing(Fault fault) throws Exception {
        vault.put("acme", "github", secret("hunter2"));
        kek.set(fault);

        Vault started = vault();

        assertThatThrownBy(() -> started.get("acme", "github")).isInstanceOf(KekUnavailableException.class);
    }

    @Test
    void onceItIsBackNothingHasToBeStartedAgain() throws Exception {
        vault.put("acme", "github", secret("hunter2"));
        kek.set(Fault.DOWN);
        Vault started = vault();
        assertThatThrownBy(() -> started.get("acme", "github")).isInstanceOf(KekUnavailableException.class);

        kek.set(Fault.NONE);

        assertThat(shown(started, "acme")).isEqualTo("hunter2");
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "NONE")
    void whoeverWasServedIsServedOnWhateverItDoes(Fault fault) throws Exception {
        vault.put("acme", "github", secret("hunter2"));
        kek.set(fault);
        int before = kek.calls();

        vault.put("acme", "github", secret("hunter3"));

        assertThat(shown(vault, "acme")).isEqualTo("hunter3");
        assertThat(kek.calls()).isEqualTo(before);
    }

    @ParameterizedTest
    @EnumSource(names = {"DOWN", "THROWS"})
    void whileItIsDownANewTenantWaits(Fault fault) throws Exception {
        vault.put("acme", "github", secret("hunter2"));
        kek.set(fault);

        assertThatThrownBy(() -> vault.put("newcomer", "github", secret("hunter3")))
                .isInstanceOf(KekUnavailableException.class);

        assertThat(store.ring("newcomer").keys()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(
            names = {
                "WRAPS_SOMETHING_ELSE",
                "WRAPS_NOTHING",
                "WRAPS_NULL",
                "WRAPS_TOO_MUCH",
                "WRAPS_WITHOUT_A_NAME",
                "WRAPS_UNDER_A_NAME_TOO_LONG",
                "UNWRAPS_ANOTHER_KEY",
                "UNWRAPS_FEWER_BYTES",
                "UNWRAPS_MORE_BYTES",
                "UNWRAPS_NULL"
            })
    void noKeyIsBegunThatWouldNotComeBack(Fault lie) {
        kek.set(lie);

        try (CapturedLog log = CapturedLog.of("io.sallyport.vault")) {
            assertThatThrownBy(() -> vault.put("acme", "github", secret("hunter2")))
                    .isInstanceOf(KekUnavailableException.class);

            assertThat(log.lines()).singleElement().asString().contains("does not do what it has to", kek.current());
        }
        assertThat(store.ring("acme").keys()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(names = {"UNWRAPS_ANOTHER_KEY", "UNWRAPS_FEWER_BYTES", "UNWRAPS_MORE_BYTES", "UNWRAPS_NULL"})
    void nothingIsOverwrittenUnderAKeyThatIsNotTheTenants(Fault lie) throws Exception {
        vault.put("acme", "github", secret("hunter2"));
        byte[] before = store.read(ROW).orElseThrow().sealed();
        kek.set(lie);
        Vault started = vault();

        try (CapturedLog log = CapturedLog.of("io.sallyport.vault")) {
            assertThatThrownBy(() -> started.put("acme", "github", secret("hunter3")))
                    .isInstanceOf(KekUnavailableException.class);

            assertThat(log.lines()).singleElement().asString().contains("does not do what it has to", kek.current());
        }
        assertThat(store.read(ROW).orElseThrow().sealed()).isEqualTo(before);
    }

    @ParameterizedTest
    @EnumSource(
            names = {
                "DOWN",
                "THROWS",
                "WRAPS_SOMETHING_ELSE",
                "WRAPS_NOTHING",
                "WRAPS_NULL",
                "WRAPS_TOO_MUCH",
                "WRAPS_WITHOUT_A_NAME",
                "WRAPS_UNDER_A_NAME_TOO_LONG",
                "UNWRAPS_ANOTHER_KEY",
                "UNWRAPS_FEWER_BYTES",
                "UNWRAPS_NULL"
            })
    void aGoodKeyIsNotReplacedByOneThatWouldNotComeBack(Fault fault) throws Exception {
        vault.put("acme", "github", secret("hunter2"));
        Ring before = store.ring("acme");
        kek.changeKey();
        kek.set(fault);
        KeyRotation rotation = vault.rotation().build();

        try (CapturedLog log = CapturedLog.of("io.sallyport.vault")) {
            assertThatThrownBy(() -> rotation.rewrap("acme")).isInstanceOf(KekUnavailableException.class);
            assertThat(log.lines()).hasSizeLessThanOrEqualTo(1);
        }

        assertThat(store.ring("acme").version()).isEqualTo(before.version());
        kek.set(Fault.NONE);
        assertThat(shown(vault(), "acme")).isEqualTo("hunter2");
    }

    @Test
    void aKeyThatChangesWhileItWrapsIsTheOneThatIsNoted() throws Exception {
        kek.set(Fault.CHANGES_ITS_KEY);

        vault.put("acme", "github", secret("hunter2"));

        assertThat(store.ring("acme").keys())
                .singleElement()
                .satisfies(key -> assertThat(key.kek()).isNotEqualTo(kek.current()));
        assertThat(shown(vault(), "acme")).isEqualTo("hunter2");
    }

    @Test
    void whatItDoesToItsArgumentsDoesNoHarm() throws Exception {
        kek.set(Fault.ERASES_WHAT_IT_IS_GIVEN);
        vault.put("acme", "github", secret("hunter2"));
        kek.set(Fault.NONE);

        assertThat(shown(vault(), "acme")).isEqualTo("hunter2");
    }

    @Test
    void whatWasChangedInTheStoreIsSaidToBe() throws Exception {
        CheckedKek checked = CheckedKek.of(kek, LocalKeks.SUN);
        byte[] wrapped = checked.wrap(LocalKeks.randomKey(), new byte[1]).bytes();
        wrapped[1] ^= 1;

        try (CapturedLog log = CapturedLog.of("io.sallyport.vault")) {
            assertThat(checked.unwrap(kek.current(), wrapped, new byte[1])).isEmpty();
            assertThat(log.lines()).singleElement().asString().contains("or the store was changed");
        }
    }

    @Test
    void onlySoManyWaitForAnAnswerThatDoesNotCome() throws Exception {
        for (int i = 0; i <= CheckedKek.MOST_AT_ONCE; i++) {
            vault.put("tenant-" + i, "github", secret("hunter2"));
        }
        Vault started = vault();
        assertThat(shown(started, "tenant-0")).isEqualTo("hunter2");
        kek.set(Fault.HANGS);
        ExecutorService threads = Executors.newFixedThreadPool(CheckedKek.MOST_AT_ONCE);
        try {
            for (int i = 1; i <= CheckedKek.MOST_AT_ONCE; i++) {
                String tenant = "tenant-" + i;
                threads.submit(() -> shown(started, tenant));
            }
            assertThat(kek.awaitHanging(CheckedKek.MOST_AT_ONCE)).isTrue();

            assertThatThrownBy(() -> started.put("newcomer", "github", secret("hunter3")))
                    .isInstanceOf(KekUnavailableException.class)
                    .hasMessageContainingAll("16 calls", "PT0.01S");
            assertThat(shown(started, "tenant-0")).isEqualTo("hunter2");
        } finally {
            kek.release();
            threads.shutdown();
            assertThat(threads.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
        }
        started.put("newcomer", "github", secret("hunter3"));
        assertThat(shown(started, "newcomer")).isEqualTo("hunter3");
    }

    @Test
    void whoeverIsInterruptedStaysSo() throws Exception {
        Thread.currentThread().interrupt();

        assertThatThrownBy(() -> vault.put("acme", "github", secret("hunter2")))
                .isInstanceOf(KekUnavailableException.class);

        assertThat(Thread.interrupted()).isTrue();
    }
}
