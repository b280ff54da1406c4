package io.sallyport.security.vault;

import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A key that is derived from a passphrase: Argon2id (RFC 9106) of it in UTF-8. What it is derived with is text, such as
 * {@code argon2id$v=19$m=65536,t=3,p=4$SALT$local-0123456789abcdef}: memory in KiB, passes, lanes, 16 bytes of salt in base64
 * without padding, and the name of the key that comes of it, by which a wrong passphrase is noticed before anything is wrapped.
 */
final class PassphraseKey {

    private static final int SALT_BYTES = 16;

    /** What OWASP asks for as the least, and what a server can spare when it starts. */
    private static final int FEWEST_KIB = 19 * 1024;

    private static final int MOST_KIB = 1024 * 1024;
    private static final int FEWEST_PASSES = 2;
    private static final int MOST_PASSES = 20;
    private static final int MOST_LANES = 16;

    private static final int FEWEST_CHARACTERS = 12;

    private static final Pattern PARAMETERS = Pattern.compile(
            "argon2id\\$v=19\\$m=(\\d{1,9}),t=(\\d{1,9}),p=(\\d{1,9})\\$([A-Za-z0-9+/]{22})\\$(local-[0-9a-f]{16})");

    private PassphraseKey() {}

    /** What a key is derived with, but for the passphrase. */
    private record Costs(int kib, int passes, int lanes) {

        /** The second choice of RFC 9106, for where memory is short. */
        static final Costs USUAL = new Costs(64 * 1024, 3, 4);

        void check() throws KekUnavailableException {
            check("m", kib, FEWEST_KIB, MOST_KIB);
            check("t", passes, FEWEST_PASSES, MOST_PASSES);
            check("p", lanes, 1, MOST_LANES);
        }

        private static void check(String what, int value, int fewest, int most) throws KekUnavailableException {
            if (value < fewest || value > most) {
                throw new KekUnavailableException("the parameters of a passphrase ask for " + what + "=" + value
                        + ", which has to be from " + fewest + " to " + most
                        + "; take those that were made with the passphrase");
            }
        }
    }

    /** Returns new parameters for a passphrase. */
    static String newParameters(Primitives primitives, char[] passphrase) throws KekUnavailableException {
        byte[] salt = new byte[SALT_BYTES];
        new SecureRandom().nextBytes(salt);
        LocalKek kek = derive(primitives, passphrase, Costs.USUAL, salt);
        return "argon2id$v=19$m=" + Costs.USUAL.kib() + ",t=" + Costs.USUAL.passes() + ",p=" + Costs.USUAL.lanes() + "$"
                + Base64.getEncoder().withoutPadding().encodeToString(salt) + "$" + kek.current();
    }

    /** Returns the key of a passphrase. */
    static LocalKek of(Primitives primitives, char[] passphrase, String parameters) throws KekUnavailableException {
        Matcher matcher = PARAMETERS.matcher(parameters);
        if (!matcher.matches()) {
            throw new KekUnavailableException("these are no parameters of a passphrase: " + parameters
                    + "; take those that KekProviders.newPassphraseParameters has returned for it");
        }
        Costs costs = new Costs(
                Integer.parseInt(matcher.group(1)),
                Integer.parseInt(matcher.group(2)),
                Integer.parseInt(matcher.group(3)));
        costs.check();
        LocalKek kek = derive(primitives, passphrase, costs, Base64.getDecoder().decode(matcher.group(4)));
        if (!kek.current().equals(matcher.group(5))) {
            throw new KekUnavailableException(
                    "the passphrase is not the one that the parameters of the key-encryption key " + matcher.group(5)
                            + " were made for, or they were changed; set the right ones");
        }
        return kek;
    }

    private static LocalKek derive(Primitives primitives, char[] passphrase, Costs costs, byte[] salt)
            throws KekUnavailableException {
        if (passphrase.length < FEWEST_CHARACTERS) {
            throw new KekUnavailableException("the passphrase has " + passphrase.length
                    + " characters, and has to have " + FEWEST_CHARACTERS + "; take six words or more, chosen by dice");
        }
        byte[] key = new byte[LocalKek.BYTES];
        try (SecretValue encoded = SecretValue.of(passphrase)) {
            return encoded.use(bytes -> {
                Argon2id.derive(bytes, salt, costs.kib(), costs.passes(), costs.lanes(), key);
                return new LocalKek(primitives, List.of(key));
            });
        } finally {
            Arrays.fill(key, (byte) 0);
        }
    }
}
