package io.sallyport.stream;

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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This node among those that share the store of sessions: it says that it lives, knows who else does, and passes on what
 * is another's to do. With a store that is not shared there is nobody else, and nothing is done. Thread-safe.
 *
 * @since 0.1
 */
public final class ClusterNode {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.session");

    private static final Duration READ = Duration.ofSeconds(2);
    private static final long PAUSE_MILLIS = 500;

    /** While the store is away: it may be back in a moment. */
    private static final long BEAT_AGAIN_MILLIS = 500;

    private static final int AT_ONCE = 100;
    private static final int NAME_DIGITS = 10;

    /** Each streamed call needs a name; to seed a generator for each is not for its way. */
    private static final SecureRandom RANDOM = new SecureRandom();

    private final String name = newName();
    private final Duration lease;
    private final boolean isShared;
    private final ClusterBus bus;
    private final Executor executor;
    private final BiConsumer<String, JsonValue> onLetter;
    private final CountDownLatch closing = new CountDownLatch(1);
    private final CompletableFuture<Void> firstBeat = new CompletableFuture<>();

    private volatile Set<String> known = Set.of();
    private volatile boolean closed;
    private @Nullable Thread reader;

    /** When the last beat began that the store has answered, or null before the first; written by the thread that beats. */
    private @Nullable Long heardAt;

    private volatile boolean isDown;

    /**
     * Creates the node.
     *
     * @param store its bus connects the nodes
     * @param lease after how long without a sign of life others take over; the same at all nodes
     * @param executor runs what may wait for the store
     * @param onLetter told what other nodes say: the member {@code kind} of the letter, and the letter
     */
    public ClusterNode(SessionStore store, Duration lease, Executor executor, BiConsumer<String, JsonValue> onLetter) {
        this.lease = lease;
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
    public String name() {
        return name;
    }

    /** Returns whether there may be other nodes. */
    public boolean isShared() {
        return isShared;
    }

    /** Begins to live; completes when it has been tried once to say so, well or not. */
    public CompletionStage<Void> start() {
        if (isShared) {
            // A thread of its own: a node whose workers are all busy lives.
            Workers.daemon(this::beatUntilClosed, "sallyport-lease").start();
            reader = Workers.daemon(this::read, "sallyport-inbox");
            reader.start();
        } else {
            firstBeat.complete(null);
        }
        return firstBeat.minimalCompletionStage();
    }

    private void beatUntilClosed() {
        // Two may fail before the lease is over.
        long period = lease.toMillis() * 3 / 10;
        try {
            do {
                beat();
            } while (!closing.await(isDown ? Math.min(period, BEAT_AGAIN_MILLIS) : period, TimeUnit.MILLISECONDS));
        } catch (InterruptedException notByUs) {
            Thread.currentThread().interrupt();
        }
    }

    private void beat() {
        try {
            long now = System.nanoTime();
            boolean wasAlive = bus.beat(name, lease);
            if (heardAt != null && (!wasAlive || now - heardAt > lease.toNanos())) {
                // By our clock too: a beat before, whose answer was lost, may have been told that the lease was over.
                LOGGER.atWarn()
                        .addKeyValue("node", name)
                        .log("this node was not heard of in time; others may have taken over what it did");
            }
            heardAt = now;
            if (closed) {
                // It was under way when the node left.
                bus.leave(name);
            }
            known = bus.nodes();
            if (isDown) {
                isDown = false;
                LOGGER.atInfo().addKeyValue("node", name).log("the store of sessions is back");
            }
        } catch (RuntimeException | Error e) {
            // Whatever it is: who does not beat is dead for all others.
            if (!isDown && !closed) {
                isDown = true;
                LOGGER.atWarn()
                        .addKeyValue("node", name)
                        .addKeyValue("reason", withRoot(e))
                        .log("the store of sessions cannot be reached; sessions are not served until it is back");
            }
        } finally {
            completeFirst();
        }
    }

    /** What follows on it is others' business, which may take its time; the next beat may not. */
    private void completeFirst() {
        if (firstBeat.isDone()) {
            return;
        }
        try {
            executor.execute(() -> firstBeat.complete(null));
        } catch (RejectedExecutionException full) {
            firstBeat.complete(null);
        }
    }

    /** What a store says is rarely what an operator has to mend: that the connection was refused, say. */
    private static String withRoot(Throwable thrown) {
        Throwable root = thrown;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root == thrown ? thrown.toString() : thrown + ": " + root;
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

    private void pause() {
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
        } catch (RuntimeException | Error e) {
            // Whatever one message does, a node that says that it lives has to hear the next.
            LOGGER.atWarn().addKeyValue("node", name).setCause(e).log("a message of another node was not understood");
        }
    }

    /** Returns whether the store could not be reached when this node last said that it lives. */
    public boolean isStoreDown() {
        return isDown;
    }

    /** Returns whether a node lives, as far as was heard. */
    public boolean lives(String other) {
        return other.equals(name) || known.contains(other);
    }

    /**
     * Returns whether a node lives. May wait for the store, which knows of one that has just begun to.
     *
     * @throws StoreUnavailableException if the store cannot be reached
     */
    public boolean livesForSure(String other) {
        if (lives(other)) {
            return true;
        }
        known = bus.nodes();
        return lives(other);
    }

    /**
     * Passes a message on to a node. May wait for the store.
     *
     * @param letter what JSON can say, with a member {@code kind}
     * @throws StoreUnavailableException if the store cannot be reached; it may have been passed on all the same
     */
    public ClusterBus.Posted post(String to, Map<String, ?> letter) {
        return bus.post(to, Json.write(letter));
    }

    /**
     * Passes a message on to all other nodes, as far as they can be reached: for what they would find out anyway.
     *
     * @param letter what JSON can say, with a member {@code kind}
     */
    public void tellOthers(Map<String, ?> letter) {
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
            } catch (RuntimeException e) {
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
    public void close() {
        closed = true;
        closing.countDown();
        if (reader != null) {
            reader.interrupt();
            try {
                bus.leave(name);
            } catch (RuntimeException e) {
                LOGGER.atDebug().addKeyValue("reason", e.toString()).log("its lease will end by itself");
            }
        }
    }
}
