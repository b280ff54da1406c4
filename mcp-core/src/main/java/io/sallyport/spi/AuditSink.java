package io.sallyport.spi;

/**
 * Keeps the record of who did what. Told of every call that reached a filter, when it has ended. What it throws is
 * logged; the call was carried out by then.
 */
@FunctionalInterface
public interface AuditSink {

    /** Records an event. Should be quick; called on the threads that serve requests. */
    void record(AuditEvent event);

    /** Returns a sink that records nothing. */
    static AuditSink none() {
        return event -> {};
    }
}
