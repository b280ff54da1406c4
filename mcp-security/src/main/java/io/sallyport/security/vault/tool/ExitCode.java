package io.sallyport.security.vault.tool;

/** How the program ends. The numbers are a promise. */
enum ExitCode {
    /** All was done, and nothing is wrong. */
    DONE(0),
    /** Something is wrong with what is kept, or not as it was said to be: no such secret, one that does not open, one too many. */
    FOUND(1),
    /** The command is not understood, or not allowed like that. Nothing was done. */
    USAGE(2),
    /** The store cannot be used: it is not there, not reached, damaged, or open to others. */
    STORE(3),
    /** The key-encryption key cannot be had, or is another one. */
    KEY(4),
    /** A rotation waits for others. The same command goes on with it. */
    WAITS(5),
    /** A fault of the program. */
    FAULT(70);

    private final int number;

    ExitCode(int number) {
        this.number = number;
    }

    int number() {
        return number;
    }

    /** Returns the one that is worse to go on with. */
    ExitCode and(ExitCode other) {
        if (this == FOUND || other == FOUND) {
            return FOUND;
        }
        return compareTo(other) > 0 ? this : other;
    }
}
