package io.sallyport.examples.gateway;

import java.util.regex.Pattern;

/**
 * Keeps what looks like a secret out of what is shown: people write them into arguments and URLs as well. It is a
 * courtesy, no protection; a secret belongs into a variable.
 */
final class Masking {

    private static final Pattern SECRET_NAME =
            Pattern.compile("key|token|secret|passw|pwd|credential|auth|bearer|header", Pattern.CASE_INSENSITIVE);

    private static final Pattern USER_INFO = Pattern.compile("(?<scheme>[A-Za-z][A-Za-z0-9+.-]*://)[^/?#@\\s]*@");

    private static final Pattern QUERY_VALUE = Pattern.compile("(?<name>[?&][^=&#\\s]*=)[^&#\\s]*");

    private Masking() {}

    /** Returns an argument as it may be shown; the one before it may be the option that it belongs to. */
    static String argument(String argument, String before) {
        if (isReference(argument)) {
            return argument;
        }
        int equals = argument.indexOf('=');
        if (equals > 0 && namesSecret(argument.substring(0, equals))) {
            String value = argument.substring(equals + 1);
            return argument.substring(0, equals + 1) + (isReference(value) ? value : Setting.HIDDEN);
        }
        boolean belongsToOption = before.startsWith("-") && before.indexOf('=') < 0 && !argument.startsWith("-");
        return belongsToOption && namesSecret(before) ? Setting.HIDDEN : urls(argument);
    }

    /** Returns whether something in an argument must not be shown. */
    static boolean hides(String argument, String before) {
        return !argument(argument, before).equals(argument);
    }

    private static boolean namesSecret(String option) {
        return SECRET_NAME.matcher(option).find();
    }

    /** {@code ${TOKEN}} is the way to keep a secret out of the file, and worth showing. */
    private static boolean isReference(String text) {
        return text.matches("\\$\\{[A-Za-z_][A-Za-z0-9_]*}");
    }

    /** Returns text without the credentials and the values of parameters of the URLs in it. */
    static String urls(String text) {
        String anonymous = USER_INFO.matcher(text).replaceAll("${scheme}" + Setting.HIDDEN + "@");
        return anonymous.contains("://")
                ? QUERY_VALUE.matcher(anonymous).replaceAll("${name}" + Setting.HIDDEN)
                : anonymous;
    }
}
