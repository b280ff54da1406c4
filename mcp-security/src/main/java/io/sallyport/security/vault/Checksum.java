package io.sallyport.security.vault;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * The end of each file of ours: SHA-256 over all that comes before. It finds what was damaged; it does not find what somebody
 * has changed on purpose, who would write another.
 */
final class Checksum {

    static final int BYTES = 32;

    private static final int SHOWN_BYTES = 8;

    private Checksum() {}

    static byte[] of(byte[] bytes, int length) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(bytes, 0, length);
            return digest.digest();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /** Returns the bytes with their checksum behind them. */
    static byte[] append(byte[] body) {
        byte[] all = Arrays.copyOf(body, body.length + BYTES);
        System.arraycopy(of(body, body.length), 0, all, body.length, BYTES);
        return all;
    }

    /** Checks the last bytes. */
    static void check(byte[] file) throws UnusableFileException {
        int length = file.length - BYTES;
        if (length < 0) {
            throw UnusableFileException.damaged("it has " + file.length + " bytes, fewer than a checksum has");
        }
        byte[] expected = of(file, length);
        byte[] found = Arrays.copyOfRange(file, length, file.length);
        if (!Arrays.equals(expected, found)) {
            throw UnusableFileException.damaged("the checksum of its contents is " + shown(expected)
                    + ", but the one at its end is " + shown(found));
        }
    }

    private static String shown(byte[] checksum) {
        return HexFormat.of().formatHex(checksum, 0, SHOWN_BYTES) + "…";
    }
}
