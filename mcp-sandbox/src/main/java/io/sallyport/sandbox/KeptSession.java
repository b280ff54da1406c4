package io.sallyport.sandbox;

import io.sallyport.spi.Principal;
import java.time.Duration;
import java.time.Instant;

/** A session and whose it is. What changes is under the lock of {@link SandboxSessions}, all but {@link #turn}. */
final class KeptSession {

    final String id;
    final Principal owner;
    final Language language;
    final String flavor;
    final Room room;
    final SandboxSession session;

    /** One piece of code at a time, in the order in which it came. */
    final Gate turn = new Gate(1);

    final Tier tier;
    private final Instant created;
    private final Instant endsAt;
    private final Duration idle;

    /** How many run code in it, or wait to. */
    int users;

    Instant lastUsed;
    boolean pinned;
    boolean removed;

    KeptSession(
            String id,
            Principal owner,
            Language language,
            String flavor,
            Room room,
            SandboxSession session,
            Tier tier,
            Instant created,
            SessionSettings settings) {
        this.id = id;
        this.owner = owner;
        this.language = language;
        this.flavor = flavor;
        this.room = room;
        this.session = session;
        this.tier = tier;
        this.created = created;
        this.lastUsed = created;
        this.idle = settings.idle();
        this.endsAt = created.plus(settings.age());
    }

    Instant expires() {
        Instant idleUntil = lastUsed.plus(idle);
        return pinned || idleUntil.isAfter(endsAt) ? endsAt : idleUntil;
    }

    /** Returns whether it is over for whoever comes now. While code runs it is not idle, but its age counts. */
    boolean isOver(Instant now) {
        return !(users > 0 ? endsAt : expires()).isAfter(now);
    }

    boolean isEvictable() {
        return users == 0 && !pinned;
    }

    SessionInfo info() {
        return new SessionInfo(
                id,
                language,
                flavor,
                tier,
                created,
                lastUsed,
                expires(),
                users > 0 ? SessionInfo.Status.RUNNING : SessionInfo.Status.READY,
                pinned);
    }
}
