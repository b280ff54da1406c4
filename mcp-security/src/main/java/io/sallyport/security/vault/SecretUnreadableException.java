package io.sallyport.security.vault;

/**
 * A secret is there and does not open. For all causes it is the same, since it may be told to whoever has caused it; the log
 * says which it was.
 */
public final class SecretUnreadableException extends Exception {

    private static final long serialVersionUID = 1;

    SecretUnreadableException() {
        super("the secret cannot be opened");
    }
}
