package io.sallyport.gateway;

import static java.util.Objects.requireNonNull;

import io.sallyport.gateway.internal.LegacySessions;
import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import io.sallyport.spi.Principal;
import io.sallyport.spi.SessionStore;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The legacy sessions of a gateway, for operators: on all nodes that share a store. A session is named by the hash that
 * logs and audit events name it by, which opens nothing. Who may use this, the host decides.
 *
 * <p>Thread-safe. Methods ask the store, and throw a {@link io.sallyport.spi.StoreUnavailableException} if it cannot be
 * reached.
 */
public final class SessionAdministration {

    private static final int PAGE = 500;

    private final LegacySessions sessions;
    private final SessionStore store;

    SessionAdministration(LegacySessions sessions, SessionStore store) {
        this.sessions = sessions;
        this.store = store;
    }

    /**
     * A session.
     *
     * @param key names it
     * @param endpoint the path of the endpoint that it was opened at
     * @param principal who opened it
     * @param protocolVersion the revision negotiated
     * @param clientInfo who the client says that it is, as a JSON object
     * @param opened when it was opened, by the store's clock
     * @param used when it was used last, give or take a tenth of the idle time
     */
    public record Entry(
            String key,
            String endpoint,
            Principal principal,
            String protocolVersion,
            String clientInfo,
            Instant opened,
            Instant used) {}

    /**
     * How many there are.
     *
     * @param live sessions that live, on all nodes
     * @param heldHere those in use at this node
     * @param streamsHere streams that clients listen to at this node
     */
    public record Statistics(int live, int heldHere, int streamsHere) {}

    /**
     * Returns sessions that live, in the order of their keys.
     *
     * @param after the key after which to begin, as of the last one of the page before; empty for the first page
     * @param max how many to look at, at the most; a page of an endpoint may have fewer and not be the last
     * @throws IllegalArgumentException if max is not positive
     * @param endpoint only those opened at this path, if there is one
     * @param principal only those of this principal, if there is one
     */
    public List<Entry> list(String after, int max, Optional<String> endpoint, Optional<Principal> principal) {
        if (max <= 0) {
            throw new IllegalArgumentException("max must be positive, but was " + max);
        }
        return store.list(requireNonNull(after, "after"), max, principal).stream()
                .map(SessionAdministration::entry)
                .filter(entry -> endpoint.isEmpty() || endpoint.get().equals(entry.endpoint()))
                .toList();
    }

    private static Entry entry(SessionStore.Summary summary) {
        return new Entry(
                summary.record().key(),
                summary.record().endpoint(),
                summary.record().principal(),
                summary.record().protocolVersion(),
                JsonValue.trusted(summary.record().initializeParams())
                        .get("clientInfo")
                        .filter(JsonValue::isObject)
                        .map(JsonValue::toJson)
                        .orElse("{}"),
                summary.opened(),
                summary.used());
    }

    /**
     * Ends a session: calls under way are given up, streams end, and its client is told to open another. Does nothing if
     * there is no such session.
     */
    public void terminate(String key) {
        sessions.endedByServer(requireNonNull(key, "key"));
    }

    /** Ends all sessions of a principal, and returns how many there were. */
    public int terminateAll(Principal principal) {
        List<String> keys = new ArrayList<>();
        String after = "";
        List<SessionStore.Summary> page;
        do {
            page = store.list(after, PAGE, Optional.of(principal));
            for (SessionStore.Summary summary : page) {
                after = summary.record().key();
                keys.add(after);
            }
        } while (page.size() == PAGE);
        keys.forEach(this::terminate);
        return keys.size();
    }

    /** Counts. */
    public Statistics statistics() {
        return new Statistics(store.size(), sessions.held(), sessions.attached());
    }

    /**
     * Writes all sessions that live, each as a JSON object on a line of its own, with the members of {@link Entry}. Holds
     * no ids and nothing that was said, but who has sessions.
     *
     * @return how many there were
     * @throws IOException if it cannot be written
     */
    public int export(Appendable to) throws IOException {
        int count = 0;
        String after = "";
        List<Entry> page;
        do {
            page = list(after, PAGE, Optional.empty(), Optional.empty());
            for (Entry entry : page) {
                to.append(line(entry)).append('\n');
                after = entry.key();
                count++;
            }
        } while (page.size() == PAGE);
        return count;
    }

    private static String line(Entry entry) {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("key", entry.key());
        members.put("endpoint", entry.endpoint());
        Map<String, Object> principal = new LinkedHashMap<>();
        principal.put("issuer", entry.principal().issuer());
        principal.put("clientId", entry.principal().clientId());
        principal.put("subject", entry.principal().subject());
        principal.put("tenant", entry.principal().tenant());
        members.put("principal", principal);
        members.put("protocolVersion", entry.protocolVersion());
        members.put("clientInfo", JsonValue.trusted(entry.clientInfo()));
        members.put("opened", entry.opened().toString());
        members.put("used", entry.used().toString());
        return Json.write(members);
    }
}
