package io.sallyport.sandbox.process;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * What a worker tells of how code ended, as it comes in. It begins with the request's nonce and its own length: what code
 * may have written before does not pass for it. Confined to one thread.
 */
final class Reply {

    /** A nonce, a blank, a number of bytes, and a line's end. */
    private static final int MOST_HEADER_BYTES = 64;

    private final byte[] nonce;
    private final int mostBytes;
    private final ByteArrayOutputStream received = new ByteArrayOutputStream();

    /** Where the text begins, and how long it is; negative while the header has not come. */
    private int start = -1;

    private int length = -1;
    private boolean isForged;

    Reply(String nonce, int mostBytes) {
        this.nonce = (nonce + " ").getBytes(StandardCharsets.US_ASCII);
        this.mostBytes = mostBytes;
    }

    void add(byte[] bytes, int count) {
        received.write(bytes, 0, count);
        if (start < 0) {
            readHeader();
        }
        isForged |= start >= 0 && received.size() > start + length;
    }

    private void readHeader() {
        byte[] all = received.toByteArray();
        for (int i = 0; i < Math.min(all.length, nonce.length); i++) {
            isForged |= all[i] != nonce[i];
        }
        int end = nonce.length;
        while (end < all.length && all[end] >= '0' && all[end] <= '9' && end < MOST_HEADER_BYTES) {
            end++;
        }
        if (end >= all.length || isForged) {
            return;
        }
        String digits = new String(all, nonce.length, end - nonce.length, StandardCharsets.US_ASCII);
        if (all[end] != '\n' || digits.isEmpty() || digits.length() > 9) {
            isForged = true;
            return;
        }
        start = end + 1;
        length = Integer.parseInt(digits);
        isForged = length > mostBytes;
    }

    /** Returns whether what has come in can be no reply, whatever may still come. */
    boolean isForged() {
        return isForged;
    }

    /** Returns it, once it is there. */
    Optional<String> text() {
        return start < 0 || isForged || received.size() < start + length
                ? Optional.empty()
                : Optional.of(new String(received.toByteArray(), start, length, StandardCharsets.UTF_8));
    }
}
