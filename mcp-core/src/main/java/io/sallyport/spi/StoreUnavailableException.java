package io.sallyport.spi;

/**
 * A store cannot be reached, or does not answer in time. What was asked may have been done or not. Clients hear of it as
 * status 503 with a time after which to try again.
 */
public final class StoreUnavailableException extends RuntimeException {

    private static final long serialVersionUID = 1;

    /**
     * Creates one that has no cause but what it says.
     *
     * @param message what does not work, for operators; no secrets
     */
    public StoreUnavailableException(String message) {
        super(message);
    }

    /**
     * Creates one.
     *
     * @param message what does not work, for operators; no secrets
     * @param cause what the store's client said
     */
    public StoreUnavailableException(String message, Throwable cause) {
        super(message, cause);
    }
}
