package io.sallyport.upstream.http;

import io.sallyport.protocol.Era;
import io.sallyport.protocol.McpHeaders;
import io.sallyport.protocol.Message;
import io.sallyport.protocol.MetaKeys;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Part;
import io.sallyport.protocol.ProtocolVersion;
import io.sallyport.protocol.Request;
import io.sallyport.upstream.CallHandle;
import io.sallyport.upstream.CallListener;
import io.sallyport.upstream.CallSpec;
import io.sallyport.upstream.ServerFacts;
import io.sallyport.upstream.SessionListener;
import io.sallyport.upstream.SessionSpec;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamFailure.Kind;
import io.sallyport.upstream.UpstreamSession;
import io.sallyport.upstream.http.HttpExchange.Lane;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.message.BasicHeader;

/**
 * A conversation with a modern upstream. There is no session on the wire: each call is a POST that stands alone, and this
 * only knows which ones are under way.
 */
final class ModernHttpSession implements UpstreamSession {

    private static final long BETWEEN_DOUBTS_NANOS = 5_000_000_000L;

    private final HttpWire wire;
    private final ServerFacts facts;
    private final SessionSpec spec;
    private final SessionListener listener;
    private final HttpOrigin origin;
    private final Set<ModernHttpCall> calls = ConcurrentHashMap.newKeySet();
    private final AtomicBoolean over = new AtomicBoolean();
    private final AtomicLong lastDoubt = new AtomicLong();

    ModernHttpSession(HttpWire wire, ServerFacts facts, SessionSpec spec, SessionListener listener, HttpOrigin origin) {
        this.wire = wire;
        this.facts = facts;
        this.spec = spec;
        this.listener = listener;
        this.origin = origin;
    }

    @Override
    public Era era() {
        return Era.MODERN;
    }

    @Override
    public ServerFacts facts() {
        return facts;
    }

    @Override
    public CallHandle call(Request request, CallSpec callSpec, CallListener to) {
        ModernHttpCall call = new ModernHttpCall(this, request, new CallEvents(to));
        if (over.get()) {
            call.fail(UpstreamFailure.notSent(Kind.UNREACHABLE, "the session has ended"));
            return call;
        }
        calls.add(call);
        List<Header> headers = headers(request, request.method());
        McpHeaders.namedParam(request.method())
                .flatMap(param -> request.getString(Part.PARAMS, param))
                .ifPresent(name -> headers.add(new BasicHeader(McpHeaders.NAME, McpHeaders.encode(name))));
        callSpec.paramHeaders().forEach((name, value) -> HttpWire.addIfPossible(name, value, headers));
        wire.addPassedOn(callSpec.clientHeaders(), headers);
        Lane lane = request.method().equals(Methods.SUBSCRIPTIONS_LISTEN) ? Lane.LISTEN : Lane.CALL;
        wire.post(request, headers, HttpWire.isSafe(request.method()), lane, call.reader());
        if (over.get()) {
            call.interrupt();
        }
        return call;
    }

    /** Returns the headers that every modern message has; the body is what they are taken from. */
    static List<Header> headers(Message message, String method) {
        List<Header> headers = new ArrayList<>(8);
        headers.add(new BasicHeader(
                McpHeaders.PROTOCOL_VERSION,
                message.getString(Part.PARAMS_META, MetaKeys.PROTOCOL_VERSION)
                        .filter(HeaderRules::isPrintable)
                        .orElse(ProtocolVersion.V2026_07_28)));
        headers.add(new BasicHeader(McpHeaders.METHOD, McpHeaders.encode(method)));
        return headers;
    }

    @Override
    public void send(Notification notification) {
        if (!over.get()) {
            HttpQuestion.post(
                    wire,
                    notification,
                    headers(notification, notification.method()),
                    Lane.URGENT,
                    wire.engine().settings().requestTimeout(),
                    origin.runtime().timer());
        }
    }

    HttpWire wire() {
        return wire;
    }

    void forgetEra() {
        origin.forgetEra();
    }

    void forget(ModernHttpCall call) {
        calls.remove(call);
    }

    /**
     * Takes note of an answer that no modern upstream should give. One odd answer, which a firewall on the way may have
     * written, ends nothing: the upstream is asked who it is, once in a while.
     */
    void doubt() {
        long now = wire.engine().now();
        long last = lastDoubt.get();
        if (over.get() || last != 0 && now - last < BETWEEN_DOUBTS_NANOS || !lastDoubt.compareAndSet(last, now)) {
            return;
        }
        origin.doubt(spec).thenAccept(evidence -> evidence.ifPresent(this::end));
    }

    private void end(UpstreamFailure why) {
        if (over.compareAndSet(false, true)) {
            origin.ended(this);
            calls.forEach(ModernHttpCall::interrupt);
            listener.onEnd(why);
        }
    }

    @Override
    public void close() {
        over.set(true);
        origin.ended(this);
        calls.forEach(ModernHttpCall::interrupt);
    }
}
