package io.sallyport.examples.gateway;

/** Ends the program, with the one line that says why. */
final class Failure extends Exception {

    private static final long serialVersionUID = 1L;

    private final ExitCode exitCode;

    Failure(ExitCode exitCode, String message) {
        super(message);
        this.exitCode = exitCode;
    }

    ExitCode exitCode() {
        return exitCode;
    }
}
