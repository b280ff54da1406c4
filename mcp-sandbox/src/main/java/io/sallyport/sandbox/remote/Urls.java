package io.sallyport.sandbox.remote;

import java.net.URI;
import java.time.Duration;

/** Checks of what is set. */
final class Urls {

    private static final Duration LONGEST = Duration.ofHours(1);

    private Urls() {}

    /** Returns the URL that paths can be appended to. */
    static URI base(URI url) {
        if (url.getHost() == null || url.getRawQuery() != null || url.getRawFragment() != null) {
            throw new IllegalArgumentException(
                    "url must be like http://127.0.0.1:5555, without query and fragment, but was " + withoutUser(url));
        }
        String text = url.toString();
        return URI.create(text.endsWith("/") ? text.substring(0, text.length() - 1) : text);
    }

    private static String withoutUser(URI url) {
        return url.getScheme() + "://" + url.getHost();
    }

    static Duration checked(String name, Duration value) {
        if (value.isNegative() || value.isZero() || value.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException(name + " must be positive and at most an hour, but was " + value);
        }
        return value;
    }
}
