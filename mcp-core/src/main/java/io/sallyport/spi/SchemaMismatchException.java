package io.sallyport.spi;

/** The tables of a component are not those that this release needs; the message says what to do. */
public final class SchemaMismatchException extends RuntimeException {

    private static final long serialVersionUID = 1;

    private final transient SchemaMigrator.State state;

    SchemaMismatchException(String message, SchemaMigrator.State state) {
        super(message);
        this.state = state;
    }

    /** Returns which versions are there, and which are missing. */
    public SchemaMigrator.State state() {
        return state;
    }
}
