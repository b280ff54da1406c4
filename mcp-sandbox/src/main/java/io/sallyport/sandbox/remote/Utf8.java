package io.sallyport.sandbox.remote;

import java.nio.charset.StandardCharsets;

/** Text in bytes. */
final class Utf8 {

    private Utf8() {}

    /** Returns as much text as there is room for, and no half characters. */
    static String cut(byte[] bytes, int most) {
        int end = Math.min(bytes.length, most);
        while (end < bytes.length && end > 0 && (bytes[end] & 0xC0) == 0x80) {
            end--;
        }
        return new String(bytes, 0, end, StandardCharsets.UTF_8);
    }
}
