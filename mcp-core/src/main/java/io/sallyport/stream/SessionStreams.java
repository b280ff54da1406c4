package io.sallyport.stream;

import static java.util.Objects.requireNonNull;

import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.ProtocolVersion;
import io.sallyport.spi.ClusterBus;
import io.sallyport.spi.EventLog;
import io.sallyport.spi.SessionRecord;
import io.sallyport.spi.StoreUnavailableException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The streams of one session that this node writes: one for each call whose answer became a stream, and one for what comes
 * outside calls. A client that lost one comes back for the rest of it, here or at another node. Thread-safe.
 *
 * @since 0.1
 */
public final class SessionStreams {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.session");

    /** The kind of letter by which a node has another say something outside calls, which is its member {@code message}. */
    public static final String OUTSIDE = "outside";

    /** Begins the names of streams for what comes outside calls; those of calls begin otherwise. */
    private static final char OUTSIDE_CALLS = 's';

    private static final char OF_CALL = 'p';

    private static final char BEFORE_NUMBER = '_';

    /** What is to be done when a client goes on here with a stream that it had lost. */
    public interface Continuation {

        /** The client listens again to the stream outside calls that this node has had all the time. */
        void listensAgain(SessionStream stream);

        /** The client listens here to the stream outside calls that another node had. */
        void listensHere(SessionStream stream);

        /** The node that had made the call is dead; what becomes of the call is for this one to say, on its stream. */
        void inherits(SessionStream stream, CallNote call);
    }

    /** What a dead node has left. */
    record Inherited(SessionStream stream, CallNote call) {}

    private final SessionStream.Context context;
    private final String sessionKey;
    private final boolean primes;

    /** Those that are not over, by their names. */
    private final Map<String, SessionStream> streams = new ConcurrentHashMap<>();

    /** The one for what comes outside calls, once a client has asked for one here. */
    private final AtomicReference<@Nullable SessionStream> outsideCalls = new AtomicReference<>();

    /** Keeps the order of what is said where another node is. */
    private final SerialQueue sayings;

    private volatile boolean ended;

    /** Creates the streams of a session, of which there are none yet. */
    public SessionStreams(SessionStream.Context context, String sessionKey, SessionRecord opened) {
        this.context = context;
        this.sessionKey = sessionKey;
        this.sayings = new SerialQueue(context.executor());
        this.primes = opened.protocolVersion().compareTo(ProtocolVersion.V2025_11_25) >= 0;
    }

    String sessionKey() {
        return sessionKey;
    }

    /** Opens a stream for the answer to one request, on a connection that has just been opened. */
    public SessionStream open(EventStream connection, CallNote call) {
        SessionStream stream = stream(OF_CALL + ClusterNode.newName(), null);
        stream.begin(connection, call.encoded(), primes);
        return stream;
    }

    /**
     * Begins, in the log only, a stream for the answer to a request that another node is to make. May wait for the log.
     *
     * @param writer the other node
     * @return what the other node takes the stream up with; nothing if there is no room for it
     */
    public Optional<Handover> handOver(String writer, CallNote call) {
        String name = OF_CALL + ClusterNode.newName();
        return requireNonNull(context.log())
                .open(sessionKey, name, writer, call.encoded())
                .map(pen -> new Handover(name, pen.fence()));
    }

    /**
     * A stream that is another node's to write.
     *
     * @param stream its name
     * @param fence shows that the other node is its writer
     */
    public record Handover(String stream, long fence) {}

    /** Takes up a stream that another node has begun for this one. */
    public SessionStream takeUp(Handover handover, CallNote call) {
        return stream(handover.stream(), new EventLog.Pen(handover.fence(), 0, call.encoded()));
    }

    /** Takes a stream back that no other node has taken up. May wait for the log. */
    public void takeBack(Handover handover) {
        requireNonNull(context.log()).forget(sessionKey, handover.stream());
    }

    /**
     * Sends a stream that another node writes from its beginning, on a connection that has just been opened.
     *
     * @param ifGone the answer, one line, if the log drops the stream before it has ended
     */
    public void follow(EventStream connection, Handover handover, Continuation continuation, String ifGone) {
        if (primes) {
            connection.send(Sse.priming(handover.stream() + BEFORE_NUMBER + 0, SessionStream.RETRY));
        }
        new StreamTail(context, this, handover.stream(), connection, 0, continuation, ifGone).start();
    }

    private SessionStream stream(String name, EventLog.@Nullable Pen taken) {
        SessionStream stream = new SessionStream(context, sessionKey, name, this::forget, taken);
        streams.put(name, stream);
        if (ended) {
            stream.finish();
        }
        return stream;
    }

    /** Another node may have the stream now, or another object here: what is said from now on is said there. */
    private void forget(SessionStream over) {
        streams.remove(over.name(), over);
        outsideCalls.compareAndSet(over, null);
    }

    /** Opens a stream for what comes outside calls, instead of the one before, and returns it. */
    public SessionStream listen(EventStream connection) {
        SessionStream stream = stream(OUTSIDE_CALLS + ClusterNode.newName(), null);
        stream.begin(connection, "{}", primes);
        replaceOutsideCalls(stream);
        return stream;
    }

    private void replaceOutsideCalls(SessionStream stream) {
        SessionStream former = outsideCalls.getAndSet(stream);
        if (former != null && former != stream) {
            former.finish();
        }
    }

    /** Returns the stream for what comes outside calls, if the client has asked for one here and for none elsewhere since. */
    public Optional<SessionStream> outsideCalls() {
        return Optional.ofNullable(outsideCalls.get());
    }

    /**
     * Lets go of the stream outside calls: the client listens at another node now.
     *
     * @param to the name of the stream that it listens to there. If it is this one, it goes on, and is not for this node to
     *     finish, which may even have it again: who says so may be heard late
     */
    public void letGoOutsideCalls(String to) {
        SessionStream former = outsideCalls.getAndSet(null);
        if (former != null && former.name().equals(to)) {
            former.leave();
        } else if (former != null) {
            former.finish();
        }
    }

    /**
     * Says something outside calls, at whichever node the client listens. Who asks has to be heard at once; anything else
     * waits for a client that has lost its stream.
     *
     * @param data a message, one line
     * @param asks whether it is a request
     * @param done told whether it is on its way; false if nobody listens
     */
    public void sayOutsideCalls(String data, boolean asks, Consumer<Boolean> done) {
        SessionStream here = outsideCalls.get();
        if (here == null) {
            sayElsewhereSoon(data, done);
        } else if (asks && !here.isAttached()) {
            // It may listen elsewhere without this node having heard of it.
            sayElsewhereSoon(data, done);
        } else {
            boolean hasRoom = here.send(data, isSaid -> {
                SessionStream now = outsideCalls.get();
                if (isSaid) {
                    done.accept(true);
                } else if (now != null && now != here) {
                    sayOutsideCalls(data, asks, done);
                } else {
                    // The client listens elsewhere since then, and that is how this node hears of it.
                    sayElsewhereSoon(data, done);
                }
            });
            if (!hasRoom) {
                done.accept(false);
            }
        }
    }

    private void sayElsewhereSoon(String data, Consumer<Boolean> done) {
        if (!context.node().isShared()) {
            done.accept(false);
            return;
        }
        boolean hasRoom = sayings.run(() -> {
            boolean said = false;
            try {
                said = sayElsewhere(data);
            } catch (StoreUnavailableException e) {
                LOGGER.atDebug()
                        .addKeyValue("session", sessionKey)
                        .addKeyValue("reason", e.toString())
                        .log("nobody knows where the client listens");
            }
            done.accept(said);
        });
        if (!hasRoom) {
            done.accept(false);
        }
    }

    /** Says, for another node, something outside calls; returns whether the client listens here. */
    public boolean sayForOther(String data, boolean asks) {
        SessionStream here = outsideCalls.get();
        return here != null && (!asks || here.isAttached()) && here.send(data);
    }

    private boolean sayElsewhere(String data) {
        Map<String, Object> letter = Map.of("kind", OUTSIDE, "session", sessionKey, "message", JsonValue.trusted(data));
        // Nodes that have died had streams that nobody has finished.
        return requireNonNull(context.log()).streams(sessionKey).stream()
                .filter(stream -> isOutsideCalls(stream.stream()) && !stream.isFinished())
                .map(EventLog.Summary::writer)
                .filter(writer -> !writer.equals(context.node().name()))
                .distinct()
                .anyMatch(writer -> context.node().post(writer, letter) == ClusterBus.Posted.KEPT);
    }

    /**
     * Goes on with a stream that the client has lost, wherever that was; never with another session's. What cannot be gone
     * on with is closed at once, which tells the client as much. Returns at once.
     *
     * @param connection of the client that came back
     * @param lastEvent the id of the last event that the client has seen: the header {@code Last-Event-ID}
     */
    public void resume(EventStream connection, String lastEvent, Continuation continuation) {
        try {
            context.executor().execute(() -> {
                try {
                    goOn(connection, lastEvent, continuation);
                } catch (StoreUnavailableException e) {
                    // The client comes back, and finds another node or a store that is back.
                    connection.close();
                } catch (RuntimeException e) {
                    LOGGER.atError()
                            .addKeyValue("session", sessionKey)
                            .setCause(e)
                            .log("a stream could not be gone on with");
                    connection.close();
                }
            });
        } catch (RejectedExecutionException full) {
            connection.close();
        }
    }

    private void goOn(EventStream connection, String lastEvent, Continuation continuation) {
        int separator = lastEvent.lastIndexOf(BEFORE_NUMBER);
        String name = lastEvent.substring(0, Math.max(separator, 0));
        long number = number(lastEvent.substring(separator + 1));
        SessionStream here = streams.get(name);
        if (name.isEmpty() || number < 0 || context.log() == null) {
            connection.close();
        } else if (here != null) {
            Runnable then = isOutsideCalls(name) ? () -> continuation.listensAgain(here) : () -> {};
            here.resume(connection, number, then);
        } else if (isOutsideCalls(name)) {
            Optional<SessionStream> taken = take(name, true).map(pen -> stream(name, pen));
            taken.ifPresent(this::replaceOutsideCalls);
            taken.ifPresentOrElse(
                    stream -> stream.resume(connection, number, () -> continuation.listensHere(stream)),
                    connection::close);
        } else {
            new StreamTail(context, this, name, connection, number, continuation, null).start();
        }
    }

    private static long number(String digits) {
        try {
            return Long.parseLong(digits);
        } catch (NumberFormatException notOurs) {
            return -1;
        }
    }

    private static boolean isOutsideCalls(String streamName) {
        return !streamName.isEmpty() && streamName.charAt(0) == OUTSIDE_CALLS;
    }

    /** Takes over the stream of a call if the node that wrote it is dead. */
    Optional<Inherited> inherit(String name) {
        return take(name, false).map(pen -> new Inherited(stream(name, pen), CallNote.decoded(pen.about())));
    }

    private Optional<EventLog.Pen> take(String name, boolean evenIfWriterLives) {
        return requireNonNull(context.log())
                .take(sessionKey, name, context.node().name(), evenIfWriterLives);
    }

    /** Returns how many of them somebody listens to. */
    public int attached() {
        return (int) streams.values().stream().filter(SessionStream::isAttached).count();
    }

    boolean hasEnded() {
        return ended;
    }

    /** Takes note that the session has ended: what is opened from now on ends at once. */
    public void markEnded() {
        ended = true;
    }

    /** Ends all of them: the session has ended. */
    public void finish() {
        markEnded();
        List.copyOf(streams.values()).forEach(SessionStream::finish);
    }

    /** Lets go of all of them, because this node stops; others may go on with them at once. */
    public void leave() {
        List.copyOf(streams.values()).forEach(SessionStream::leave);
        markEnded();
    }
}
