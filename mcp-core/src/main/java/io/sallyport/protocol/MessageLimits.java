package io.sallyport.protocol;

/**
 * What a message may measure at the most. Immutable.
 *
 * @param maxBytes the whole message, in bytes
 * @param maxDepth how deeply objects and arrays may nest; the message itself is depth 1
 * @param maxStringBytes one string value, in bytes as written, without its quotes
 * @param maxNameBytes one member name, in bytes as written, without its quotes
 * @param maxNumberBytes one number, in bytes as written; long numbers are cheap to send and dear to convert
 */
public record MessageLimits(int maxBytes, int maxDepth, int maxStringBytes, int maxNameBytes, int maxNumberBytes) {

    /** The largest nesting that can be configured; deeper documents exhaust the stacks of common JSON libraries. */
    public static final int MAX_CONFIGURABLE_DEPTH = 1000;

    private static final int KIB = 1024;
    private static final int MIB = 1024 * KIB;

    /** Returns the limits of what clients send: 1 MiB, depth 64, strings up to the whole, names up to 4 KiB. */
    public static MessageLimits forClients() {
        return new MessageLimits(MIB, 64, MIB, 4 * KIB, 1000);
    }

    /** Returns the limits of what upstreams send: 4 MiB, depth 64, strings up to the whole, names up to 4 KiB. */
    public static MessageLimits forUpstreams() {
        return forClients().withMaxBytes(4 * MIB);
    }

    /**
     * Checks each value.
     *
     * @throws IllegalArgumentException if a value is not positive, or the depth is above {@value
     *     #MAX_CONFIGURABLE_DEPTH}
     */
    public MessageLimits {
        requirePositive("maxBytes", maxBytes);
        requirePositive("maxDepth", maxDepth);
        requirePositive("maxStringBytes", maxStringBytes);
        requirePositive("maxNameBytes", maxNameBytes);
        requirePositive("maxNumberBytes", maxNumberBytes);
        if (maxDepth > MAX_CONFIGURABLE_DEPTH) {
            throw new IllegalArgumentException("maxDepth must be at most " + MAX_CONFIGURABLE_DEPTH + ", but was "
                    + maxDepth + "; deeper documents exhaust the stacks of the peers' JSON libraries");
        }
    }

    /** Returns these limits with another size of the whole message, which strings may then fill. */
    public MessageLimits withMaxBytes(int bytes) {
        return new MessageLimits(bytes, maxDepth, bytes, maxNameBytes, maxNumberBytes);
    }

    /** Returns these limits with another depth. */
    public MessageLimits withMaxDepth(int depth) {
        return new MessageLimits(maxBytes, depth, maxStringBytes, maxNameBytes, maxNumberBytes);
    }

    private static void requirePositive(String name, int value) {
        if (value <= 0) {
            throw new IllegalArgumentException(name + " must be positive, but was " + value);
        }
    }
}
