package io.sallyport.security.vault;

import io.sallyport.security.vault.VaultStore.Resealed;
import io.sallyport.security.vault.VaultStore.Ring;
import io.sallyport.security.vault.VaultStore.Row;
import io.sallyport.security.vault.VaultStore.RowId;
import io.sallyport.security.vault.VaultStore.WrappedKey;
import io.sallyport.security.vault.VaultStore.Written;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * All that is in a vault, as plain data: what stores in memory and in files do. Confined to one thread at a time, or to none if
 * nobody changes it any more. Bytes are copied on their way in and out: what callers do to theirs changes nothing here.
 */
final class VaultContents {

    private static final Comparator<RowId> BY_NAME = Comparator.comparing(RowId::tenant, VaultContents::byCodePoints)
            .thenComparing(RowId::namespace, VaultContents::byCodePoints)
            .thenComparing(RowId::name, VaultContents::byCodePoints);

    /** Compares as UTF-8 does: a surrogate, which stands for a code point above U+FFFF, is greater than any other char. */
    private static int byCodePoints(String one, String other) {
        int at = 0;
        while (at < one.length() && at < other.length() && one.charAt(at) == other.charAt(at)) {
            at++;
        }
        if (at == one.length() || at == other.length()) {
            return one.length() - other.length();
        }
        char its = one.charAt(at);
        char theirs = other.charAt(at);
        return Character.isSurrogate(its) == Character.isSurrogate(theirs)
                ? its - theirs
                : Character.isSurrogate(its) ? 1 : -1;
    }

    /**
     * What is known of a node.
     *
     * @param ringVersion up to which it knows all rings
     * @param until when it is not believed any more
     */
    record Node(long ringVersion, Instant until) {}

    private final NavigableMap<String, Ring> rings = new TreeMap<>(VaultContents::byCodePoints);
    private final NavigableMap<RowId, Row> rows = new TreeMap<>(BY_NAME);
    private final Map<String, Node> nodes = new HashMap<>();
    private long newestRing;

    /** One for all rows: a version that a deleted row had is never that of another. */
    private long newestVersion;

    VaultContents() {}

    /** Creates one that gives rings and rows later versions than these. */
    VaultContents(long newestRing, long newestVersion) {
        this.newestRing = newestRing;
        this.newestVersion = newestVersion;
    }

    /** Returns another that is the same until one of them is changed; without the nodes. */
    VaultContents copy() {
        VaultContents copy = new VaultContents(newestRing, newestVersion);
        copy.rings.putAll(rings);
        copy.rows.putAll(rows);
        return copy;
    }

    /** Puts in what was there before, as it was. */
    void restore(String tenant, Ring ring) {
        rings.put(tenant, ring);
    }

    /** Puts in what was there before, as it was. */
    void restore(Row row) {
        rows.put(row.id(), row);
    }

    /** Returns all rings, by the names of their tenants, not copied. */
    Map<String, Ring> allRings() {
        return Collections.unmodifiableMap(rings);
    }

    /** Returns all rows, in the order of their names, not copied. */
    Collection<Row> allRows() {
        return Collections.unmodifiableCollection(rows.values());
    }

    long newestVersion() {
        return newestVersion;
    }

    private static Row copy(Row row) {
        return new Row(row.id(), row.version(), row.keyId(), row.sealed().clone(), row.written());
    }

    private static Ring copy(Ring ring) {
        return new Ring(ring.version(), copy(ring.keys()));
    }

    private static List<WrappedKey> copy(List<WrappedKey> keys) {
        return keys.stream()
                .map(key -> new WrappedKey(key.id(), key.state(), key.wrapped().clone(), key.kek(), key.created()))
                .toList();
    }

    Ring ring(String tenant) {
        return copy(ringOf(tenant));
    }

    private Ring ringOf(String tenant) {
        return rings.getOrDefault(tenant, new Ring(0, List.of()));
    }

    List<String> tenants() {
        return List.copyOf(rings.keySet());
    }

    boolean replaceRing(String tenant, long expectedVersion, List<WrappedKey> keys, OptionalLong unused) {
        if (ringOf(tenant).version() != expectedVersion
                || (unused.isPresent() && countUnder(tenant, unused.getAsLong()) > 0)) {
            return false;
        }
        newestRing++;
        rings.put(tenant, new Ring(newestRing, copy(keys)));
        return true;
    }

    long newestRing() {
        return newestRing;
    }

    Optional<Row> read(RowId id) {
        return Optional.ofNullable(rows.get(id)).map(VaultContents::copy);
    }

    private boolean isPrimary(String tenant, long keyId) {
        return ringOf(tenant).keys().stream().anyMatch(key -> key.id() == keyId && key.state() == KeyState.PRIMARY);
    }

    Written write(RowId id, long expectedVersion, long keyId, byte[] sealed, Instant now) {
        if (!isPrimary(id.tenant(), keyId)) {
            return Written.KEY_NOT_PRIMARY;
        }
        if (versionOf(id) != expectedVersion) {
            return Written.CONFLICT;
        }
        rows.put(id, new Row(id, ++newestVersion, keyId, sealed.clone(), now));
        return Written.WRITTEN;
    }

    private long versionOf(RowId id) {
        Row row = rows.get(id);
        return row == null ? 0 : row.version();
    }

    OptionalLong reseal(String tenant, long keyId, List<Resealed> all) {
        if (!isPrimary(tenant, keyId)) {
            return OptionalLong.empty();
        }
        long written = 0;
        for (Resealed it : all) {
            Row row = rows.get(it.id());
            if (row != null && row.version() == it.version()) {
                rows.put(
                        it.id(),
                        new Row(it.id(), ++newestVersion, keyId, it.sealed().clone(), row.written()));
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
                .map(VaultContents::copy)
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
        return behind(tenant, after).limit(atMost).map(VaultContents::copy).toList();
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
