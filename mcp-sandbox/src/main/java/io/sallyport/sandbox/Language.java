package io.sallyport.sandbox;

/** What code is written in. */
public enum Language {
    /** Python 3. */
    PYTHON("python"),
    /** JavaScript, as of ECMAScript 2020 at least. */
    JAVASCRIPT("javascript"),
    /**
     * A command line for the shell of the enclosure, {@code sh}. There are no inputs for it. Its value is its exit status, a
     * number; it has come to its end whatever that is. A session in this language keeps files, and no variables.
     */
    SHELL("shell");

    private final String word;

    Language(String word) {
        this.word = word;
    }

    /** Returns the stable word for settings, tools and logs. */
    public String word() {
        return word;
    }
}
