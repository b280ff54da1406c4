package io.sallyport.sandbox;

import static java.util.Objects.requireNonNull;

/** A sandbox cannot do now what it was asked for; nothing was begun. */
public final class SandboxUnavailableException extends Exception {

    private static final long serialVersionUID = 1;

    private final String type;

    /**
     * Creates it.
     *
     * @param type a stable word for why, the same as the type of an {@link Outcome.Failure}, such as {@code Busy}
     * @param message for operators
     */
    public SandboxUnavailableException(String type, String message) {
        super(message);
        this.type = requireNonNull(type, "type");
    }

    /** Returns the stable word for why. */
    public String type() {
        return type;
    }
}
