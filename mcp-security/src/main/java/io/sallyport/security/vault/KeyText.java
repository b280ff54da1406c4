package io.sallyport.security.vault;

import java.util.Arrays;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * A key as operators write it down: 64 hex digits, or base64 of 32 bytes, with a final line break or without; in files also the
 * 32 bytes themselves. No message holds anything of what was read.
 */
final class KeyText {

    /** More than the longest form has. */
    static final int MOST_BYTES = 128;

    private static final int HEX_DIGITS = 2 * LocalKek.BYTES;
    private static final int BASE64_CHARACTERS = 44;

    private static final String FORMS =
            "64 hex digits (openssl rand -hex 32) or base64 of 32 bytes (openssl rand -base64 32)";

    private KeyText() {}

    /**
     * Returns the key, which is the caller's to erase.
     *
     * @param where where it was found, as a sentence about it begins
     */
    static byte[] read(byte[] text, boolean mayBeRaw, String where) throws KekUnavailableException {
        if (text.length == 0) {
            throw new KekUnavailableException(where + " is empty; it has to hold " + FORMS);
        }
        byte[] key = mayBeRaw && text.length == LocalKek.BYTES ? raw(text, where) : written(text, where);
        if (isOneByteOverAndOver(key)) {
            Arrays.fill(key, (byte) 0);
            throw new KekUnavailableException(
                    where + " holds one byte over and over, as a file does that was never "
                            + "written to its end; put the key in from where it is kept, or make a new one if it was never used");
        }
        return key;
    }

    private static byte[] raw(byte[] bytes, String where) throws KekUnavailableException {
        for (byte one : bytes) {
            if (one < ' ' || one > '~') {
                return bytes.clone();
            }
        }
        // Of 10^13 random keys not one looks like this, but each half of a key in hex does, and each password.
        throw new KekUnavailableException(
                where + " holds 32 characters of text, which are fewer bits than a key has; it "
                        + "has to hold 32 random bytes, " + FORMS);
    }

    private static byte[] written(byte[] text, String where) throws KekUnavailableException {
        int end = withoutLineBreak(text);
        byte[] key = switch (end) {
            case HEX_DIGITS -> fromHex(text);
            case BASE64_CHARACTERS -> fromBase64(text);
            default -> throw wrongSize(end, where);
        };
        if (key == null) {
            throw new KekUnavailableException(where + " has as many characters as a key, " + end + ", but not those of "
                    + (end == HEX_DIGITS ? "hex" : "base64 of 32 bytes") + "; it has to hold " + FORMS);
        }
        return key;
    }

    private static int withoutLineBreak(byte[] text) {
        int end = text.length;
        if (text[end - 1] == '\n') {
            end--;
            if (end > 0 && text[end - 1] == '\r') {
                end--;
            }
        }
        return end;
    }

    private static KekUnavailableException wrongSize(int size, String where) {
        if (size < HEX_DIGITS) {
            return new KekUnavailableException(
                    where + " has " + size + " bytes, fewer than a key: a shorter key, or one "
                            + "that was not written to its end; it has to hold " + FORMS);
        }
        return new KekUnavailableException(where + " has more bytes than a key; it has to hold " + FORMS);
    }

    private static byte @Nullable [] fromHex(byte[] text) {
        byte[] key = new byte[LocalKek.BYTES];
        for (int i = 0; i < key.length; i++) {
            int high = Character.digit(text[2 * i], 16);
            int low = Character.digit(text[2 * i + 1], 16);
            if (high < 0 || low < 0) {
                Arrays.fill(key, (byte) 0);
                return null;
            }
            key[i] = (byte) (high << 4 | low);
        }
        return key;
    }

    private static byte @Nullable [] fromBase64(byte[] text) {
        byte[] characters = Arrays.copyOf(text, BASE64_CHARACTERS);
        byte[] key = new byte[LocalKek.BYTES + 1];
        try {
            // What it throws names the character that is wrong.
            int decoded = Base64.getDecoder().decode(characters, key);
            return decoded == LocalKek.BYTES ? Arrays.copyOf(key, LocalKek.BYTES) : null;
        } catch (IllegalArgumentException e) {
            return null;
        } finally {
            Arrays.fill(characters, (byte) 0);
            Arrays.fill(key, (byte) 0);
        }
    }

    private static boolean isOneByteOverAndOver(byte[] key) {
        for (byte one : key) {
            if (one != key[0]) {
                return false;
            }
        }
        return true;
    }
}
