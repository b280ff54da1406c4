package io.sallyport.sandbox;

import io.sallyport.spi.Principal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;

/**
 * Which sessions there are, whose they are, and what room is left. Opens and closes none: who takes one out of it closes it,
 * outside the lock, and only then {@linkplain #giveBack gives its room back}. Thread-safe.
 */
final class SessionTable {

    /** How many pieces of code wait for one that runs, before others are turned away at once. */
    private static final int MOST_USERS = 17;

    private static final String NOT_FOUND =
            "there is no such session: it has expired, was stopped or evicted to make room,"
                    + " or has never been yours";

    /** Room for a session that is not there yet, and who has to leave for it. */
    record Admission(List<KeptSession> evicted, Room heldUntilTheyAreClosed) {}

    private final SessionSettings settings;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, KeptSession> sessions = new LinkedHashMap<>();
    private final SessionBudget budget;
    private boolean closed;

    SessionTable(SessionSettings settings) {
        this.settings = settings;
        this.budget = new SessionBudget(settings.most(), settings.mostOfTenant());
    }

    private Instant now() {
        return settings.clock().instant();
    }

    /** Takes room, that of idle sessions of the same tenant if there is none: the caller's own first, the longest idle first. */
    Admission admit(Principal owner, Room room, String flavor) throws SandboxRefusedException {
        String tenant = owner.tenant();
        lock.lock();
        try {
            refuseIfClosed();
            Iterator<KeptSession> candidates = sessions.values().stream()
                    .filter(session -> session.owner.tenant().equals(tenant) && session.isEvictable())
                    .sorted(Comparator.comparing((KeptSession session) -> !session.owner.equals(owner))
                            .thenComparing(session -> session.lastUsed))
                    .iterator();
            List<KeptSession> evicted = new ArrayList<>();
            Room evictedRoom = Room.NONE;
            while (!budget.fits(tenant, room, evictedRoom)) {
                if (!candidates.hasNext()) {
                    throw noRoom(tenant, room, flavor, evictedRoom);
                }
                KeptSession next = candidates.next();
                evicted.add(next);
                evictedRoom = evictedRoom.plus(next.room);
            }
            evicted.forEach(this::takeOut);
            // What the evicted have beyond what the newcomer needs is nobody else's as long as they are not closed.
            Room held = evictedRoom.minus(room);
            budget.giveBack(tenant, evictedRoom);
            budget.take(tenant, room);
            budget.take(tenant, held);
            return new Admission(evicted, held);
        } finally {
            lock.unlock();
        }
    }

    private SandboxRefusedException noRoom(String tenant, Room room, String flavor, Room couldBeFreed) {
        // What other tenants use is nobody's business.
        if (budget.fitsTenant(tenant, room, couldBeFreed)) {
            return refused(SandboxError.RESOURCE_LIMIT_ERROR, "all sandbox sessions are in use at the moment");
        }
        Room used = budget.usedBy(tenant);
        List<String> fit = settings.flavors().entrySet().stream()
                .filter(it -> budget.fits(tenant, new Room(1, it.getValue().memoryBytes()), couldBeFreed))
                .map(Map.Entry::getKey)
                .toList();
        return refused(
                SandboxError.RESOURCE_LIMIT_ERROR,
                "no room for a session of flavor " + flavor + ", which needs " + room.memoryBytes() / (1024 * 1024)
                        + " MiB: there are " + used + " of at most " + budget.mostOfTenant()
                        + ", and not enough of them are idle and unpinned; now fits: "
                        + (fit.isEmpty() ? "none" : String.join(", ", fit)));
    }

    private void refuseIfClosed() throws SandboxRefusedException {
        if (closed) {
            throw refused(SandboxError.SANDBOX_UNAVAILABLE_ERROR, "the sandbox is shut down");
        }
    }

    void giveBack(Principal owner, Room room) {
        lock.lock();
        try {
            budget.giveBack(owner.tenant(), room);
        } finally {
            lock.unlock();
        }
    }

    /** Lets a session in whose room was taken. */
    SessionInfo add(KeptSession session) throws SandboxRefusedException {
        lock.lock();
        try {
            refuseIfClosed();
            sessions.put(session.id, session);
            return session.info();
        } finally {
            lock.unlock();
        }
    }

    /** Finds a session to run code in it; it is not idle until {@link #finish}. */
    KeptSession begin(Principal principal, String id, Language language) throws SandboxRefusedException {
        lock.lock();
        try {
            KeptSession session = find(principal, id);
            if (session.language != language) {
                throw refused(
                        SandboxError.SESSION_MISMATCH_ERROR,
                        "the session is in " + session.language.word() + ", and the code in " + language.word());
            }
            if (session.users >= MOST_USERS) {
                throw busy();
            }
            session.users++;
            return session;
        } finally {
            lock.unlock();
        }
    }

    static SandboxRefusedException busy() {
        return refused(SandboxError.SESSION_BUSY_ERROR, "other code runs in the session and has not ended in time");
    }

    static SandboxRefusedException notFound() {
        return refused(SandboxError.SESSION_NOT_FOUND_ERROR, NOT_FOUND);
    }

    static SandboxRefusedException refused(SandboxError error, String message) {
        return new SandboxRefusedException(error, message);
    }

    boolean isRemoved(KeptSession session) {
        lock.lock();
        try {
            return session.removed;
        } finally {
            lock.unlock();
        }
    }

    /** Returns whether the session, which nothing is left of, was still here and is to be closed. */
    boolean finish(KeptSession session, boolean isLost) {
        lock.lock();
        try {
            session.users--;
            session.lastUsed = now();
            return isLost && takeOut(session);
        } finally {
            lock.unlock();
        }
    }

    SessionInfo info(Principal principal, String id) throws SandboxRefusedException {
        lock.lock();
        try {
            return find(principal, id).info();
        } finally {
            lock.unlock();
        }
    }

    SessionInfo pin(Principal principal, String id, boolean pinned) throws SandboxRefusedException {
        lock.lock();
        try {
            KeptSession session = find(principal, id);
            if (pinned && !session.pinned) {
                long others = sessions.values().stream()
                        .filter(it -> it.pinned && it.owner.tenant().equals(principal.tenant()))
                        .count();
                if (others >= settings.pinnedOfTenant()) {
                    throw refused(
                            SandboxError.RESOURCE_LIMIT_ERROR,
                            "as many sessions are pinned as may be: " + settings.pinnedOfTenant());
                }
            }
            session.pinned = pinned;
            session.lastUsed = now();
            return session.info();
        } finally {
            lock.unlock();
        }
    }

    private KeptSession find(Principal principal, String id) throws SandboxRefusedException {
        KeptSession session = sessions.get(id);
        if (session == null || !session.owner.equals(principal) || session.isOver(now())) {
            throw notFound();
        }
        return session;
    }

    KeptSession remove(Principal principal, String id) throws SandboxRefusedException {
        lock.lock();
        try {
            KeptSession session = find(principal, id);
            takeOut(session);
            return session;
        } finally {
            lock.unlock();
        }
    }

    private boolean takeOut(KeptSession session) {
        boolean wasHere = sessions.remove(session.id) != null;
        session.removed = true;
        return wasHere;
    }

    /** Takes out those that are over, and run nothing. */
    List<KeptSession> removeExpired() {
        return removeIf(session -> session.isOver(now()));
    }

    /** Takes out those of a tenant that are neither pinned nor run anything. */
    List<KeptSession> removeIdle(String tenant) {
        return removeIf(session -> session.owner.tenant().equals(tenant) && !session.pinned);
    }

    private List<KeptSession> removeIf(Predicate<KeptSession> condition) {
        lock.lock();
        try {
            List<KeptSession> removed = sessions.values().stream()
                    .filter(session -> session.users == 0)
                    .filter(condition)
                    .toList();
            removed.forEach(this::takeOut);
            return removed;
        } finally {
            lock.unlock();
        }
    }

    List<KeptSession> removeAllForGood() {
        lock.lock();
        try {
            closed = true;
            List<KeptSession> removed = List.copyOf(sessions.values());
            removed.forEach(this::takeOut);
            return removed;
        } finally {
            lock.unlock();
        }
    }

    /** Returns for how long none will be over that runs nothing now; nothing if there is none. */
    Optional<Duration> untilNextIsOver() {
        lock.lock();
        try {
            Instant now = now();
            return sessions.values().stream()
                    .filter(session -> session.users == 0)
                    .map(KeptSession::expires)
                    .min(Comparator.naturalOrder())
                    .map(next -> next.isAfter(now) ? Duration.between(now, next) : Duration.ZERO);
        } finally {
            lock.unlock();
        }
    }

    List<SessionInfo> list(Predicate<Principal> owner) {
        lock.lock();
        try {
            Instant now = now();
            return sessions.values().stream()
                    .filter(session -> owner.test(session.owner) && !session.isOver(now))
                    .map(KeptSession::info)
                    .toList();
        } finally {
            lock.unlock();
        }
    }

    Room used() {
        lock.lock();
        try {
            return budget.usedByAll();
        } finally {
            lock.unlock();
        }
    }
}
