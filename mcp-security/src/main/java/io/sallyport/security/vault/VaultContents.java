package io.sallyport.security.vault;

import io.sallyport.security.vault.VaultStore.Resealed;
import io.sallyport.security.vault.VaultStore.Ring;
import io.sallyport.security.vault.VaultStore.Row;
import io.sallyport.security.vault.VaultStore.RowId;
import io.sallyport.security.vault.VaultStore.WrappedKey;
import io.sallyport.security.vault.VaultStore.Written;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.stream.Stream;

/** All that is in a vault, as plain data: what stores in memory and in files do. Confined to one thread at a time. */
final class VaultContents {

    private static final Comparator<RowId> BY_NAME =
            Comparator.comparing(RowId::tenant).thenComparing(RowId::namespace).thenComparing(RowId::name);

    /**
     * What is known of a node.
     *
     * @param ringVersion up to which it knows all rings
     * @param until when it is not believed any more
     */
    record Node(long ringVersion, Instant until) {}

    private final NavigableMap<String, Ring> rings = new TreeMap<>();
    private final NavigableMap<RowId, Row> rows = new TreeMap<>(BY_NAME);
    private final Map<String, Node> nodes = new HashMap<>();
    private long newestRing;

    /** One for all rows: a version that a deleted row had is never that of another. */
    private long newestVersion;

    Ring ring(String tenant) {
        return rings.getOrDefault(tenant, new Ring(0, List.of()));
    }

    List<String> tenants() {
        return List.copyOf(rings.keySet());
    }

    boolean replaceRing(String tenant, long expectedVersion, List<WrappedKey> keys, OptionalLong unused) {
        if (ring(tenant).version() != expectedVersion
                || (unused.isPresent() && countUnder(tenant, unused.getAsLong()) > 0)) {
            return false;
        }
        newestRing++;
        rings.put(tenant, new Ring(newestRing, keys));
        return true;
    }

    long newestRing() {
        return newestRing;
    }

    Optional<Row> read(RowId id) {
        return Optional.ofNullable(rows.get(id));
    }

    private boolean isPrimary(String tenant, long keyId) {
        return ring(tenant).keys().stream().anyMatch(key -> key.id() == keyId && key.state() == KeyState.PRIMARY);
    }

    Written write(RowId id, long expectedVersion, long keyId, byte[] sealed, Instant now) {
        if (!isPrimary(id.tenant(), keyId)) {
            return Written.KEY_NOT_PRIMARY;
        }
        if (versionOf(id) != expectedVersion) {
            return Written.CONFLICT;
        }
        rows.put(id, new Row(id, ++newestVersion, keyId, sealed, now));
        return Written.WRITTEN;
    }

    private long versionOf(RowId id) {
        return read(id).map(Row::version).orElse(0L);
    }

    OptionalLong reseal(String tenant, long keyId, List<Resealed> all) {
        if (!isPrimary(tenant, keyId)) {
            return OptionalLong.empty();
        }
        long written = 0;
        for (Resealed it : all) {
            Row row = rows.get(it.id());
            if (row != null && row.version() == it.version()) {
                rows.put(it.id(), new Row(it.id(), ++newestVersion, keyId, it.sealed(), row.written()));
                written++;
            }
        }
        return OptionalLong.of(written);
    }

    boolean delete(RowId id) {
        return rows.remove(id) != null;
    }

    List<Row> under(String tenant, long keyId, Optional<RowId> after, int atMost) {
        return behind(tenant, after)
                .filter(row -> row.keyId() == keyId)
                .limit(atMost)
                .toList();
    }

    long countUnder(String tenant, long keyId) {
        return ofTenant(tenant).filter(row -> row.keyId() == keyId).count();
    }

    private Stream<Row> ofTenant(String tenant) {
        return rows.tailMap(new RowId(tenant, "", ""), true).values().stream()
                .takeWhile(row -> row.id().tenant().equals(tenant));
    }

    List<Row> list(String tenant, Optional<RowId> after, int atMost) {
        return behind(tenant, after).limit(atMost).toList();
    }

    private Stream<Row> behind(String tenant, Optional<RowId> after) {
        return after.isEmpty()
                ? ofTenant(tenant)
                : rows.tailMap(after.get(), false).values().stream()
                        .takeWhile(row -> row.id().tenant().equals(tenant));
    }

    void beat(String node, long ringVersion, Duration lease, Instant now) {
        nodes.values().removeIf(it -> it.until().isBefore(now));
        nodes.put(node, new Node(ringVersion, now.plus(lease)));
    }

    void leave(String node) {
        nodes.remove(node);
    }

    OptionalLong oldestKnown(Instant now) {
        return nodes.values().stream()
                .filter(node -> !node.until().isBefore(now))
                .mapToLong(Node::ringVersion)
                .min();
    }
}
