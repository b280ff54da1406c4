package io.sallyport.security.vault;

import static java.util.Objects.requireNonNull;

import io.sallyport.security.vault.SecretSource.Secret;
import io.sallyport.spi.AuditEvent.Outcome;
import io.sallyport.spi.SecretReference;
import io.sallyport.spi.SecretResolver;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives the secrets of a vault out for use, where their policies allow it. Each use and each refusal is an audit event {@code
 * secret/use} with the tenant, the name and the upstream, and never with the value; its reason is one of the words here. Before
 * a value is given out the redactor knows it. Thread-safe; may block, as the vault does.
 */
final class VaultSecretResolver implements SecretResolver {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.vault");

    /** A use that does not come about, and the stable word for why. */
    private static final class NotUsedException extends Exception {
        private static final long serialVersionUID = 1;

        private final Outcome outcome;
        private final String word;

        NotUsedException(Outcome outcome, String word) {
            super(word, null, false, false);
            this.outcome = outcome;
            this.word = word;
        }
    }

    private final SecretSource source;
    private final VaultRedactor redactor;
    private final VaultAudit audit;
    private final InstantSource clock;
    private final Consumer<SecretUses.Use> uses;

    /**
     * Creates it.
     *
     * @param uses hears of each use; must not block nor throw
     */
    VaultSecretResolver(
            SecretSource source,
            VaultRedactor redactor,
            VaultAudit audit,
            Consumer<SecretUses.Use> uses,
            InstantSource clock) {
        this.source = requireNonNull(source, "source");
        this.redactor = requireNonNull(redactor, "redactor");
        this.audit = requireNonNull(audit, "audit");
        this.uses = requireNonNull(uses, "uses");
        this.clock = requireNonNull(clock, "clock");
    }

    @Override
    public Optional<char[]> resolve(String text, Use use) {
        SecretReference reference;
        try {
            reference = SecretReference.parse(text);
        } catch (IllegalArgumentException e) {
            LOGGER.atWarn()
                    .addKeyValue("upstream", use.upstream())
                    .log("a secret was asked for with what is no reference");
            return Optional.empty();
        }
        try {
            char[] value = valueOf(reference, use);
            uses.accept(new SecretUses.Use(reference.tenant(), reference.name(), use.upstream(), clock.instant()));
            record(reference, use, Outcome.ANSWERED, "");
            return Optional.of(value);
        } catch (NotUsedException e) {
            LOGGER.atWarn()
                    .addKeyValue("secret", reference)
                    .addKeyValue("upstream", use.upstream())
                    .addKeyValue("reason", e.word)
                    .log("a secret was not given out");
            record(reference, use, e.outcome, e.word);
            return Optional.empty();
        }
    }

    private char[] valueOf(SecretReference reference, Use use) throws NotUsedException {
        Secret secret = find(reference);
        try (SecretValue value = secret.value()) {
            Optional<String> refusal = secret.policy().refusal(use);
            if (refusal.isPresent()) {
                throw new NotUsedException(Outcome.REFUSED, refusal.get());
            }
            char[] characters = field(reference, charactersOf(value));
            if (secret.policy().isRedacted()) {
                redact(reference, characters);
            }
            return characters;
        }
    }

    private Secret find(SecretReference reference) throws NotUsedException {
        try {
            return source.find(reference.tenant(), reference.name())
                    .orElseThrow(() -> new NotUsedException(Outcome.REFUSED, VaultAudit.NO_SUCH_SECRET));
        } catch (SecretUnreadableException e) {
            throw new NotUsedException(Outcome.FAILED, VaultAudit.SECRET_UNREADABLE);
        } catch (KekUnavailableException e) {
            throw new NotUsedException(Outcome.FAILED, VaultAudit.KEK_UNAVAILABLE);
        } catch (RuntimeException e) {
            // The store, most likely. Its stack belongs to whoever looks into it, and not into each line of an outage.
            LOGGER.atDebug().setCause(e).log("a secret could not be looked up");
            throw new NotUsedException(Outcome.FAILED, VaultAudit.STORE_UNAVAILABLE);
        }
    }

    private static char[] charactersOf(SecretValue value) throws NotUsedException {
        try {
            return value.characters();
        } catch (IllegalStateException e) {
            throw new NotUsedException(Outcome.FAILED, "value_no_text");
        }
    }

    /** Returns what the reference means of a value, which is erased if that is only a part of it. */
    private static char[] field(SecretReference reference, char[] whole) throws NotUsedException {
        if (reference.field().isEmpty()) {
            return whole;
        }
        try {
            return JsonField.find(whole, reference.field().get())
                    .orElseThrow(() -> new NotUsedException(Outcome.FAILED, "no_such_field"));
        } finally {
            Arrays.fill(whole, '\0');
        }
    }

    private void redact(SecretReference reference, char[] characters) throws NotUsedException {
        String word = switch (redactor.register(reference, characters)) {
            case YES -> "";
            case TOO_SHORT -> "value_too_short";
            case TOO_LONG -> "value_too_long";
            case FULL -> "redactor_full";
        };
        if (!word.isEmpty()) {
            Arrays.fill(characters, '\0');
            throw new NotUsedException(Outcome.REFUSED, word);
        }
    }

    private void record(SecretReference reference, Use use, Outcome outcome, String word) {
        audit.record(VaultAudit.USE, reference.tenant(), outcome, event -> {
            event.about(Optional.of(use.upstream()), Optional.of(reference.tenant() + "/" + reference.name()))
                    .reason(word)
                    .detail("position", use.position());
            use.host().ifPresent(host -> event.detail("host", host));
            reference.field().ifPresent(field -> event.detail("field", field));
        });
    }
}
