package io.sallyport.resilience.ratelimit;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The keys of a limit that this node knows of, no more than so many. One that has all its calls again is forgotten for another
 * that comes; nothing is lost with it. If there is none, those that come share a few buckets among them: so nobody is without a
 * limit, and nobody is kept out for longer than he would be by others' calls. Thread-safe.
 */
final class Cells {

    /** How many buckets those share for whom there is no room. */
    private static final int SPARE = 64;

    /** How many of those that were not asked for the longest are looked at. */
    private static final int LOOKED_AT = 4;

    /** Makes a cell. */
    interface Making {
        Cell make(String key, long generation, LimitRule.Effective effective);
    }

    private final int most;
    private final Making making;
    private final ReentrantLock lock = new ReentrantLock();

    /** Guarded by the lock; who was not asked for the longest comes first. */
    private final Map<String, Cell> cells = new LinkedHashMap<>(16, 0.75f, true);

    /** Guarded by the lock. */
    private final Map<String, Cell> spare = new LinkedHashMap<>();

    Cells(int most, Making making) {
        this.most = most;
        this.making = making;
    }

    /** Returns the cell of a key, which goes by this rate. */
    Cell get(String key, long generation, LimitRule.Effective effective, long now) {
        Cell cell;
        lock.lock();
        try {
            cell = found(cells, key, generation);
            if (cell == null && (cells.containsKey(key) || hasRoom(now))) {
                cell = making.make(key, generation, effective);
                cells.put(key, cell);
            }
            if (cell == null) {
                String shared = "spare " + Math.floorMod(key.hashCode(), SPARE);
                cell = found(spare, shared, generation);
                if (cell == null) {
                    cell = making.make(shared, generation, effective);
                    spare.put(shared, cell);
                }
            }
            cell.use(now);
        } finally {
            lock.unlock();
        }
        cell.become(effective);
        return cell;
    }

    private static @Nullable Cell found(Map<String, Cell> among, String key, long generation) {
        Cell cell = among.get(key);
        return cell == null || cell.generation() != generation ? null : cell;
    }

    private boolean hasRoom(long now) {
        if (cells.size() < most) {
            return true;
        }
        Iterator<Cell> oldest = cells.values().iterator();
        for (int i = 0; i < LOOKED_AT && oldest.hasNext(); i++) {
            if (oldest.next().isFull(now)) {
                oldest.remove();
                return true;
            }
        }
        return false;
    }

    int most() {
        return most;
    }

    int size() {
        lock.lock();
        try {
            return cells.size();
        } finally {
            lock.unlock();
        }
    }
}
