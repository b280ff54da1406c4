package io.sallyport.security.vault;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A provider whose word is not taken for it. Thread-safe.
 *
 * <p>What it has wrapped is unwrapped at once, before anybody relies on it, and what comes back later has to be the data key
 * that was wrapped, for the same context: a wrong one would open nothing, and whatever was sealed under it would be lost. For
 * that, what is kept is one byte for the version, 1; 32 bytes, HKDF-Expand-SHA-256 of the data key with
 * {@code LP("mcp-vault/data-key-check/v1", context)} for info, which do not tell it; and then what the provider has made.
 *
 * <p>Nobody can end a call that hangs but whoever makes it. So that a provider that hangs does not take all threads of the host
 * one by one, only so many wait for its answer, and all others for those a few seconds; who needs no answer of it is not concerned.
 */
final class CheckedKek implements KekProvider {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.vault");

    /** What a provider may make of a data key. */
    static final int MOST_WRAPPED_BYTES = 4096;

    static final int MOST_NAME_CHARS = 2048;

    static final int MOST_AT_ONCE = 16;

    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private static final byte VERSION = 1;
    private static final byte[] LABEL = "mcp-vault/data-key-check/v1".getBytes(StandardCharsets.US_ASCII);
    private static final int CHECK_BYTES = 32;
    private static final int HEAD_BYTES = 1 + CHECK_BYTES;

    private final KekProvider kek;
    private final Primitives primitives;
    private final Duration patience;
    private final Semaphore calls = new Semaphore(MOST_AT_ONCE);

    /** Returns a provider that checks another, if that is not checked already. */
    static CheckedKek of(KekProvider kek, Primitives primitives) {
        return kek instanceof CheckedKek checked ? checked : new CheckedKek(kek, primitives, PATIENCE);
    }

    /** @param patience how long to wait when as many calls as there may be are under way */
    CheckedKek(KekProvider kek, Primitives primitives, Duration patience) {
        this.kek = kek;
        this.primitives = primitives;
        this.patience = patience;
    }

    @Override
    public String current() {
        return kek.current();
    }

    @Override
    public Wrapped wrap(byte[] dataKey, byte[] context) throws KekUnavailableException {
        Wrapped wrapped = asked(() -> {
            byte[] copy = dataKey.clone();
            try {
                return kek.wrap(copy, context.clone());
            } finally {
                Arrays.fill(copy, (byte) 0);
            }
        });
        String name = nameOf(wrapped);
        int length = wrapped.bytes() == null ? 0 : wrapped.bytes().length;
        if (length == 0 || length > MOST_WRAPPED_BYTES) {
            throw lie(
                    name,
                    "it has made " + (length == 0 ? "nothing" : length + " bytes")
                            + " of a data key, and has to make from 1 to " + MOST_WRAPPED_BYTES);
        }
        checkUnwraps(name, wrapped.bytes(), dataKey, context);
        byte[] kept = ByteBuffer.allocate(HEAD_BYTES + length)
                .put(VERSION)
                .put(check(dataKey, context))
                .put(wrapped.bytes())
                .array();
        return new Wrapped(name, kept);
    }

    private String nameOf(@Nullable Wrapped wrapped) throws KekUnavailableException {
        String name = wrapped == null ? null : wrapped.kek();
        if (name == null || name.isEmpty() || name.length() > MOST_NAME_CHARS) {
            throw lie(
                    current(),
                    "it has wrapped a data key by a key without a name, or with one that has more than "
                            + MOST_NAME_CHARS + " characters");
        }
        return name;
    }

    private void checkUnwraps(String name, byte[] wrapped, byte[] dataKey, byte[] context)
            throws KekUnavailableException {
        byte[] back = unwrapped(name, wrapped, context);
        boolean isSame = back != null && MessageDigest.isEqual(back, dataKey);
        erase(back);
        if (!isSame) {
            throw lie(name, "it does not unwrap what it has wrapped just now");
        }
    }

    @Override
    public Optional<byte[]> unwrap(String name, byte[] kept, byte[] context) throws KekUnavailableException {
        if (kept.length <= HEAD_BYTES || kept[0] != VERSION) {
            return Optional.empty();
        }
        byte[] back = unwrapped(name, Arrays.copyOfRange(kept, HEAD_BYTES, kept.length), context);
        if (back == null) {
            return Optional.empty();
        }
        if (back.length != DataKey.BYTES) {
            erase(back);
            throw lie(name, "it has unwrapped " + back.length + " bytes, and a data key has " + DataKey.BYTES);
        }
        if (!MessageDigest.isEqual(check(back, context), Arrays.copyOfRange(kept, 1, HEAD_BYTES))) {
            erase(back);
            log(name, "what it has unwrapped is not the data key that was wrapped, or the store was changed");
            return Optional.empty();
        }
        return Optional.of(back);
    }

    private byte[] check(byte[] dataKey, byte[] context) {
        return primitives.expand(dataKey, SealContext.lengthPrefixed(LABEL, context), CHECK_BYTES);
    }

    private byte @Nullable [] unwrapped(String name, byte[] wrapped, byte[] context) throws KekUnavailableException {
        Optional<byte[]> back = asked(() -> kek.unwrap(name, wrapped.clone(), context.clone()));
        if (back == null) {
            throw lie(name, "it has returned null");
        }
        return back.orElse(null);
    }

    private static void erase(byte @Nullable [] bytes) {
        if (bytes != null) {
            Arrays.fill(bytes, (byte) 0);
        }
    }

    private interface Question<T> {
        T ask() throws KekUnavailableException;
    }

    private <T> T asked(Question<T> question) throws KekUnavailableException {
        begin();
        try {
            return question.ask();
        } catch (RuntimeException e) {
            throw new KekUnavailableException("the provider of key-encryption keys has failed: " + e, e);
        } finally {
            calls.release();
        }
    }

    private void begin() throws KekUnavailableException {
        try {
            if (calls.tryAcquire(patience.toNanos(), TimeUnit.NANOSECONDS)) {
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KekUnavailableException("interrupted, while others waited for the key-encryption key", e);
        }
        throw new KekUnavailableException("the provider of key-encryption keys has not answered one of " + MOST_AT_ONCE
                + " calls in " + patience + "; see what it does, and let it give up in time");
    }

    private static KekUnavailableException lie(String name, String what) {
        log(name, what);
        return new KekUnavailableException("the provider of the key-encryption key " + name
                + " does not do what it has to: " + what + "; correct it, nothing was changed");
    }

    private static void log(String name, String what) {
        LOGGER.atError()
                .addKeyValue("kek", name)
                .addKeyValue("error", what)
                .log("a provider of key-encryption keys does not do what it has to; its answer is not used");
    }
}
