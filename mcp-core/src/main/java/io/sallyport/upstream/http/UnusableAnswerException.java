package io.sallyport.upstream.http;

import io.sallyport.upstream.UpstreamFailure;

/** What an upstream sent cannot be used; there is no point in reading the rest. */
final class UnusableAnswerException extends Exception {

    private static final long serialVersionUID = 1L;

    private final transient UpstreamFailure failure;

    UnusableAnswerException(UpstreamFailure failure) {
        super(failure.detail(), null, false, false);
        this.failure = failure;
    }

    UpstreamFailure failure() {
        return failure;
    }
}
