package io.sallyport.security.vault;

import io.sallyport.security.vault.Envelope.Flaw;
import io.sallyport.security.vault.Envelope.Opened;
import io.sallyport.security.vault.TenantKeys.Loaded;
import io.sallyport.spi.Sealer;
import io.sallyport.spi.StoreUnavailableException;
import java.util.Base64;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Seals what others keep, under keys of a tenant that is the vault's own. The store is not asked for what is sealed or opened. */
final class VaultSealer implements Sealer {

    /** No tenant of anybody's: such a name is refused. */
    static final String TENANT = "~sealer";

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.vault");

    private static final String PURPOSE = "seal";

    /** Whoever presents names of keys that do not exist must not keep the store busy. */
    private static final long LOOKS_AGAIN_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final TenantKeys keys;
    private final Envelope envelope;
    private final AtomicLong lookedLast = new AtomicLong(System.nanoTime() - LOOKS_AGAIN_NANOS);

    VaultSealer(TenantKeys keys, Envelope envelope) {
        this.keys = keys;
        this.envelope = envelope;
    }

    private static SealContext context(String purpose, byte[] context) {
        // Not the bytes as text: two that are no text would be the same.
        String name = Base64.getUrlEncoder().withoutPadding().encodeToString(context);
        return new SealContext(TENANT, purpose, name, PURPOSE);
    }

    private Loaded known() {
        try {
            Optional<Loaded> known = keys.known(TENANT);
            return known.isPresent() ? known.get() : keys.begin(TENANT);
        } catch (KekUnavailableException e) {
            throw new IllegalStateException("no key can be had to seal with: " + e.getMessage(), e);
        }
    }

    /** Makes sure that there are keys. */
    void begin() throws KekUnavailableException {
        if (keys.known(TENANT).isEmpty()) {
            keys.begin(TENANT);
        }
    }

    @Override
    public byte[] seal(String purpose, byte[] context, byte[] plaintext) {
        return envelope.seal(known().primary(), context(purpose, context), plaintext);
    }

    @Override
    public Optional<byte[]> open(String purpose, byte[] context, byte[] sealed) {
        SealContext sealedFor = context(purpose, context);
        Opened opened = envelope.open(known()::find, sealedFor, sealed);
        if (opened.flaw() == Flaw.UNKNOWN_KEY && mayLook()) {
            opened = envelope.open(newer()::find, sealedFor, sealed);
        }
        return Optional.ofNullable(opened.plaintext());
    }

    private boolean mayLook() {
        long last = lookedLast.get();
        long now = System.nanoTime();
        return now - last >= LOOKS_AGAIN_NANOS && lookedLast.compareAndSet(last, now);
    }

    /** Returns the keys as they are now; those that are known, if that cannot be told. */
    private Loaded newer() {
        try {
            Optional<Loaded> newer = keys.lookUp(TENANT);
            if (newer.isPresent()) {
                return newer.get();
            }
        } catch (KekUnavailableException | StoreUnavailableException e) {
            LOGGER.atDebug().addKeyValue("error", e.toString()).log("newer keys cannot be looked up");
        }
        return known();
    }
}
