package io.sallyport.sandbox;

import static java.util.Objects.requireNonNull;

/** Nothing was run: what was asked of {@link SandboxSessions} cannot be, or may not be. */
public final class SandboxRefusedException extends Exception {

    private static final long serialVersionUID = 1;

    private final SandboxError error;

    /**
     * Creates it.
     *
     * @param error why
     * @param message in words for whoever has asked
     */
    public SandboxRefusedException(SandboxError error, String message) {
        super(message);
        this.error = requireNonNull(error, "error");
    }

    /** Returns why. */
    public SandboxError error() {
        return error;
    }
}
