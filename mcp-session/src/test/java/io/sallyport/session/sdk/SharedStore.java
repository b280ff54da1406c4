package io.sallyport.session.sdk;

import io.sallyport.spi.EventLog;
import io.sallyport.spi.ForwardingSessionStore;
import io.sallyport.spi.SessionRecord;
import io.sallyport.spi.SessionStore;
import io.sallyport.spi.StoreUnavailableException;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/** One store in memory that several nodes of a test share, with a clock that the test moves, and that can be away. */
final class SharedStore extends ForwardingSessionStore {

    /** How often sessions were looked up. */
    final AtomicInteger finds = new AtomicInteger();

    private final Clock clock;
    private final AtomicInteger appendsToLose = new AtomicInteger();
    private volatile boolean isDown;

    private static final class Clock implements java.time.InstantSource {
        private volatile Duration passed = Duration.ZERO;

        @Override
        public Instant instant() {
            return Instant.now().plus(passed);
        }
    }

    SharedStore() {
        this(SessionStore.Bounds.defaults());
    }

    SharedStore(SessionStore.Bounds bounds) {
        this(bounds, new Clock());
    }

    private SharedStore(SessionStore.Bounds bounds, Clock clock) {
        super(SessionStore.inMemory(bounds, clock));
        this.clock = clock;
    }

    void letPass(Duration duration) {
        clock.passed = clock.passed.plus(duration);
    }

    void goDown(boolean down) {
        isDown = down;
    }

    /** Lets the next attempts to append succeed, but whoever makes them will not learn of it. */
    void loseAnswersToAppends(int count) {
        appendsToLose.set(count);
    }

    @Override
    public EventLog events() {
        EventLog log = super.events();
        return new ForwardingLog(log) {
            @Override
            public Appended append(
                    String session, String stream, long fence, long first, List<String> data, boolean isLast) {
                Appended appended = log.append(session, stream, fence, first, data, isLast);
                if (appendsToLose.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
                    throw new StoreUnavailableException("the answer was lost", new IOException("reset"));
                }
                return appended;
            }
        };
    }

    private void reach() {
        if (isDown) {
            throw new StoreUnavailableException("the store is away", new IOException("refused"));
        }
    }

    @Override
    public Capabilities capabilities() {
        return new Capabilities(true, Durability.SERVER);
    }

    @Override
    public Creation create(SessionRecord session) {
        reach();
        return super.create(session);
    }

    @Override
    public Lookup find(String key) {
        reach();
        finds.incrementAndGet();
        return super.find(key);
    }

    private abstract static class ForwardingLog implements EventLog {

        private final EventLog log;

        ForwardingLog(EventLog log) {
            this.log = log;
        }

        @Override
        public Optional<Pen> open(String session, String stream, String writer, String about) {
            return log.open(session, stream, writer, about);
        }

        @Override
        public Optional<Pen> take(String session, String stream, String writer, boolean fromTheLiving) {
            return log.take(session, stream, writer, fromTheLiving);
        }

        @Override
        public Optional<Reading> read(String session, String stream, long after, int max) {
            return log.read(session, stream, after, max);
        }

        @Override
        public List<Summary> streams(String session) {
            return log.streams(session);
        }

        @Override
        public void forget(String session, String stream) {
            log.forget(session, stream);
        }
    }
}
