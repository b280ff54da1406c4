package io.sallyport.spi;

import static java.util.Objects.requireNonNull;

import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a {@link SessionStore} keeps of a legacy session. Immutable; {@link #version()} counts the changes.
 *
 * <p>The first five are fixed when the session is opened, the others change.
 */
public final class SessionRecord {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.session");

    private static final int FORMAT = 1;

    private final String key;
    private final String endpoint;
    private final Principal principal;
    private final String protocolVersion;
    private final String initializeParams;
    private final long version;
    private final Optional<String> logLevel;
    private final Set<String> subscriptions;
    private final Map<String, String> upstreams;

    /** What a newer node has kept that is not known here: passed on as it is. */
    private final Map<String, JsonValue> unknown;

    private SessionRecord(
            String key,
            String endpoint,
            Principal principal,
            String protocolVersion,
            String initializeParams,
            long version,
            Optional<String> logLevel,
            Set<String> subscriptions,
            Map<String, String> upstreams,
            Map<String, JsonValue> unknown) {
        this.key = requireNonNull(key, "key");
        this.endpoint = requireNonNull(endpoint, "endpoint");
        this.principal = requireNonNull(principal, "principal");
        this.protocolVersion = requireNonNull(protocolVersion, "protocolVersion");
        this.initializeParams = requireNonNull(initializeParams, "initializeParams");
        this.version = version;
        this.logLevel = requireNonNull(logLevel, "logLevel");
        this.subscriptions = Set.copyOf(subscriptions);
        this.upstreams = Map.copyOf(upstreams);
        this.unknown = unknown;
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
                key,
                endpoint,
                principal,
                protocolVersion,
                initializeParams,
                0,
                Optional.empty(),
                Set.of(),
                Map.of(),
                Map.of());
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

    /** Returns what a node has to know to go on with the session's state at upstreams, by their names. */
    public Map<String, String> upstreams() {
        return upstreams;
    }

    /** Returns the next version, with this log level. */
    public SessionRecord withLogLevel(String level) {
        return next(Optional.of(level), subscriptions, upstreams);
    }

    /** Returns the next version, with these subscriptions. */
    public SessionRecord withSubscriptions(Set<String> uris) {
        return next(logLevel, uris, upstreams);
    }

    /** Returns the next version, with this to know of an upstream. */
    public SessionRecord withUpstream(String name, String state) {
        Map<String, String> changed = new LinkedHashMap<>(upstreams);
        changed.put(name, state);
        return next(logLevel, subscriptions, changed);
    }

    /** Returns the next version, with nothing to know of an upstream. */
    public SessionRecord withoutUpstream(String name) {
        Map<String, String> changed = new LinkedHashMap<>(upstreams);
        changed.remove(name);
        return next(logLevel, subscriptions, changed);
    }

    private SessionRecord next(Optional<String> level, Set<String> uris, Map<String, String> states) {
        return new SessionRecord(
                key, endpoint, principal, protocolVersion, initializeParams, version + 1, level, uris, states, unknown);
    }

    /** Returns the same version with other texts, for a store that keeps them in another form. */
    SessionRecord with(String params, Map<String, String> states) {
        return new SessionRecord(
                key, endpoint, principal, protocolVersion, params, version, logLevel, subscriptions, states, unknown);
    }

    /**
     * Returns the record as JSON text, for a store. Nodes of other releases can read it: they keep members that they do
     * not know.
     */
    public String encoded() {
        Map<String, Object> members = new LinkedHashMap<>(unknown);
        members.put("format", FORMAT);
        members.put("key", key);
        members.put("endpoint", endpoint);
        members.put(
                "principal",
                List.of(principal.issuer(), principal.clientId(), principal.subject(), principal.tenant()));
        members.put("protocolVersion", protocolVersion);
        members.put("initializeParams", initializeParams);
        members.put("version", version);
        logLevel.ifPresent(level -> members.put("logLevel", level));
        members.put("subscriptions", List.copyOf(subscriptions));
        members.put("upstreams", upstreams);
        return Json.write(members);
    }

    /**
     * As {@link #decoded}, for what a store has found: nothing, and a warning, if it is damaged, or was encoded in a form that
     * nodes of this release cannot read. Its client opens another session; the others are not concerned.
     */
    public static Optional<SessionRecord> read(String encoded) {
        try {
            return Optional.of(decoded(encoded));
        } catch (RuntimeException e) {
            LOGGER.atWarn()
                    .addKeyValue("reason", e.toString())
                    .log("a session was found in the store that cannot be read");
            return Optional.empty();
        }
    }

    /**
     * Returns the record that was encoded as this text.
     *
     * @throws IllegalArgumentException if it was encoded in a form that nodes of this release cannot read
     */
    public static SessionRecord decoded(String encoded) {
        Map<String, JsonValue> members =
                new LinkedHashMap<>(JsonValue.trusted(encoded).members());
        long format = member(members, "format").asLong().orElse(0);
        if (format != FORMAT) {
            throw new IllegalArgumentException("a session was kept in form " + format + ", but this release reads form "
                    + FORMAT + "; run nodes of releases that go together");
        }
        String key = text(members, "key");
        String endpoint = text(members, "endpoint");
        List<String> principal = texts(member(members, "principal"));
        String protocolVersion = text(members, "protocolVersion");
        String initializeParams = text(members, "initializeParams");
        long version = member(members, "version").asLong().orElse(0);
        Optional<String> logLevel =
                Optional.ofNullable(members.remove("logLevel")).flatMap(JsonValue::asString);
        Set<String> subscriptions = Set.copyOf(texts(member(members, "subscriptions")));
        Map<String, String> upstreams = new LinkedHashMap<>();
        member(members, "upstreams")
                .members()
                .forEach((name, state) -> upstreams.put(name, state.asString().orElse("")));
        return new SessionRecord(
                key,
                endpoint,
                new Principal(principal.get(0), principal.get(1), principal.get(2), principal.get(3)),
                protocolVersion,
                initializeParams,
                version,
                logLevel,
                subscriptions,
                upstreams,
                Map.copyOf(members));
    }

    private static JsonValue member(Map<String, JsonValue> members, String name) {
        JsonValue found = members.remove(name);
        if (found == null) {
            throw new IllegalArgumentException("a kept session has no \"" + name + "\"");
        }
        return found;
    }

    private static String text(Map<String, JsonValue> members, String name) {
        return member(members, name)
                .asString()
                .orElseThrow(() -> new IllegalArgumentException("a kept session's \"" + name + "\" is no string"));
    }

    private static List<String> texts(JsonValue list) {
        return list.elements().stream()
                .flatMap(element -> element.asString().stream())
                .toList();
    }

    @Override
    public String toString() {
        return "SessionRecord[" + key + ", version " + version + "]";
    }
}
