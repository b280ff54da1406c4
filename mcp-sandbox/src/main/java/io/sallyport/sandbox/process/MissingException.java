package io.sallyport.sandbox.process;

/** This machine lacks what the enclosure needs: it is not to be made weaker, but to be done without. */
final class MissingException extends Exception {

    private static final long serialVersionUID = 1;

    MissingException(String message) {
        super(message);
    }

    MissingException(String message, Throwable cause) {
        super(message, cause);
    }
}
