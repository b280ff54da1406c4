package io.sallyport.session.sdk;

import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import io.sallyport.spi.ClusterBus;
import io.sallyport.spi.SessionStore;
import io.sallyport.spi.StoreUnavailableException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This node among those that share the store of sessions: it says that it lives, knows who else does, and passes on what
 * is another's to do. With a store that is not shared there is nobody else, and nothing is done. Thread-safe.
 */
final class ClusterNode {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.session");

    /** After how long without a sign of life others take over. */
    private static final Duration LEASE = Duration.ofSeconds(5);

    private static final Duration BEAT = Duration.ofMillis(1500);
    private static final Duration READ = Duration.ofSeconds(2);
    private static final long PAUSE_MILLIS = 500;
    private static final int AT_ONCE = 100;
    private static final int NAME_DIGITS = 10;
    private static final SecureRandom RANDOM = new SecureRandom();

    private final String name = newName();
    private final boolean isShared;
    private final ClusterBus bus;
    private final Executor executor;
    private final BiConsumer<String, JsonValue> onLetter;
    private final AtomicBoolean beating = new AtomicBoolean();

    private volatile Set<String> known = Set.of();
    private volatile boolean closed;
    private volatile @Nullable Thread reader;

    /** Written by whoever beats, one at a time. */
    private volatile boolean wasAlive;

    private volatile boolean isDown;

    /**
     * Creates the node.
     *
     * @param onLetter told what other nodes say: what kind of message, and the message
     */
    ClusterNode(SessionStore store, Executor executor, BiConsumer<String, JsonValue> onLetter) {
        this.isShared = store.capabilities().isShared();
        this.bus = store.bus();
        this.executor = executor;
        this.onLetter = onLetter;
    }

    /** Returns a word that nobody has thought of before. */
    static String newName() {
        return RANDOM.ints(NAME_DIGITS, 0, 36)
                .mapToObj(digit -> Character.toString(Character.forDigit(digit, 36)))
                .collect(Collectors.joining());
    }

    /** Returns the name of this node, which no other life of a node has. */
    String name() {
        return name;
    }

    boolean isShared() {
        return isShared;
    }

    /** Begins to live. The timer is not for waiting. */
    void start(ScheduledExecutorService timer) {
        if (!isShared) {
            return;
        }
        // At once, so that what is posted to this node from its first question on finds an inbox.
        beating.set(true);
        beat();
        timer.scheduleWithFixedDelay(this::beatSoon, BEAT.toMillis(), BEAT.toMillis(), TimeUnit.MILLISECONDS);
        Thread thread = Threads.daemon(this::read, "sallyport-sdk-inbox");
        reader = thread;
        thread.start();
    }

    private void beatSoon() {
        if (beating.compareAndSet(false, true)) {
            try {
                executor.execute(this::beat);
            } catch (RejectedExecutionException full) {
                // Better to beat late than never, and the timer's thread is not for waiting.
                beating.set(false);
            }
        }
    }

    private void beat() {
        try {
            boolean alive = bus.beat(name, LEASE);
            if (!alive && wasAlive) {
                LOGGER.atWarn()
                        .addKeyValue("node", name)
                        .log("this node was not heard of in time; others may have taken over what it did");
            }
            wasAlive = true;
            known = bus.nodes();
            if (isDown) {
                isDown = false;
                LOGGER.atInfo().addKeyValue("node", name).log("the store of sessions is back");
            }
            if (closed) {
                bus.leave(name);
            }
        } catch (RuntimeException e) {
            if (!isDown && !closed) {
                isDown = true;
                LOGGER.atWarn()
                        .addKeyValue("node", name)
                        .addKeyValue("reason", e.toString())
                        .log("the store of sessions cannot be reached; sessions are not served until it is back");
            }
        } finally {
            beating.set(false);
        }
    }

    private void read() {
        long after = 0;
        while (!closed) {
            List<ClusterBus.Letter> letters = List.of();
            try {
                letters = bus.collect(name, after, AT_ONCE, READ);
            } catch (RuntimeException e) {
                pause();
            }
            for (ClusterBus.Letter letter : letters) {
                after = letter.number();
                handle(letter.text());
            }
        }
    }

    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
        } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
        }
    }

    private void handle(String text) {
        try {
            JsonValue letter = JsonValue.trusted(text);
            onLetter.accept(letter.getString("kind").orElse(""), letter);
        } catch (RuntimeException e) {
            LOGGER.atWarn().addKeyValue("node", name).setCause(e).log("a message of another node was not understood");
        }
    }

    /** Returns whether a node lives, as far as was heard. */
    boolean lives(String other) {
        return other.equals(name) || known.contains(other);
    }

    /** Passes a message on to a node. */
    ClusterBus.Posted post(String to, Map<String, ?> letter) {
        return bus.post(to, Json.write(letter));
    }

    /** Passes a message on to all other nodes, as far as they can be reached: for what they would find out anyway. */
    void tellOthers(Map<String, ?> letter) {
        if (!isShared) {
            return;
        }
        String text = Json.write(letter);
        Runnable telling = () -> {
            try {
                for (String other : bus.nodes()) {
                    if (!other.equals(name)) {
                        bus.post(other, text);
                    }
                }
            } catch (StoreUnavailableException e) {
                LOGGER.atDebug().addKeyValue("reason", e.toString()).log("other nodes were not told");
            }
        };
        try {
            executor.execute(telling);
        } catch (RejectedExecutionException full) {
            telling.run();
        }
    }

    /** Ends the node's life: others may take over at once. */
    void close() {
        closed = true;
        Thread reading = reader;
        if (reading != null) {
            reading.interrupt();
            try {
                bus.leave(name);
            } catch (StoreUnavailableException e) {
                LOGGER.atDebug().addKeyValue("reason", e.toString()).log("its lease will end by itself");
            }
        }
    }
}
