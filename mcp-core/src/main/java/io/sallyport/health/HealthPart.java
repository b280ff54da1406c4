package io.sallyport.health;

import io.sallyport.spi.Principal;
import java.util.Map;
import java.util.Optional;

/**
 * A part of a gateway's health that others than core know, such as its circuit breakers; operators look at it, and reset it,
 * through the gateway. Thread-safe; answers at once from what is known.
 *
 * @since 0.1
 */
public interface HealthPart {

    /** Returns the word by which it is found: small letters and {@code -}. Always the same. */
    String name();

    /** Returns whether all of it is as it should be. */
    boolean isWell();

    /**
     * Returns what it consists of, by name: for operators, as maps of what JSON can say. Durations are in milliseconds, under names that
     * end with {@code Ms}.
     */
    Map<String, Map<String, ?>> items();

    /**
     * Has it forget what has gone wrong, on this node. Called at each node of a cluster for what an operator does at one of them.
     *
     * @param item which item; empty for all
     * @param operator who wants it
     * @param reason why, in his words
     * @return whether there is such an item
     */
    boolean reset(Optional<String> item, Principal operator, String reason);
}
