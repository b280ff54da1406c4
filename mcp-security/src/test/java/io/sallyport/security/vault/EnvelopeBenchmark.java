package io.sallyport.security.vault;

import com.google.crypto.tink.Aead;
import com.google.crypto.tink.InsecureSecretKeyAccess;
import com.google.crypto.tink.KeysetHandle;
import com.google.crypto.tink.RegistryConfiguration;
import com.google.crypto.tink.aead.AeadConfig;
import com.google.crypto.tink.aead.AeadParameters;
import com.google.crypto.tink.aead.AesGcmKey;
import com.google.crypto.tink.aead.AesGcmParameters;
import com.google.crypto.tink.aead.KmsEnvelopeAead;
import com.google.crypto.tink.aead.PredefinedAeadParameters;
import com.google.crypto.tink.prf.PredefinedPrfParameters;
import com.google.crypto.tink.prf.PrfConfig;
import com.google.crypto.tink.prf.PrfSet;
import com.google.crypto.tink.util.SecretBytes;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import javax.crypto.spec.SecretKeySpec;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.springframework.security.crypto.encrypt.AesGcmBytesEncryptor;
import org.springframework.security.crypto.encrypt.BytesEncryptor;

/** Seals and opens 1 KiB: ours, and what others would take for it. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class EnvelopeBenchmark {

    private static final int BYTES = 1024;
    private static final byte[] CONTEXT = "acme/secrets/github/row".getBytes(StandardCharsets.UTF_8);

    /** Who seals. */
    public enum Who {
        /** A key for each message, and a commitment to it. */
        VAULT,
        /** Tink's keyset AEAD with the same protection: a key for each message by its HKDF, and a commitment to it. */
        TINK_COMMITTED,
        /** Tink: a key for each message (XAES-256-GCM), from a keyset. No commitment. */
        TINK_XAES,
        /** Tink: one key for all messages (AES-256-GCM), from a keyset. */
        TINK_GCM,
        /** Tink: a key for each message, wrapped by a key-encryption key that is in memory here. */
        TINK_ENVELOPE,
        /** Spring Security: one key for all messages (AES-256-GCM), no context. */
        SPRING
    }

    /** What is measured: seals and opens. */
    private interface Work {
        byte[] roundTrip(byte[] plaintext) throws GeneralSecurityException;
    }

    /** All of them, unless the command line says otherwise. */
    @Param
    public Who who = Who.VAULT;

    private final byte[] plaintext = new byte[BYTES];
    private Work work = bytes -> bytes;

    /** Makes keys, and sees that what is sealed opens. */
    @Setup
    public void open() throws GeneralSecurityException {
        AeadConfig.register();
        PrfConfig.register();
        new SecureRandom().nextBytes(plaintext);
        work = switch (who) {
            case VAULT -> vault();
            case TINK_COMMITTED -> committed();
            case TINK_XAES -> tink(keyset(PredefinedAeadParameters.XAES_256_GCM_192_BIT_NONCE));
            case TINK_GCM -> tink(keyset(PredefinedAeadParameters.AES256_GCM));
            case TINK_ENVELOPE ->
                tink(KmsEnvelopeAead.create(
                        PredefinedAeadParameters.AES256_GCM, keyset(PredefinedAeadParameters.AES256_GCM)));
            case SPRING -> spring();
        };
        if (!Arrays.equals(work.roundTrip(plaintext), plaintext)) {
            throw new IllegalStateException(who + " does not open what it has sealed");
        }
    }

    private static Work vault() {
        SecureRandom random = new SecureRandom();
        Envelope envelope = new Envelope(Primitives.ofJdk(), random);
        DataKey key = DataKey.random(random);
        SealContext context = new SealContext("acme", "secrets", "github", "row");
        return bytes -> {
            byte[] opened = envelope.open(id -> key, context, envelope.seal(key, context, bytes))
                    .plaintext();
            if (opened == null) {
                throw new GeneralSecurityException("it does not open");
            }
            return opened;
        };
    }

    private static Aead keyset(AeadParameters parameters) throws GeneralSecurityException {
        return KeysetHandle.generateNew(parameters, RegistryConfiguration.get())
                .getPrimitive(RegistryConfiguration.get(), Aead.class);
    }

    private static Work tink(Aead aead) {
        return bytes -> aead.decrypt(aead.encrypt(bytes, CONTEXT), CONTEXT);
    }

    private static Work committed() throws GeneralSecurityException {
        PrfSet prf = KeysetHandle.generateNew(PredefinedPrfParameters.HKDF_SHA256, RegistryConfiguration.get())
                .getPrimitive(RegistryConfiguration.get(), PrfSet.class);
        SecureRandom random = new SecureRandom();
        return bytes -> {
            byte[] salt = new byte[DataKey.BYTES];
            random.nextBytes(salt);
            byte[] derived = prf.computePrimary(salt, 2 * DataKey.BYTES);
            byte[] commitment = Arrays.copyOfRange(derived, DataKey.BYTES, derived.length);
            byte[] sealed = ofMessage(derived).encrypt(bytes, CONTEXT);

            byte[] again = prf.computePrimary(salt, 2 * DataKey.BYTES);
            if (!MessageDigest.isEqual(commitment, Arrays.copyOfRange(again, DataKey.BYTES, again.length))) {
                throw new GeneralSecurityException("another key");
            }
            return ofMessage(again).decrypt(sealed, CONTEXT);
        };
    }

    private static Aead ofMessage(byte[] derived) throws GeneralSecurityException {
        SecretBytes bytes = SecretBytes.copyFrom(Arrays.copyOf(derived, DataKey.BYTES), InsecureSecretKeyAccess.get());
        AesGcmParameters parameters = AesGcmParameters.builder()
                .setKeySizeBytes(DataKey.BYTES)
                .setIvSizeBytes(12)
                .setTagSizeBytes(Primitives.TAG_BYTES)
                .setVariant(AesGcmParameters.Variant.NO_PREFIX)
                .build();
        AesGcmKey key =
                AesGcmKey.builder().setParameters(parameters).setKeyBytes(bytes).build();
        return KeysetHandle.newBuilder()
                .addEntry(KeysetHandle.importKey(key).withRandomId().makePrimary())
                .build()
                .getPrimitive(RegistryConfiguration.get(), Aead.class);
    }

    private static Work spring() {
        byte[] key = new byte[DataKey.BYTES];
        new SecureRandom().nextBytes(key);
        BytesEncryptor encryptor = AesGcmBytesEncryptor.withSecretKey(new SecretKeySpec(key, "AES"))
                .build();
        return bytes -> encryptor.decrypt(encryptor.encrypt(bytes));
    }

    /** Seals and opens once. */
    @Benchmark
    public byte[] roundTrip() throws GeneralSecurityException {
        return work.roundTrip(plaintext);
    }
}
