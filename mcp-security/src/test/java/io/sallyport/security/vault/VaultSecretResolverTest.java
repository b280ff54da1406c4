package io.sallyport.security.vault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.sallyport.security.vault.SecretPolicy.Position;
import io.sallyport.spi.AuditEvent;
import io.sallyport.spi.AuditEvent.Outcome;
import io.sallyport.spi.AuditSink;
import io.sallyport.spi.SecretReference;
import io.sallyport.spi.SecretResolver.Use;
import io.sallyport.testing.CapturedLog;
import io.sallyport.testing.Incident;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VaultSecretResolverTest {

    private static final String CANARY = "canary-7f3a91";
    private static final Instant NOW = Instant.parse("2026-08-01T12:00:00Z");
    private static final Use HEADER = new Use("github", Optional.of("api.example"), Use.HEADER);

    /** Holds what a test puts in. */
    private static final class Source implements SecretSource {

        private final Map<String, String> values = new HashMap<>();
        private final List<SecretValue> handedOut = new ArrayList<>();
        private SecretPolicy policy = SecretPolicy.builder()
                .upstreams("github")
                .hosts("api.example")
                .positions(Position.HEADER)
                .build();
        private RuntimeException outage;
        private boolean isUnreadable;
        private boolean hasNoKek;

        @Override
        public Optional<Secret> find(String tenant, String name)
                throws KekUnavailableException, SecretUnreadableException {
            if (outage != null) {
                throw outage;
            }
            if (isUnreadable) {
                throw new SecretUnreadableException();
            }
            if (hasNoKek) {
                throw new KekUnavailableException("down", null);
            }
            return Optional.ofNullable(values.get(tenant + "/" + name)).map(value -> {
                SecretValue secret = SecretValue.of(value.toCharArray());
                handedOut.add(secret);
                return new Secret(policy, secret);
            });
        }
    }

    private final Source source = new Source();
    private final VaultRedactor redactor = VaultRedactor.create();
    private final List<AuditEvent> audit = new ArrayList<>();
    private final List<SecretUses.Use> uses = new ArrayList<>();
    private final VaultSecretResolver resolver =
            new VaultSecretResolver(source, redactor, audit(audit::add), uses::add, () -> NOW);
    private final CapturedLog log = CapturedLog.of("io.sallyport.vault");

    private static VaultAudit audit(AuditSink sink) {
        return new VaultAudit("gateway", sink, () -> NOW);
    }

    VaultSecretResolverTest() {
        source.values.put("acme/github", CANARY);
    }

    @AfterEach
    void close() {
        log.close();
    }

    private Optional<String> resolve(String reference, Use use) {
        return resolver.resolve(reference, use).map(String::new);
    }

    private Optional<String> resolve(String reference) {
        return resolve(reference, HEADER);
    }

    private AuditEvent onlyEvent() {
        assertThat(audit).hasSize(1);
        return audit.get(0);
    }

    @Test
    void givesOutWhatThePolicyAllows() {
        assertThat(resolve("secret://acme/github")).contains(CANARY);
    }

    @Test
    void recordsAUseWithoutTheValue() {
        resolve("secret://acme/github");

        AuditEvent event = onlyEvent();
        assertThat(event.action()).isEqualTo("secret/use");
        assertThat(event.principal().subject()).isEqualTo("gateway");
        assertThat(event.outcome()).isEqualTo(Outcome.ANSWERED);
        assertThat(event.upstream()).contains("github");
        assertThat(event.target()).contains("acme/github");
        assertThat(event.at()).isEqualTo(NOW);
        assertThat(event.details()).containsOnly(Map.entry("position", "header"), Map.entry("host", "api.example"));
    }

    @ParameterizedTest
    @CsvSource({
        "other, api.example, header, upstream_not_allowed",
        "github, evil.example, header, host_not_allowed",
        "github, api.example, environment, position_not_allowed"
    })
    void refusesWhatThePolicyDoesNotAllowAndRecordsIt(String upstream, String host, String position, String word) {
        assertThat(resolve("secret://acme/github", new Use(upstream, Optional.of(host), position)))
                .isEmpty();
        assertThat(onlyEvent().outcome()).isEqualTo(Outcome.REFUSED);
        assertThat(onlyEvent().reason()).isEqualTo(word);
        assertThat(onlyEvent().target()).contains("acme/github");
        assertThat(log.lines()).singleElement().asString().contains(word);
    }

    @Test
    void doesNotLookForWhatItHasNotGivenOut() {
        resolve("secret://acme/github", new Use("other", Optional.of("api.example"), Use.HEADER));

        assertThat(redactor.isIdle()).isTrue();
    }

    @Test
    @Incident("S131")
    void saysThatASecretIsNotThere() {
        assertThat(resolve("secret://acme/gitlab")).isEmpty();
        assertThat(onlyEvent().reason()).isEqualTo("no_such_secret");
    }

    @Test
    void keepsTenantsApart() {
        assertThat(resolve("secret://other/github")).isEmpty();
    }

    @Test
    void refusesWhatIsNoReference() {
        assertThat(resolve("acme/github")).isEmpty();
        assertThat(resolve("secret://acme/github?v=1")).isEmpty();
    }

    @Test
    void saysThatASecretDoesNotOpen() {
        source.isUnreadable = true;

        assertThat(resolve("secret://acme/github")).isEmpty();
        assertThat(onlyEvent().outcome()).isEqualTo(Outcome.FAILED);
        assertThat(onlyEvent().reason()).isEqualTo("secret_unreadable");
    }

    @Test
    void saysThatTheKeyEncryptionKeyCannotBeReached() {
        source.hasNoKek = true;

        assertThat(resolve("secret://acme/github")).isEmpty();
        assertThat(onlyEvent().reason()).isEqualTo("kek_unavailable");
    }

    @Test
    void saysThatTheStoreCannotBeReached() {
        source.outage = new IllegalStateException("connection refused");

        assertThat(resolve("secret://acme/github")).isEmpty();
        assertThat(onlyEvent().reason()).isEqualTo("store_unavailable");
    }

    @Test
    void givesOutAFieldOfAJsonValue() {
        source.values.put("acme/db", "{\"user\":\"admin\",\"password\":\"" + CANARY + "\"}");

        assertThat(resolve("secret://acme/db#password")).contains(CANARY);
        assertThat(onlyEvent().details()).containsEntry("field", "password");
        assertThat(redactor.redact("is " + CANARY)).isEqualTo("is ***");
    }

    @Test
    void saysThatAFieldIsNotThere() {
        assertThat(resolve("secret://acme/github#password")).isEmpty();
        assertThat(onlyEvent().reason()).isEqualTo("no_such_field");
    }

    @Test
    @Incident("S12")
    @Incident("S13")
    void givesOutAReplacedValueFromThenOnAndLooksForBoth() {
        resolve("secret://acme/github");
        source.values.put("acme/github", "another-value");

        assertThat(resolve("secret://acme/github")).contains("another-value");
        assertThat(redactor.redact(CANARY + " another-value")).isEqualTo("*** ***");
    }

    @Test
    void closesTheValuesThatItWasGiven() {
        resolve("secret://acme/github");
        resolve("secret://acme/github", new Use("other", Optional.of("api.example"), Use.HEADER));

        assertThat(source.handedOut)
                .hasSize(2)
                .allSatisfy(value -> assertThatIllegalStateException().isThrownBy(value::characters));
    }

    @Test
    void refusesARedactedValueThatIsTooShortToBeFound() {
        source.values.put("acme/pin", "1234567");

        assertThat(resolve("secret://acme/pin")).isEmpty();
        assertThat(onlyEvent().reason()).isEqualTo("value_too_short");
    }

    @Test
    void givesOutAShortValueThatIsNotToBeRedacted() {
        source.values.put("acme/pin", "1234567");
        source.policy = SecretPolicy.builder()
                .upstreams("github")
                .hosts("api.example")
                .positions(Position.HEADER)
                .notRedacted()
                .build();

        assertThat(resolve("secret://acme/pin")).contains("1234567");
        assertThat(redactor.isIdle()).isTrue();
    }

    @Test
    void refusesAValueThatTheRedactorHasNoRoomFor() {
        VaultRedactor small = VaultRedactor.ofAtMost(1);
        small.register(SecretReference.parse("secret://a/b"), "another-value".toCharArray());
        VaultSecretResolver full = new VaultSecretResolver(source, small, audit(audit::add), uses::add, () -> NOW);

        assertThat(full.resolve("secret://acme/github", HEADER)).isEmpty();
        assertThat(onlyEvent().reason()).isEqualTo("redactor_full");
    }

    @Test
    void goesOnWhenTheAuditSinkFails() {
        VaultAudit failing = audit(event -> {
            throw new IllegalStateException("full");
        });
        VaultSecretResolver unrecorded = new VaultSecretResolver(source, redactor, failing, uses::add, () -> NOW);

        assertThat(unrecorded.resolve("secret://acme/github", HEADER)).isPresent();
        assertThat(log.messages()).containsExactly("an audit event was lost");
    }

    @Test
    @Incident("S125")
    void tellsWhichSecretWasUsedForWhichUpstreamAndWhen() {
        resolve("secret://acme/github");
        resolve("secret://acme/github#x");
        resolve("secret://acme/other");

        // No use is one of a field or a secret that is not there.
        assertThat(uses).containsExactly(new SecretUses.Use("acme", "github", "github", NOW));
    }
}
