package io.sallyport.security.vault;

import org.bouncycastle.crypto.generators.Argon2BytesGenerator;
import org.bouncycastle.crypto.params.Argon2Parameters;

/** Argon2id (RFC 9106), which the JCA lacks. Needs Bouncy Castle. */
final class Argon2id {

    private Argon2id() {}

    static void derive(byte[] password, byte[] salt, int kib, int passes, int lanes, byte[] into) {
        Argon2BytesGenerator generator = new Argon2BytesGenerator();
        generator.init(new Argon2Parameters.Builder(Argon2Parameters.ARGON2_id)
                .withVersion(Argon2Parameters.ARGON2_VERSION_13)
                .withSalt(salt)
                .withMemoryAsKB(kib)
                .withIterations(passes)
                .withParallelism(lanes)
                .build());
        generator.generateBytes(password, into);
    }
}
