package io.sallyport.spi;

import static java.util.Objects.requireNonNull;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The name of a secret as operators write it: {@code secret://tenant/name}, or {@code secret://tenant/name#field} for a
 * member of the JSON object that the secret's value is.
 *
 * <p>Each part has 1 to 64 letters, digits, {@code .}, {@code _} and {@code -}, and begins and ends with a letter, a digit
 * or {@code _}: so that it is plain where a reference ends that stands in other text.
 *
 * @param tenant whose secret it is
 * @param name its name there
 * @param field the member of its value; empty for the whole value
 */
public record SecretReference(String tenant, String name, Optional<String> field) {

    /** What each reference begins with. */
    public static final String SCHEME = "secret://";

    /** More than this cannot be a reference. */
    public static final int MOST_CHARS = SCHEME.length() + 3 * 64 + 2;

    private static final String PART = "[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9_])?";
    private static final Pattern PART_ALONE = Pattern.compile(PART);
    private static final Pattern WHOLE = Pattern.compile(SCHEME + "(" + PART + ")/(" + PART + ")(?:#(" + PART + "))?");

    /**
     * Checks the parts.
     *
     * @throws IllegalArgumentException if one of them may not stand in a reference
     */
    public SecretReference {
        requirePart("tenant", tenant);
        requirePart("name", name);
        requireNonNull(field, "field").ifPresent(member -> requirePart("field", member));
    }

    private static void requirePart(String what, String part) {
        if (!PART_ALONE.matcher(requireNonNull(part, what)).matches()) {
            throw new IllegalArgumentException(
                    "the " + what + " of a secret is 1 to 64 letters, digits, '.', '_' and '-', "
                            + "with a letter, a digit or '_' at both ends, but was \"" + shortened(part)
                            + "\"; give it another");
        }
    }

    /**
     * Returns the reference that a text is.
     *
     * @throws IllegalArgumentException if it is none
     */
    public static SecretReference parse(String text) {
        Matcher matcher = WHOLE.matcher(requireNonNull(text, "text"));
        if (text.length() > MOST_CHARS || !matcher.matches()) {
            throw new IllegalArgumentException("\"" + shortened(text) + "\" is no reference to a secret; write "
                    + "secret://tenant/name or secret://tenant/name#field, each part of 1 to 64 letters, digits, '.', '_' "
                    + "and '-', with a letter, a digit or '_' at both ends");
        }
        return new SecretReference(matcher.group(1), matcher.group(2), Optional.ofNullable(matcher.group(3)));
    }

    private static String shortened(String text) {
        return text.length() <= 80 ? text : text.substring(0, 80) + "…";
    }

    /** Returns the reference as operators write it. */
    @Override
    public String toString() {
        return SCHEME + tenant + "/" + name + field.map(member -> "#" + member).orElse("");
    }
}
