package io.sallyport.stream;

import io.sallyport.spi.Principal;
import io.sallyport.spi.Sealer;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import javax.crypto.Cipher;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.SecretKeySpec;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * Opening the sealed id of a session, beside a scheme that derives its key from a passphrase for each request (PBKDF2 with
 * 100,000 iterations, then AES-GCM), as Envoy AI Gateway does.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class SessionIdBenchmark {

    private static final int SALT = 16;
    private static final int NONCE = 12;
    private static final int ITERATIONS = 100_000;

    private final Principal principal = new Principal("https://issuer.example", "client", "ann", "default");
    private final SessionIds ids = new SessionIds(Sealer.ephemeral(), InstantSource.system());
    private String id = "";
    private byte[] derived = {};

    /** Seals an id in both ways. */
    @Setup
    public void seal() throws GeneralSecurityException {
        id = ids.make("/mcp", principal, Duration.ofHours(8), "node123456", "").id();
        byte[] head = new byte[SALT + NONCE];
        Cipher cipher = cipher(Cipher.ENCRYPT_MODE, head);
        byte[] sealed = cipher.doFinal(new byte[50]);
        derived = Arrays.copyOf(head, head.length + sealed.length);
        System.arraycopy(sealed, 0, derived, head.length, sealed.length);
    }

    private static Cipher cipher(int mode, byte[] head) throws GeneralSecurityException {
        byte[] key = SecretKeyFactory.getInstance("PBKDF2WithHmacSHA256")
                .generateSecret(new PBEKeySpec(
                        "a passphrase from the configuration".toCharArray(),
                        Arrays.copyOf(head, SALT),
                        ITERATIONS,
                        256))
                .getEncoded();
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, new SecretKeySpec(key, "AES"), new GCMParameterSpec(128, head, SALT, NONCE));
        return cipher;
    }

    /** Opens an id as we do. */
    @Benchmark
    public Optional<SessionIds.Opened> sealed() {
        return ids.open(id, "/mcp", principal);
    }

    /** Opens one whose key has to be derived first. */
    @Benchmark
    public byte[] derived() throws GeneralSecurityException {
        return cipher(Cipher.DECRYPT_MODE, derived).doFinal(derived, SALT + NONCE, derived.length - SALT - NONCE);
    }
}
