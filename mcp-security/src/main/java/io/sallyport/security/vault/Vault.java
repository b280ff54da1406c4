package io.sallyport.security.vault;

import static java.util.Objects.requireNonNull;

import io.sallyport.security.vault.VaultStore.RowId;
import io.sallyport.spi.AuditSink;
import io.sallyport.spi.Sealer;
import io.sallyport.spi.SecretReference;
import io.sallyport.spi.SecretResolver;
import java.security.Provider;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Secrets by name, sealed wherever they are kept. Each is under a data key of its tenant; data keys are wrapped by a
 * {@link KekProvider}. As many vaults as there are nodes may share a store; keys are rotated while all of them work. Can be
 * used without a gateway. Thread-safe.
 *
 * <p>Names of tenants and secrets are those that may stand in a {@link SecretReference}. Methods throw an {@link
 * IllegalArgumentException} for others, and a {@link io.sallyport.spi.StoreUnavailableException} when the store cannot be
 * reached.
 */
public final class Vault implements AutoCloseable {

    /** How many bytes a secret has at most. */
    public static final int MOST_SECRET_BYTES = Envelope.MOST_PLAINTEXT_BYTES - StoredSecret.MOST_OVERHEAD;

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.vault");

    /** By which name the keys of {@linkplain #sealer() sealers} are rotated. */
    public static final String SEALER = VaultSealer.TENANT;

    private static final String SECRETS = "secrets";
    private static final int MOST_LISTED = 1000;

    private final VaultStore store;
    private final TenantKeys keys;
    private final Envelope envelope;
    private final InstantSource clock;
    private final Duration sealedOpensFor;
    private final SealedRows rows;
    private final VaultNode node;
    private final VaultAudit audit;
    private final KeptUses uses;

    private Vault(Builder builder) {
        this.store = builder.store;
        this.clock = builder.clock;
        this.keys = new TenantKeys(store, CheckedKek.of(builder.kek, builder.primitives), builder.random, clock);
        this.envelope = new Envelope(builder.primitives, builder.random);
        this.rows = new SealedRows(store, keys, envelope);
        this.sealedOpensFor = builder.sealedOpensFor;
        this.node = new VaultNode(builder.node, store, keys, builder.lease);
        this.audit = new VaultAudit(builder.who, builder.audit, clock);
        this.uses = new KeptUses(rows, builder.usesBehind);
    }

    /** Begins a vault. */
    public static Builder builder(VaultStore store, KekProvider kek) {
        return new Builder(store, kek);
    }

    /** Puts a vault together. Confined to one thread. */
    public static final class Builder {

        private static final Duration SHORTEST_LEASE = Duration.ofSeconds(1);
        private static final Duration LONGEST_LEASE = Duration.ofHours(1);

        private final VaultStore store;
        private final KekProvider kek;
        private Primitives primitives = Primitives.ofJdk();
        private SecureRandom random = new SecureRandom();
        private InstantSource clock = InstantSource.system();
        private Duration lease = Duration.ofSeconds(30);
        private Duration usesBehind = Duration.ofMinutes(1);
        private Duration sealedOpensFor = Duration.ofHours(24);
        private String node = UUID.randomUUID().toString();
        private String who = "vault";
        private AuditSink audit = AuditSink.none();

        private Builder(VaultStore store, KekProvider kek) {
            this.store = requireNonNull(store, "store");
            this.kek = requireNonNull(kek, "kek");
        }

        /**
         * Sets whose cryptography it is: one of the JCA, which need not be registered. Defaults to what the JDK prefers.
         */
        public Builder provider(Provider provider) {
            this.primitives = Primitives.of(requireNonNull(provider, "provider"));
            return this;
        }

        /**
         * Sets for how long others believe that this vault lives after it has said so; it says so three times as often. A rotation
         * waits for a vault that has died for so long. Defaults to 30 seconds.
         *
         * @throws IllegalArgumentException if it is shorter than a second or longer than an hour
         */
        public Builder lease(Duration lease) {
            if (lease.compareTo(SHORTEST_LEASE) < 0 || lease.compareTo(LONGEST_LEASE) > 0) {
                throw new IllegalArgumentException(
                        "lease must be at least a second and at most an hour, but was " + lease);
            }
            this.lease = lease;
            return this;
        }

        /**
         * Sets for how long at least what a {@linkplain Vault#sealer() sealer} has sealed opens, however often keys are rotated: as
         * long as sessions may live. Defaults to 24 hours.
         *
         * @throws IllegalArgumentException if it is negative
         */
        public Builder sealedOpensFor(Duration atLeast) {
            if (atLeast.isNegative()) {
                throw new IllegalArgumentException("sealedOpensFor must not be negative, but was " + atLeast);
            }
            this.sealedOpensFor = atLeast;
            return this;
        }

        /**
         * Sets who keeps the record of what is done with secrets and keys, also of what is refused or fails; {@code docs/vault.md}
         * has the words. Values are in no event. Defaults to nobody.
         *
         * @param who the subject of all events: this program, or the person that it works for
         */
        public Builder audit(String who, AuditSink sink) {
            this.who = requireNonNull(who, "who");
            this.audit = requireNonNull(sink, "sink");
            return this;
        }

        /** For tests. */
        Builder clock(InstantSource other) {
            this.clock = other;
            return this;
        }

        /** For tests. */
        Builder usesBehind(Duration other) {
            this.usesBehind = other;
            return this;
        }

        /** For tests. */
        Builder node(String name) {
            this.node = name;
            return this;
        }

        /** Returns the vault, which is the caller's to close. Does not wait for the store. */
        public Vault build() {
            Vault vault = new Vault(this);
            vault.node.start();
            return vault;
        }
    }

    private static RowId secret(String tenant, String name) {
        SecretReference checked = new SecretReference(tenant, name, Optional.empty());
        return new RowId(checked.tenant(), SECRETS, checked.name());
    }

    private static String tenant(String name) {
        return new SecretReference(name, "any", Optional.empty()).tenant();
    }

    /**
     * Puts a secret in that no template may refer to: only {@link #get} returns it. See {@link #put(String, String, SecretValue,
     * SecretPolicy)}.
     */
    public void put(String tenant, String name, SecretValue value) throws KekUnavailableException {
        put(tenant, name, value, SecretPolicy.nowhere());
    }

    /**
     * Puts a secret in, in the place of the one that has been there under its name. When it returns, it is kept.
     *
     * @param value remains the caller's to close
     * @param policy where a {@linkplain #resolver resolver} may use it; sealed together with the value
     * @throws IllegalArgumentException if it has more than {@value #MOST_SECRET_BYTES} bytes
     * @throws KekUnavailableException if it is the first one of the tenant here and its key cannot be had now
     */
    public void put(String tenant, String name, SecretValue value, SecretPolicy policy) throws KekUnavailableException {
        put(secret(tenant, name), new StoredSecret(false, policy, value), true);
    }

    private boolean put(RowId id, StoredSecret secret, boolean replaces) throws KekUnavailableException {
        if (secret.value().length() > MOST_SECRET_BYTES) {
            throw new IllegalArgumentException("a secret must have at most " + MOST_SECRET_BYTES + " bytes, but had "
                    + secret.value().length());
        }
        byte[] content = secret.bytes();
        try {
            if (!replaces && !rows.putIfAbsent(id, content)) {
                return false;
            }
            if (replaces) {
                rows.put(id, content);
            }
        } catch (KekUnavailableException | RuntimeException e) {
            audit.failed(VaultAudit.PUT, id.tenant(), id.name(), e);
            throw e;
        } finally {
            Arrays.fill(content, (byte) 0);
        }
        audit.done(VaultAudit.PUT, id.tenant(), id.name(), true);
        return true;
    }

    /**
     * Returns a secret, which is the caller's to close; nothing if there is none of this name.
     *
     * @throws SecretUnreadableException if there is one and it does not open, or it was expired
     * @throws KekUnavailableException if its key is not here yet and cannot be had now
     */
    public Optional<SecretValue> get(String tenant, String name)
            throws KekUnavailableException, SecretUnreadableException {
        return revealed(secret(tenant, name)).map(SecretSource.Secret::value);
    }

    private Optional<SecretSource.Secret> revealed(RowId id) throws KekUnavailableException, SecretUnreadableException {
        Optional<SecretSource.Secret> found;
        try {
            found = find(id);
        } catch (KekUnavailableException | SecretUnreadableException | RuntimeException e) {
            audit.failed(VaultAudit.REVEAL, id.tenant(), id.name(), e);
            throw e;
        }
        audit.done(VaultAudit.REVEAL, id.tenant(), id.name(), found.isPresent());
        return found;
    }

    private Optional<SecretSource.Secret> find(RowId id) throws KekUnavailableException, SecretUnreadableException {
        Optional<StoredSecret> found = opened(id);
        if (found.isEmpty()) {
            return Optional.empty();
        }
        StoredSecret stored = found.get();
        if (stored.expired()) {
            stored.close();
            LOGGER.atWarn()
                    .addKeyValue("tenant", id.tenant())
                    .addKeyValue("name", id.name())
                    .log("a secret was expired");
            throw new SecretUnreadableException();
        }
        return Optional.of(new SecretSource.Secret(stored.policy(), stored.value()));
    }

    private Optional<StoredSecret> opened(RowId id) throws KekUnavailableException, SecretUnreadableException {
        Optional<byte[]> content = rows.get(id);
        return content.isEmpty()
                ? Optional.empty()
                : Optional.of(StoredSecret.of(content.get()).orElseThrow(SecretUnreadableException::new));
    }

    /**
     * What is sealed together with a value.
     *
     * @param policy where it may be used
     * @param expired whether it was {@linkplain #expireAll expired}
     */
    public record SecretState(SecretPolicy policy, boolean expired) {}

    /**
     * Returns what there is to say of a secret but its value; nothing if there is none of this name.
     *
     * @throws SecretUnreadableException if there is one and it does not open
     * @throws KekUnavailableException if its key is not here yet and cannot be had now
     */
    public Optional<SecretState> state(String tenant, String name)
            throws KekUnavailableException, SecretUnreadableException {
        return opened(secret(tenant, name)).map(stored -> {
            stored.close();
            return new SecretState(stored.policy(), stored.expired());
        });
    }

    /**
     * Puts a secret with its policy into another vault as well, by the same names.
     *
     * @param replaces whether it takes the place of one that is there
     * @return whether it is there now; not if there is none here, or another one there that was not to be replaced
     * @throws SecretUnreadableException if there is one here and it does not open, or it was expired
     * @throws KekUnavailableException if a key of one of the two is not here yet and cannot be had now
     */
    public boolean copy(String tenant, String name, Vault into, boolean replaces)
            throws KekUnavailableException, SecretUnreadableException {
        Optional<SecretSource.Secret> found = revealed(secret(tenant, name));
        if (found.isEmpty()) {
            return false;
        }
        SecretSource.Secret secret = found.get();
        try (SecretValue value = secret.value()) {
            return into.put(secret(tenant, name), new StoredSecret(false, secret.policy(), value), replaces);
        }
    }

    /** Takes a secret out; returns whether there was one. */
    public boolean delete(String tenant, String name) {
        RowId id = secret(tenant, name);
        boolean wasThere;
        try {
            wasThere = store.delete(id);
        } catch (RuntimeException e) {
            audit.failed(VaultAudit.DELETE, tenant, name, e);
            throw e;
        }
        audit.done(VaultAudit.DELETE, tenant, name, wasThere);
        return wasThere;
    }

    /**
     * What is known of a secret without opening it.
     *
     * @param name its name
     * @param written when it was put in
     * @param key the name of the data key that it is under
     */
    public record SecretInfo(String name, Instant written, String key) {}

    /**
     * Returns secrets of a tenant in the order of their names.
     *
     * @param after begins behind this name; empty for the first
     * @param atMost how many, from 1 to 1000
     * @throws IllegalArgumentException if that is another number
     */
    public List<SecretInfo> list(String tenant, Optional<String> after, int atMost) {
        if (atMost < 1 || atMost > MOST_LISTED) {
            throw new IllegalArgumentException("atMost must be from 1 to " + MOST_LISTED + ", but was " + atMost);
        }
        // What stands in front of all names of secrets.
        RowId behind = after.map(it -> secret(tenant, it)).orElseGet(() -> new RowId(tenant(tenant), SECRETS, ""));
        return store.list(tenant, Optional.of(behind), atMost).stream()
                .filter(row -> row.id().namespace().equals(SECRETS))
                .map(row -> new SecretInfo(row.id().name(), row.written(), DataKey.word(row.keyId())))
                .toList();
    }

    /**
     * The last use of a secret for an upstream by any of the vaults that share a store.
     *
     * @param name of the secret, which may have been deleted since
     * @param upstream that it was used for
     * @param last when
     */
    public record SecretUse(String name, String upstream, Instant last) {}

    /**
     * Returns for which upstreams the secrets of a tenant were used by {@linkplain #resolver resolvers}, the one that was used last
     * first: 5,000 of a tenant at most. Of vaults elsewhere it knows what they have written down, which they do a minute after a
     * use. Uses are kept on a best effort: no use waits for that, or fails because of it.
     *
     * @throws KekUnavailableException if the tenant's key is not here yet and cannot be had now
     */
    public List<SecretUse> uses(String tenant) throws KekUnavailableException {
        return uses.of(tenant(tenant)).stream()
                .map(use -> new SecretUse(use.name(), use.upstream(), use.last()))
                .toList();
    }

    /** Returns the tenants that have, or had, secrets, in the order of their names. */
    public List<String> tenants() {
        return store.tenants().stream()
                .filter(it -> !it.equals(VaultSealer.TENANT))
                .toList();
    }

    /**
     * Makes all secrets of all tenants unusable at once, on all nodes, until each is put in anew: for when nobody knows which of
     * them somebody has. Names, and what is known without opening, are kept.
     *
     * @param reason for the log and the audit record, which keeps 4096 characters of it
     * @return how many there were
     * @throws KekUnavailableException if a key cannot be had now; some may have been expired by then
     */
    public long expireAll(String reason) throws KekUnavailableException {
        long expired = 0;
        for (String tenant : tenants()) {
            expired += expire(tenant, reason);
        }
        LOGGER.atWarn()
                .addKeyValue("reason", reason)
                .addKeyValue("secrets", expired)
                .log("all secrets were expired");
        return expired;
    }

    private long expire(String tenant, String reason) throws KekUnavailableException {
        long expired;
        try {
            expired = new Expiry(store, keys, rows).expire(tenant, SECRETS);
        } catch (KekUnavailableException | RuntimeException e) {
            audit.failed(VaultAudit.EXPIRE, tenant, e);
            throw e;
        }
        audit.done(
                VaultAudit.EXPIRE,
                tenant,
                event -> event.detail("secrets", Long.toString(expired)).detail("why", VaultAudit.cut(reason)));
        return expired;
    }

    /**
     * Destroys all keys of a tenant: what was sealed for it opens for nobody any more, wherever there are copies, but for copies
     * of the store that have the keys, and for whoever has the key-encryption key. Its rows are deleted, too. It may have secrets
     * again afterwards, under a new key.
     *
     * <p>Other nodes forget the keys within a third of their lease.
     */
    public void shred(String tenant) {
        String checked = tenant(tenant);
        try {
            new Shredder(store, clock).shred(checked);
        } catch (RuntimeException e) {
            audit.failed(VaultAudit.SHRED, tenant, e);
            throw e;
        }
        audit.done(VaultAudit.SHRED, tenant, event -> {});
        keys.forget(tenant);
        node.beatSoon();
    }

    /** Begins a rotation of keys. */
    public KeyRotation.Builder rotation() {
        return new KeyRotation.Builder(this);
    }

    /**
     * Returns a sealer whose keys are this vault's: all nodes of a gateway that share a store can open what one of them has
     * sealed. The store is not asked for it, only now and then for the keys. They are rotated like those of a tenant, by the name
     * {@value #SEALER}; what was sealed opens for some time longer, see {@link Builder#sealedOpensFor}.
     *
     * @throws KekUnavailableException if a key cannot be had now
     */
    public Sealer sealer() throws KekUnavailableException {
        VaultSealer sealer = new VaultSealer(keys, envelope);
        sealer.begin();
        return sealer;
    }

    /**
     * Returns what gives secrets of this vault out for use in an operator's templates, where their policies allow it. See {@link
     * io.sallyport.gateway.McpGateway.Builder#secretResolver}.
     *
     * @param redactor is told each value before it is given out
     */
    public SecretResolver resolver(VaultRedactor redactor) {
        return new VaultSecretResolver((tenant, name) -> find(secret(tenant, name)), redactor, audit, uses::add, clock);
    }

    VaultStore store() {
        return store;
    }

    TenantKeys keys() {
        return keys;
    }

    SealedRows rows() {
        return rows;
    }

    VaultAudit audit() {
        return audit;
    }

    Instant now() {
        return clock.instant();
    }

    /** Returns whether keys older than one that is primary since some time are still needed by those who keep what was sealed. */
    boolean mustStillOpen(String tenant, Instant since) {
        return tenant.equals(VaultSealer.TENANT) && since.plus(sealedOpensFor).isAfter(now());
    }

    /** Tells others sooner what this vault knows. */
    void beatSoon() {
        node.beatSoon();
    }

    /**
     * Ends it: writes down what uses of secrets were not yet, says that it is gone, so that no rotation waits for it, and erases
     * the data keys that it has in memory. Sealers and resolvers of it end with it, so close the gateway that uses them first: a
     * sealer that learns of no rotation any more would seal under a key that is given up. From then on whatever needs a key throws
     * an {@link IllegalStateException}; a resolver gives nothing out. The store remains open. Idempotent.
     */
    @Override
    public void close() {
        try {
            uses.close();
            node.close();
        } finally {
            keys.close();
        }
    }
}
