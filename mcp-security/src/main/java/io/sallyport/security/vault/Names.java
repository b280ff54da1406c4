package io.sallyport.security.vault;

import java.util.regex.Pattern;

/** What tenants and secrets may be called: nothing that means something in a reference, a file name or a log. */
final class Names {

    private static final Pattern ALLOWED = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");

    private Names() {}

    /**
     * Returns the name.
     *
     * @param what it is the name of
     * @throws IllegalArgumentException if nothing may be called that
     */
    static String checked(String what, String name) {
        if (!ALLOWED.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    what + " must have 1 to 128 of the characters A-Z a-z 0-9 . _ - and begin with"
                            + " a letter or a digit, but was '" + name + "'");
        }
        return name;
    }
}
