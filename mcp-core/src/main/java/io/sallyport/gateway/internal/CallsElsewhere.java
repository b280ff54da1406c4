package io.sallyport.gateway.internal;

import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.McpHeaders;
import io.sallyport.protocol.Message;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.RequestId;
import io.sallyport.protocol.Response;
import io.sallyport.spi.ClusterBus;
import io.sallyport.spi.Principal;
import io.sallyport.spi.StoreUnavailableException;
import io.sallyport.stream.CallNote;
import io.sallyport.stream.ClusterNode;
import io.sallyport.stream.EventStream;
import io.sallyport.stream.SessionStream;
import io.sallyport.stream.SessionStreams;
import io.sallyport.stream.Sse;
import io.sallyport.upstream.CallSpec;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Calls that another node makes, because what an upstream knows of their session is there. This node begins the stream of
 * the answer for the other one, asks it to make the call, and sends its client what the other one appends. Thread-safe.
 */
final class CallsElsewhere {

    /** The kind of letter by which a node has another make a call. */
    static final String CALL = "call";

    /** A letter may come twice; a call must not be made twice. So many are made in far longer than a letter takes. */
    private static final int REMEMBERED = 10_000;

    private final ClusterNode node;
    private final Set<String> taken = Collections.newSetFromMap(new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > REMEMBERED;
        }
    });

    /** Those asked for that have not begun, and why their clients no longer want them; empty as long as they do. */
    private final Map<Beginning, String> beginning = new ConcurrentHashMap<>();

    private record Beginning(String session, RequestId id) {}

    CallsElsewhere(ClusterNode node) {
        this.node = node;
    }

    /** A call that another node has asked for. */
    record Asked(
            String session,
            String endpoint,
            Request request,
            CallNote note,
            SessionStreams.Handover stream,
            boolean takesStream,
            String correlationId) {}

    /** What came of the wish to have a call made. */
    enum Forwarded {
        /** The client gets what comes of it. */
        TAKEN,
        /** It was not passed on. */
        NO_ROOM,
        /** The other node may make it or not. */
        UNKNOWN
    }

    /**
     * Has another node make a call. May wait for the store.
     *
     * @param continuation goes on if the other node dies
     * @param ifGone the answer if the other one's is lost
     * @throws StoreUnavailableException if the store cannot be reached and the client may send the call again
     */
    Forwarded forward(
            String to,
            Request request,
            CallNote note,
            String endpoint,
            LegacySession session,
            ClientRequest client,
            SessionStreams.Continuation continuation,
            Response ifGone) {
        Optional<SessionStreams.Handover> handover = session.streams().handOver(to, note);
        if (handover.isEmpty()) {
            return Forwarded.NO_ROOM;
        }
        Map<String, Object> letter = new LinkedHashMap<>();
        letter.put("kind", CALL);
        letter.put("session", session.key());
        letter.put("endpoint", endpoint);
        letter.put("request", JsonValue.trusted(request.onOneLine().toJson()));
        letter.put("upstream", note.upstream());
        letter.put("stream", handover.get().stream());
        letter.put("fence", handover.get().fence());
        letter.put("takesStream", client.acceptsStream());
        letter.put("correlationId", client.correlationId());
        ClusterBus.Posted posted;
        try {
            posted = node.post(to, letter);
        } catch (StoreUnavailableException e) {
            if (note.again().isPresent()) {
                throw e;
            }
            // The letter may be in the inbox all the same.
            return Forwarded.UNKNOWN;
        }
        if (posted != ClusterBus.Posted.KEPT) {
            session.streams().takeBack(handover.get());
            return Forwarded.NO_ROOM;
        }
        EventStream connection = client.acceptsStream() ? client.openStream(Sse.HEADERS) : new LastEvent(client);
        session.streams()
                .follow(
                        connection,
                        handover.get(),
                        continuation,
                        ifGone.onOneLine().toJson());
        return Forwarded.TAKEN;
    }

    /** Returns the call that a letter asks for, unless it has come before. Called by the one thread that reads letters. */
    Optional<Asked> asked(JsonValue letter) {
        SessionStreams.Handover stream = new SessionStreams.Handover(
                letter.getString("stream").orElseThrow(),
                letter.get("fence").orElseThrow().asLong().orElseThrow());
        if (!taken.add(stream.stream())) {
            return Optional.empty();
        }
        Request request =
                (Request) Message.of(letter.get("request").orElseThrow().toJson());
        String session = letter.getString("session").orElseThrow();
        beginning.put(new Beginning(session, request.id()), "");
        return Optional.of(new Asked(
                session,
                letter.getString("endpoint").orElseThrow(),
                request,
                CallNote.of(request, letter.getString("upstream").orElse("")),
                stream,
                letter.get("takesStream").flatMap(JsonValue::asBoolean).orElse(true),
                letter.getString("correlationId").orElse("")));
    }

    /** Takes note that the client gives up a call, which may not have begun: its letter is read, but not all is done. */
    void cancel(String session, RequestId id, String reason) {
        beginning.replace(new Beginning(session, id), reason);
    }

    /** Returns whether the client has given a call up that has not begun. */
    boolean isGivenUp(Asked asked) {
        return !beginning
                .getOrDefault(new Beginning(asked.session(), asked.request().id()), "")
                .isEmpty();
    }

    /** Takes note that a call has begun, or never will; returns why its client has given it up meanwhile, if it has. */
    Optional<String> begun(Asked asked) {
        String reason =
                beginning.remove(new Beginning(asked.session(), asked.request().id()));
        return Optional.ofNullable(reason).filter(given -> !given.isEmpty());
    }

    /**
     * The client of another node, as this one sees it.
     *
     * @param stream what it is answered on
     * @param acceptsStream whether it takes more than the answer
     */
    record Client(Principal principal, String correlationId, SessionStream stream, boolean acceptsStream)
            implements ClientRequest {

        @Override
        public McpHeaders.Source headers() {
            return CallSpec.NO_HEADERS;
        }

        @Override
        public boolean acceptsJson() {
            return false;
        }

        @Override
        public void answer(int status, Map<String, String> headers, @Nullable Message body) {
            if (body == null) {
                stream.finish();
            } else {
                stream.finish(body.onOneLine().toJson());
            }
        }

        @Override
        public EventStream openStream(Map<String, String> headers) {
            throw new IllegalStateException("the stream is open already");
        }
    }

    /** Gives a client that takes no stream the last event, which is the answer. */
    private static final class LastEvent implements EventStream {

        private static final String DATA = "data: ";

        private final ClientRequest client;
        private volatile String data = "";

        LastEvent(ClientRequest client) {
            this.client = client;
        }

        @Override
        public boolean send(String frame) {
            int begin = frame.indexOf(DATA + "{");
            if (begin >= 0) {
                data = frame.substring(begin + DATA.length()).stripTrailing();
            }
            return true;
        }

        @Override
        public boolean idleFor(long nanos) {
            return false;
        }

        @Override
        public void close() {
            if (data.isEmpty()) {
                client.answer(202, Http.NONE, null);
            } else {
                client.answer(200, Http.JSON, Message.of(data));
            }
        }

        @Override
        public void onEnd(Runnable action) {
            // Nobody notices that a client has gone who is not written to.
        }
    }
}
