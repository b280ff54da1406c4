package io.sallyport.gateway.internal;

import io.sallyport.catalogue.Kind;
import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.MetaKeys;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Part;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.Response;
import io.sallyport.stream.EventStream;
import io.sallyport.stream.Sse;
import io.sallyport.stream.Ticks;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A client's {@code subscriptions/listen}: a stream of the changes that it asked for, and of no others. */
final class ModernListen implements ServedEndpoint.Listener, Ticks.Ticking {

    private static final int MAX_RESOURCES = 1000;

    private final Engine engine;
    private final ServedEndpoint endpoint;
    private final Request request;
    private final boolean tools;
    private final boolean prompts;
    private final boolean resources;

    /** By URI, who was asked to watch it: by the time that the stream ends somebody else may offer it. */
    private final Map<String, UpstreamManager> watched = new LinkedHashMap<>();

    private volatile @Nullable EventStream stream;

    ModernListen(Engine engine, ServedEndpoint endpoint, Request request, JsonValue filter) {
        this.engine = engine;
        this.endpoint = endpoint;
        this.request = request;
        this.tools = wants(filter, "toolsListChanged") && endpoint.has("tools");
        this.prompts = wants(filter, "promptsListChanged") && endpoint.has("prompts");
        this.resources = wants(filter, "resourcesListChanged") && endpoint.has("resources");
        filter.get("resourceSubscriptions").map(JsonValue::elements).stream()
                .flatMap(java.util.List::stream)
                .map(JsonValue::asString)
                .flatMap(Optional::stream)
                .filter(uri -> upstreamOf(uri).isPresent())
                .limit(MAX_RESOURCES)
                .forEach(uri -> upstreamOf(uri).ifPresent(manager -> watched.put(uri, manager)));
    }

    private static boolean wants(JsonValue filter, String name) {
        return filter.get(name).flatMap(JsonValue::asBoolean).orElse(false);
    }

    private Optional<UpstreamManager> upstreamOf(String uri) {
        return endpoint.serving(uri)
                .filter(manager -> manager.facts()
                        .filter(facts -> facts.has("resources", "subscribe"))
                        .isPresent());
    }

    /** Opens the stream; what is acknowledged first is what will be told. */
    void open(ClientRequest client, Runnable onEnd) {
        EventStream opened = client.openStream(Sse.HEADERS);
        stream = opened;
        Map<String, Object> honoured = new LinkedHashMap<>();
        if (tools) {
            honoured.put("toolsListChanged", true);
        }
        if (prompts) {
            honoured.put("promptsListChanged", true);
        }
        if (resources) {
            honoured.put("resourcesListChanged", true);
        }
        if (!watched.isEmpty()) {
            honoured.put("resourceSubscriptions", watched.keySet());
        }
        Map<String, Object> params = new LinkedHashMap<>();
        params.put("notifications", honoured);
        tell(Notification.of(Methods.SUBSCRIPTIONS_ACKNOWLEDGED, params));
        endpoint.addListener(this);
        engine.ticks().add(this);
        watched.forEach((uri, manager) -> manager.watch(uri));
        opened.onEnd(() -> {
            endpoint.removeListener(this);
            engine.ticks().remove(this);
            watched.forEach((uri, manager) -> manager.unwatch(uri));
            onEnd.run();
        });
    }

    private void tell(Notification notification) {
        EventStream open = stream;
        if (open != null) {
            open.send(Sse.event(notification
                    .edit()
                    .set(
                            Part.PARAMS_META,
                            MetaKeys.SUBSCRIPTION_ID,
                            request.id().token())
                    .apply()));
        }
    }

    @Override
    public void listsChanged(Set<Kind> kinds) {
        if (tools && kinds.contains(Kind.TOOL)) {
            tell(Notification.of(Methods.TOOLS_CHANGED, null));
        }
        if (prompts && kinds.contains(Kind.PROMPT)) {
            tell(Notification.of(Methods.PROMPTS_CHANGED, null));
        }
        if (resources && (kinds.contains(Kind.RESOURCE) || kinds.contains(Kind.TEMPLATE))) {
            tell(Notification.of(Methods.RESOURCES_CHANGED, null));
        }
    }

    @Override
    public void resourceUpdated(String uri, Notification notification) {
        if (watched.containsKey(uri)) {
            tell(notification);
        }
    }

    @Override
    public void tick(long now) {
        EventStream open = stream;
        if (open != null && open.idleFor(engine.settings().idleHeartbeat().toNanos())) {
            open.send(Sse.HEARTBEAT);
        }
    }

    /** Ends the stream in the way that tells the client that it was meant. */
    void finish() {
        EventStream open = stream;
        if (open != null) {
            open.send(Sse.event(Response.resultJson(
                    request.id(),
                    "{\"resultType\":\"complete\",\"_meta\":{" + Json.quote(MetaKeys.SUBSCRIPTION_ID) + ":"
                            + request.id().token() + "}}")));
            open.close();
        }
    }
}
