package io.sallyport.sandbox.remote;

import io.sallyport.sandbox.remote.RemoteFault.Kind;
import java.util.Arrays;
import java.util.function.Supplier;

/** Where the key of a server comes from: asked at each use, so that one that was replaced is used from then on. */
final class ApiKey {

    private final Supplier<char[]> source;
    private final int fewest;

    /** @param fewest how many characters it must have */
    ApiKey(Supplier<char[]> source, int fewest) {
        this.source = source;
        this.fewest = fewest;
    }

    /** Returns the key, or says why there is none; never what there was instead. */
    String read() throws RemoteFault {
        char[] key;
        try {
            key = source.get();
        } catch (RuntimeException e) {
            throw new RemoteFault(
                    Kind.KEY_REFUSED, "the key cannot be read: " + e.getClass().getName());
        }
        try {
            if (key.length < fewest) {
                throw new RemoteFault(
                        Kind.KEY_REFUSED,
                        "the key must have at least " + fewest + " characters, but had " + key.length);
            }
            for (char c : key) {
                if (c <= ' ' || c > '~') {
                    throw new RemoteFault(Kind.KEY_REFUSED, "the key has a character that no header may have");
                }
            }
            return new String(key);
        } finally {
            Arrays.fill(key, '\0');
        }
    }

    @Override
    public String toString() {
        return "ApiKey[***]";
    }
}
