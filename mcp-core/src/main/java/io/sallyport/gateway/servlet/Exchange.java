package io.sallyport.gateway.servlet;

import io.sallyport.gateway.internal.ClientRequest;
import io.sallyport.protocol.McpHeaders;
import io.sallyport.protocol.Message;
import io.sallyport.spi.Principal;
import io.sallyport.stream.EventStream;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One HTTP request and its answer. */
final class Exchange implements ClientRequest {

    static final Map<String, String> JSON = Map.of("Content-Type", "application/json");

    private final HeaderSnapshot headers;
    private final String correlationId;
    private final ServletReply reply;
    private final boolean acceptsJson;
    private final boolean acceptsStream;
    private volatile Principal principal = McpServlet.nobody();

    Exchange(HeaderSnapshot headers, String correlationId, ServletReply reply) {
        this.headers = headers;
        this.correlationId = correlationId;
        this.reply = reply;
        String accept = String.join(",", headers.values("Accept")).toLowerCase(Locale.ROOT);
        boolean anything = accept.isBlank() || accept.contains("*/*");
        this.acceptsJson = anything || accept.contains("application/json") || accept.contains("application/*");
        this.acceptsStream = anything || accept.contains("text/event-stream") || accept.contains("text/*");
    }

    @Override
    public McpHeaders.Source headers() {
        return headers;
    }

    @Override
    public Principal principal() {
        return principal;
    }

    void setPrincipal(Principal found) {
        principal = found;
    }

    @Override
    public String correlationId() {
        return correlationId;
    }

    @Override
    public boolean acceptsStream() {
        return acceptsStream;
    }

    @Override
    public boolean acceptsJson() {
        return acceptsJson;
    }

    @Override
    public void answer(int status, Map<String, String> answerHeaders, @Nullable Message body) {
        reply.answer(status, answerHeaders, body);
    }

    @Override
    public EventStream openStream(Map<String, String> streamHeaders) {
        return reply.openStream(streamHeaders);
    }

    /** Called by the container's thread before it leaves the servlet. */
    void leaveContainer() {
        reply.leaveContainer();
    }
}
