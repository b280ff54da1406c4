package io.sallyport.spi;

/**
 * Takes secrets out of text that is about to be logged, audited or sent. Thread-safe. Fails closed: if it throws, the text
 * is dropped.
 */
@FunctionalInterface
public interface Redactor {

    /** Returns the text without the secrets that are known to have been used, each replaced by a mark. */
    String redact(String text);

    /**
     * Returns whether there is nothing to look for just now. Asked before a text is even put together, on every message;
     * must cost next to nothing. Defaults to false.
     */
    default boolean isIdle() {
        return false;
    }

    /**
     * Returns a stream that does the same to bytes that come in pieces, also with secrets that are used later. Defaults to
     * one that keeps back what it has of a line, up to 1 MiB, and so misses secrets of several lines.
     */
    default RedactingStream stream() {
        return new LineStream(this);
    }

    /** Returns a redactor that knows no secret. */
    static Redactor none() {
        return NoRedactor.INSTANCE;
    }
}
