package io.sallyport.sandbox.remote;

import java.security.SecureRandom;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The names of machines: they say whose a machine is, and which life of his it comes from, so that whoever starts again
 * finds what he has left behind, and nothing else.
 *
 * <pre>
 * owner - life, 64 bits - 128 random bits      at most 22 + 1 + 13 + 1 + 26 = 63 characters
 * </pre>
 */
final class MachineNames {

    private static final SecureRandom RANDOM = new SecureRandom();
    private static final Pattern OWNER = Pattern.compile("[a-z0-9][a-z0-9-]{0,21}");

    /** Some file systems do not tell upper from lower case. */
    private static final String DIGITS = "abcdefghijklmnopqrstuvwxyz234567";

    private static final int LIFE_DIGITS = 13;
    private static final int OWN_DIGITS = 26;

    private final String life = random(LIFE_DIGITS);
    private final String owner;
    private final Pattern ownersMachine;

    /** @throws IllegalArgumentException if that is no name for an owner */
    MachineNames(String owner) {
        if (!OWNER.matcher(owner).matches()) {
            throw new IllegalArgumentException(
                    "owner must be 1 to 22 of a-z, 0-9 and -, the first not -, but was \"" + owner + "\"");
        }
        this.owner = owner;
        // What both ends are of is of fixed length: no owner's name can be continued into another's.
        this.ownersMachine =
                Pattern.compile(Pattern.quote(owner) + "-([a-z2-7]{" + LIFE_DIGITS + "})-[a-z2-7]{" + OWN_DIGITS + "}");
    }

    /** Returns this life. */
    String life() {
        return life;
    }

    /** Returns a name that nothing has yet. */
    String next() {
        return owner + "-" + life + "-" + random(OWN_DIGITS);
    }

    /** Returns the life that a machine of this owner comes from; empty if it is not his. */
    Optional<String> lifeOf(String machine) {
        Matcher matcher = ownersMachine.matcher(machine);
        return matcher.matches() ? Optional.of(matcher.group(1)) : Optional.empty();
    }

    private static String random(int digits) {
        StringBuilder text = new StringBuilder(digits);
        for (int i = 0; i < digits; i++) {
            text.append(DIGITS.charAt(RANDOM.nextInt(DIGITS.length())));
        }
        return text.toString();
    }

    /** Returns what nobody can guess, for one use. */
    static String nonce() {
        return random(OWN_DIGITS);
    }
}
