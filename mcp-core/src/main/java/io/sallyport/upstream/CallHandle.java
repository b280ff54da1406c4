package io.sallyport.upstream;

/** A call under way. */
public interface CallHandle {

    /**
     * Gives the call up: the upstream is told in the way of its era, and the listener hears no more. Does nothing if the
     * call has ended.
     *
     * @param reason one sentence that the upstream may see
     */
    void cancel(String reason);
}
