package io.sallyport.upstream.http;

import io.sallyport.protocol.McpHeaders;
import io.sallyport.protocol.Message;
import io.sallyport.protocol.MessageLimits;
import io.sallyport.protocol.Methods;
import io.sallyport.upstream.http.HttpExchange.Lane;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.message.BasicHeader;

/** Puts the HTTP requests of a session together and sends them. Thread-safe. */
final class HttpWire {

    private static final Header CONTENT_TYPE = new BasicHeader("Content-Type", HttpReply.JSON);
    private static final Header ACCEPT = new BasicHeader("Accept", HttpReply.JSON + ", " + HttpReply.EVENTS);
    private static final Header ACCEPT_EVENTS = new BasicHeader("Accept", HttpReply.EVENTS);

    /** What an upstream may be asked twice without harm. */
    private static final Set<String> SAFE = Set.of(
            Methods.DISCOVER,
            Methods.INITIALIZE,
            Methods.PING,
            Methods.TOOLS_LIST,
            Methods.PROMPTS_LIST,
            Methods.RESOURCES_LIST,
            Methods.RESOURCE_TEMPLATES_LIST,
            Methods.RESOURCES_READ);

    private final HttpEngine engine;
    private final MessageLimits limits;
    private final List<String> passHeaders;

    HttpWire(HttpEngine engine, MessageLimits limits) {
        this.engine = engine;
        this.limits = limits;
        this.passHeaders = engine.settings().passHeaders();
    }

    /** Returns a reader for the answer to a request that is sent with it. */
    ReplyReader reader(ReplyReader.Sink sink) {
        return new ReplyReader(sink, limits);
    }

    static boolean isSafe(String method) {
        return SAFE.contains(method);
    }

    /** Posts a message. */
    void post(Message message, List<Header> headers, boolean repeatable, Lane lane, ReplyReader reader) {
        post("", message, headers, repeatable, lane, reader);
    }

    /** Posts a message to another place of this upstream. */
    void postTo(String path, Message message, ReplyReader reader, Lane lane) {
        post(path, message, List.of(), false, lane, reader);
    }

    private void post(
            String path, Message message, List<Header> headers, boolean repeatable, Lane lane, ReplyReader reader) {
        List<Header> all = new ArrayList<>(headers.size() + 2);
        all.add(CONTENT_TYPE);
        all.add(ACCEPT);
        all.addAll(headers);
        engine.start(new HttpExchange.Spec("POST", path, all, message.asByteBuffer(), repeatable, lane), reader);
    }

    /** Asks for a stream of events. */
    void get(List<Header> headers, Lane lane, ReplyReader reader) {
        List<Header> all = new ArrayList<>(headers.size() + 1);
        all.add(ACCEPT_EVENTS);
        all.addAll(headers);
        engine.start(new HttpExchange.Spec("GET", "", all, null, true, lane), reader);
    }

    /** Ends a session. */
    void delete(List<Header> headers, ReplyReader reader) {
        engine.start(new HttpExchange.Spec("DELETE", "", headers, null, true, Lane.URGENT), reader);
    }

    /** Adds those headers of the client that are to be passed on. */
    void addPassedOn(McpHeaders.Source clientHeaders, List<Header> headers) {
        for (String name : passHeaders) {
            for (String value : clientHeaders.values(name)) {
                addIfPossible(name, value, headers);
            }
        }
    }

    /** Adds a header unless its value holds what no header may hold. */
    static void addIfPossible(String name, String value, List<Header> headers) {
        if (HeaderRules.isPrintable(value)) {
            headers.add(new BasicHeader(name, value));
        }
    }

    HttpEngine engine() {
        return engine;
    }

    MessageLimits limits() {
        return limits;
    }
}
