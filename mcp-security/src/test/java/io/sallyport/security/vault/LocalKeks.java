package io.sallyport.security.vault;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.security.Security;
import java.util.List;
import org.bouncycastle.jce.provider.BouncyCastleProvider;

/** Keys for tests, and the files that they are in. */
final class LocalKeks {

    static final Primitives SUN = Primitives.of(Security.getProvider("SunJCE"));
    static final Primitives BOUNCY_CASTLE = Primitives.of(new BouncyCastleProvider());

    private LocalKeks() {}

    static byte[] randomKey() {
        byte[] key = new byte[LocalKek.BYTES];
        new SecureRandom().nextBytes(key);
        return key;
    }

    static LocalKek random(Primitives primitives) {
        return new LocalKek(primitives, List.of(randomKey()));
    }

    static String nameOf(byte[] key) {
        return new LocalKek(SUN, List.of(key)).current();
    }

    /** Writes a file that is its owner's alone. */
    static Path write(Path file, byte[] content) throws IOException {
        Files.write(file, content);
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    }
}
