package io.sallyport.spi;

import static java.util.Objects.requireNonNull;

import java.util.Optional;
import java.util.Set;

/**
 * What a {@link SessionStore} keeps of a legacy session. Immutable; {@link #version()} counts the changes.
 *
 * <p>The first five are fixed when the session is opened, the others change.
 */
public final class SessionRecord {

    private final String key;
    private final String endpoint;
    private final Principal principal;
    private final String protocolVersion;
    private final String initializeParams;
    private final long version;
    private final Optional<String> logLevel;
    private final Set<String> subscriptions;

    private SessionRecord(
            String key,
            String endpoint,
            Principal principal,
            String protocolVersion,
            String initializeParams,
            long version,
            Optional<String> logLevel,
            Set<String> subscriptions) {
        this.key = requireNonNull(key, "key");
        this.endpoint = requireNonNull(endpoint, "endpoint");
        this.principal = requireNonNull(principal, "principal");
        this.protocolVersion = requireNonNull(protocolVersion, "protocolVersion");
        this.initializeParams = requireNonNull(initializeParams, "initializeParams");
        this.version = version;
        this.logLevel = requireNonNull(logLevel, "logLevel");
        this.subscriptions = Set.copyOf(subscriptions);
    }

    /**
     * Returns the record of a new session, at version 0.
     *
     * @param key what the session is found by: a hash of its id, never the id itself
     * @param endpoint the path of the endpoint that it was opened at
     * @param principal who opened it
     * @param protocolVersion the revision negotiated
     * @param initializeParams the {@code params} of {@code initialize}, as they were sent
     */
    public static SessionRecord opened(
            String key, String endpoint, Principal principal, String protocolVersion, String initializeParams) {
        return new SessionRecord(
                key, endpoint, principal, protocolVersion, initializeParams, 0, Optional.empty(), Set.of());
    }

    /** Returns what the session is found by. */
    public String key() {
        return key;
    }

    /** Returns the path of the endpoint that it was opened at. */
    public String endpoint() {
        return endpoint;
    }

    /** Returns who opened it. */
    public Principal principal() {
        return principal;
    }

    /** Returns the revision negotiated. */
    public String protocolVersion() {
        return protocolVersion;
    }

    /** Returns the {@code params} of {@code initialize}, as they were sent. */
    public String initializeParams() {
        return initializeParams;
    }

    /** Returns how often the record has changed. */
    public long version() {
        return version;
    }

    /** Returns the least level of log messages wanted, if the client has set one. */
    public Optional<String> logLevel() {
        return logLevel;
    }

    /** Returns the URIs of the resources watched. */
    public Set<String> subscriptions() {
        return subscriptions;
    }

    /** Returns the next version, with this log level. */
    public SessionRecord withLogLevel(String level) {
        return next(Optional.of(level), subscriptions);
    }

    /** Returns the next version, with these subscriptions. */
    public SessionRecord withSubscriptions(Set<String> uris) {
        return next(logLevel, uris);
    }

    private SessionRecord next(Optional<String> level, Set<String> uris) {
        return new SessionRecord(key, endpoint, principal, protocolVersion, initializeParams, version + 1, level, uris);
    }

    @Override
    public String toString() {
        return "SessionRecord[" + key + ", version " + version + "]";
    }
}
