package io.sallyport.spi;

/**
 * Takes secrets out of text that is about to be logged, audited or sent. Fails closed: if it throws, the text is dropped.
 */
@FunctionalInterface
public interface Redactor {

    /** Returns the text without the secrets that are known to have been used, each replaced by a mark. */
    String redact(String text);

    /** Returns a redactor that knows no secret. */
    static Redactor none() {
        return text -> text;
    }
}
