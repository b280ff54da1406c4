package io.sallyport.upstream.internal;

import static java.util.Objects.requireNonNull;

import io.sallyport.protocol.Era;
import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.Message;
import io.sallyport.protocol.MessageEdit;
import io.sallyport.protocol.MetaKeys;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Part;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.RequestId;
import io.sallyport.protocol.Response;
import io.sallyport.upstream.CallHandle;
import io.sallyport.upstream.CallListener;
import io.sallyport.upstream.CallSpec;
import io.sallyport.upstream.MessageChannel;
import io.sallyport.upstream.ServerFacts;
import io.sallyport.upstream.SessionListener;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamSession;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A session over a {@link MessageChannel}: many calls share it, so each goes out under an id and a progress token of our
 * own, and what comes back is sorted by them.
 *
 * <p>What belongs to no call by its own word (log messages, questions of a legacy server) is taken to belong to the
 * call begun last: a session is shared only by clients that cannot be asked anything.
 */
public final class DuplexSession implements UpstreamSession {

    private static final int MAX_CALLS = 1000;

    private record Pending(Request request, Optional<JsonValue> progressToken, CallListener listener) {}

    private final String name;
    private final MessageChannel channel;
    private final SessionListener listener;
    private final AtomicLong ids = new AtomicLong();
    private final ReentrantLock lock = new ReentrantLock();

    /** By our id, the calls under way, oldest first. Guarded by the lock. */
    private final LinkedHashMap<RequestId, Pending> calls = new LinkedHashMap<>();

    private @Nullable UpstreamFailure ended;
    private volatile Era era;
    private volatile @Nullable ServerFacts facts;

    public DuplexSession(String name, Era era, MessageChannel channel, SessionListener listener) {
        this.name = name;
        this.era = era;
        this.channel = channel;
        this.listener = listener;
    }

    public void setFacts(ServerFacts known) {
        this.facts = known;
    }

    /** Begins anew in an era: what was asked before and not answered is forgotten. */
    public void speak(Era spoken) {
        lock.lock();
        try {
            era = spoken;
            calls.clear();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Era era() {
        return era;
    }

    @Override
    public ServerFacts facts() {
        return requireNonNull(facts, "facts");
    }

    @Override
    public CallHandle call(Request request, CallSpec spec, CallListener toCall) {
        RequestId id = RequestId.of(ids.incrementAndGet());
        Optional<JsonValue> token = request.get(Part.PARAMS_META, MetaKeys.PROGRESS_TOKEN);
        MessageEdit edit = request.edit().set(Part.MESSAGE, "id", id.token());
        if (token.isPresent()) {
            edit.set(Part.PARAMS_META, MetaKeys.PROGRESS_TOKEN, id.token());
        }
        Message toSend = edit.apply();
        UpstreamFailure refused = null;
        lock.lock();
        try {
            if (ended != null) {
                refused = UpstreamFailure.notSent(ended.kind(), ended.detail());
            } else if (calls.size() == MAX_CALLS) {
                refused = UpstreamFailure.notSent(
                        UpstreamFailure.Kind.OVERLOADED, MAX_CALLS + " calls are under way in one session");
            } else {
                calls.put(id, new Pending(request, token, toCall));
            }
        } finally {
            lock.unlock();
        }
        if (refused == null && !channel.send(toSend) && take(id) != null) {
            refused = channel.isOpen()
                    ? UpstreamFailure.notSent(
                            UpstreamFailure.Kind.OVERLOADED, "\"" + name + "\" does not read what it is sent")
                    : UpstreamFailure.notSent(
                            UpstreamFailure.Kind.INTERRUPTED, "\"" + name + "\" ended before it was sent the call");
        }
        if (refused != null) {
            toCall.onFailure(refused);
        }
        return reason -> cancel(id, reason);
    }

    private @Nullable Pending take(RequestId id) {
        lock.lock();
        try {
            return calls.remove(id);
        } finally {
            lock.unlock();
        }
    }

    private void cancel(RequestId id, String reason) {
        if (take(id) != null) {
            Map<String, Object> params = new LinkedHashMap<>();
            params.put("requestId", JsonValue.trusted(id.token()));
            params.put("reason", reason);
            channel.send(Notification.of(Methods.CANCELLED, params));
        }
    }

    @Override
    public void send(Notification notification) {
        channel.send(notification);
    }

    /** Takes a message of the upstream. Called by one thread at a time, in order. */
    public void received(Message message) {
        if (message instanceof Response response) {
            Pending call = response.id().map(this::take).orElse(null);
            if (call != null) {
                call.listener().onResponse(response.withId(call.request().id()));
            }
        } else if (message instanceof Request request) {
            Pending asking = latest().orElse(null);
            if (asking != null) {
                asking.listener().onRequest(request, answer -> channel.send(answer.withId(request.id())));
            } else {
                listener.onRequest(request, answer -> channel.send(answer.withId(request.id())));
            }
        } else {
            notified((Notification) message);
        }
    }

    private void notified(Notification notification) {
        switch (notification.method()) {
            case Methods.PROGRESS -> {
                Optional<JsonValue> token = notification.get(Part.PARAMS, "progressToken");
                Pending call = token.map(this::byToken).orElse(null);
                if (call != null && call.progressToken().isPresent()) {
                    call.listener().onNotification((Notification) notification
                            .edit()
                            .set(
                                    Part.PARAMS,
                                    "progressToken",
                                    call.progressToken().get().toJson())
                            .apply());
                }
            }
            case Methods.LOG_MESSAGE ->
                latest().map(Pending::listener)
                        .ifPresentOrElse(
                                call -> call.onNotification(notification), () -> listener.onNotification(notification));
            default -> subscribed(notification);
        }
    }

    /** Passes on what belongs to a {@code subscriptions/listen}, under the id that its caller gave it. */
    private void subscribed(Notification notification) {
        Pending listen = notification
                .get(Part.PARAMS_META, MetaKeys.SUBSCRIPTION_ID)
                .map(this::byToken)
                .orElse(null);
        if (listen == null) {
            listener.onNotification(notification);
            return;
        }
        listen.listener().onNotification((Notification) notification
                .edit()
                .set(
                        Part.PARAMS_META,
                        MetaKeys.SUBSCRIPTION_ID,
                        listen.request().id().token())
                .apply());
    }

    private @Nullable Pending byToken(JsonValue token) {
        if (token.kind() != JsonValue.Kind.NUMBER) {
            return null;
        }
        lock.lock();
        try {
            return calls.get(new RequestId(token.toJson()));
        } finally {
            lock.unlock();
        }
    }

    /** Returns the call begun last that may have brought something about. */
    private Optional<Pending> latest() {
        lock.lock();
        try {
            Pending last = null;
            for (Pending call : calls.values()) {
                String method = call.request().method();
                if (!method.equals(Methods.SUBSCRIPTIONS_LISTEN) && !method.equals(Methods.PING)) {
                    last = call;
                }
            }
            return Optional.ofNullable(last);
        } finally {
            lock.unlock();
        }
    }

    /** Takes note that a request of ours will get no answer, and maybe that the session has ended with it. */
    public void failed(RequestId id, UpstreamFailure why, boolean endsSession) {
        Pending call = take(id);
        if (endsSession) {
            // First, so that who makes the call again does not do it here.
            lost(why);
        }
        if (call != null) {
            call.listener().onFailure(why);
        }
    }

    /** Takes note that the channel has ended by itself. */
    public void lost(UpstreamFailure why) {
        if (end(why)) {
            listener.onEnd(why);
        }
    }

    private boolean end(UpstreamFailure why) {
        List<Pending> interrupted;
        lock.lock();
        try {
            if (ended != null) {
                return false;
            }
            ended = why;
            interrupted = new ArrayList<>(calls.values());
            calls.clear();
        } finally {
            lock.unlock();
        }
        UpstreamFailure failure = UpstreamFailure.maybeExecuted(why.kind(), why.detail());
        interrupted.forEach(call -> call.listener().onFailure(failure));
        return true;
    }

    @Override
    public void close() {
        end(UpstreamFailure.notSent(UpstreamFailure.Kind.INTERRUPTED, "the session was closed"));
        channel.close();
    }

    @Override
    public String toString() {
        return "DuplexSession[" + Json.quote(name) + ", " + era + "]";
    }
}
