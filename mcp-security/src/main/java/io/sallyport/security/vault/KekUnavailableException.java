package io.sallyport.security.vault;

/** A key-encryption key cannot be had now. The message is for operators. */
public final class KekUnavailableException extends Exception {

    private static final long serialVersionUID = 1;

    /** Creates it. */
    public KekUnavailableException(String message) {
        super(message);
    }

    /** Creates it for a reason. */
    public KekUnavailableException(String message, Throwable cause) {
        super(message, cause);
    }
}
