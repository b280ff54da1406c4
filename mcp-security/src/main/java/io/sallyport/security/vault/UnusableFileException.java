package io.sallyport.security.vault;

/** A file is not what it should be. Says why, and what an operator does about it. */
final class UnusableFileException extends Exception {

    private static final long serialVersionUID = 1;

    private final boolean damaged;

    private UnusableFileException(String reason, boolean damaged) {
        super(reason);
        this.damaged = damaged;
    }

    static UnusableFileException damaged(String reason) {
        return new UnusableFileException(reason, true);
    }

    static UnusableFileException ofUnknownVersion(int version, int known) {
        return new UnusableFileException(
                "it has version " + version + " of the format, and this release reads version " + known, false);
    }

    /** Returns whether it may have been good once; else another release reads it. */
    boolean isDamaged() {
        return damaged;
    }
}
