package io.sallyport.security.vault.tool;

/** The command ends here. The message is for whoever has given it: what was wrong, and what to do. */
final class Failure extends Exception {

    private static final long serialVersionUID = 1;

    private final ExitCode code;

    Failure(ExitCode code, String message) {
        super(message);
        this.code = code;
    }

    static Failure usage(String message) {
        return new Failure(ExitCode.USAGE, message);
    }

    ExitCode code() {
        return code;
    }
}
