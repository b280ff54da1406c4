package io.sallyport.examples.gateway;

/** What the program's exit code means; the README and {@code --help} say the same. */
enum ExitCode {
    /** It was asked to end, or did what it was asked to. */
    OK(0),
    /** Something else. */
    OTHER(1),
    /** An option or the configuration file is wrong. */
    BAD_CONFIGURATION(2),
    /** Another process has the port. */
    PORT_TAKEN(3);

    private final int number;

    ExitCode(int number) {
        this.number = number;
    }

    int number() {
        return number;
    }
}
