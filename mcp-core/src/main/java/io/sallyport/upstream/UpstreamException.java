package io.sallyport.upstream;

/** A session with an upstream could not be opened. */
public final class UpstreamException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final transient UpstreamFailure failure;

    /** Creates the exception for a failure. */
    public UpstreamException(UpstreamFailure failure) {
        super(failure.kind() + ": " + failure.detail());
        this.failure = failure;
    }

    /** Returns what went wrong. */
    public UpstreamFailure failure() {
        return failure;
    }
}
