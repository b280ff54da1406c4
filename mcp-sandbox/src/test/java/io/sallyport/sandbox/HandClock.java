package io.sallyport.sandbox;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;

/** A clock that a test moves, and an alarm that rings when it gets there. For one alarm at a time. */
public final class HandClock implements InstantSource, Alarm {

    private Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private Optional<Instant> due = Optional.empty();
    private Runnable action = () -> {};

    @Override
    public synchronized Instant instant() {
        return now;
    }

    @Override
    public synchronized Runnable in(Duration delay, Runnable then) {
        due = Optional.of(now.plus(delay));
        action = then;
        return this::callOff;
    }

    private synchronized void callOff() {
        due = Optional.empty();
    }

    /** Returns sessions that live by this clock. */
    public SandboxSessions sessions(SandboxSessions.Builder settings) {
        return settings.clock(this).build(this);
    }

    /** Lets time pass, without an alarm: as if its thread had no turn yet. */
    public synchronized void passUnheard(Duration duration) {
        now = now.plus(duration);
    }

    /** Lets time pass. */
    public void pass(Duration duration) {
        passUnheard(duration);
        Runnable ringing;
        synchronized (this) {
            if (due.isEmpty() || due.get().isAfter(now)) {
                return;
            }
            due = Optional.empty();
            ringing = action;
        }
        ringing.run();
    }

    @Override
    public void close() {
        callOff();
    }
}
