package io.sallyport.gateway.internal;

import io.sallyport.catalogue.Catalogue;
import io.sallyport.catalogue.EndpointCatalogue;
import io.sallyport.catalogue.Kind;
import io.sallyport.filter.Refusal;
import io.sallyport.protocol.EraClassifier;
import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.Message;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Part;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.Response;
import io.sallyport.spi.StoreUnavailableException;
import io.sallyport.stream.SessionStream;
import io.sallyport.upstream.ServerFacts;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.ObjIntConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One endpoint: what it offers, who serves it, and who wants to hear of changes. */
public final class ServedEndpoint {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.catalogue");
    private static final Logger HTTP_LOGGER = LoggerFactory.getLogger("io.sallyport.http");

    /** Told of changes; must not block. */
    interface Listener {
        /** The lists of these kinds changed. */
        void listsChanged(Set<Kind> kinds);

        /** A resource was updated. */
        void resourceUpdated(String uri, Notification notification);
    }

    private final Engine engine;
    private final EndpointSettings settings;
    private final Map<String, UpstreamManager> upstreams;
    private final CompletableFuture<Void> tried;
    private final Set<Listener> listeners = ConcurrentHashMap.newKeySet();
    private final ModernProtocol modern;
    private final LegacyProtocol legacy;
    private final Object merging = new Object();

    /** What was told of; as many as the configuration has. Guarded by {@code merging}. */
    private final Set<String> unknownNames = new HashSet<>();

    private volatile EndpointCatalogue catalogue = EndpointCatalogue.merge(Map.of(), new Unnamed());

    /** Names for a catalogue of nothing. */
    private record Unnamed() implements EndpointCatalogue.Naming {
        @Override
        public boolean isTransparent() {
            return true;
        }

        @Override
        public io.sallyport.catalogue.Exposure exposure(String upstream, Kind kind, String name) {
            return io.sallyport.catalogue.Exposure.AS_IT_IS;
        }

        @Override
        public boolean isConfigured(Kind kind, String exposed) {
            return false;
        }
    }

    ServedEndpoint(Engine engine, EndpointSettings settings, Map<String, UpstreamManager> upstreams) {
        this.engine = engine;
        this.settings = settings;
        this.upstreams = upstreams;
        this.tried = CompletableFuture.allOf(upstreams.values().stream()
                .map(manager -> manager.firstAttempt().toCompletableFuture())
                .toArray(CompletableFuture[]::new));
        this.modern = new ModernProtocol(engine, this);
        this.legacy = new LegacyProtocol(engine, this);
    }

    /** Returns where it is served. */
    public String path() {
        return settings.path();
    }

    /** Handles a posted message whose era is known. */
    public void handle(EraClassifier.Outcome era, Message message, ClientRequest request) {
        if (era instanceof EraClassifier.Refused refused) {
            Response error = Response.error(message instanceof Request asked ? asked.id() : null, refused.error());
            request.answer(refused.status(), Http.JSON, error);
        } else if (era instanceof EraClassifier.Modern) {
            modern.handle(message, request);
        } else {
            legacy.handle(message, request);
        }
    }

    /** Makes a call that another node has asked for. */
    void callForOther(CallsElsewhere.Asked asked, LegacySessions.Open open, SessionStream stream) {
        legacy.calls().makeForOther(asked, open, stream);
    }

    /** Handles GET: the stream of a legacy session. */
    public void handleGet(ClientRequest request) {
        legacy.handleGet(request);
    }

    /** Handles DELETE: the end of a legacy session. */
    public void handleDelete(ClientRequest request) {
        legacy.handleDelete(request);
    }

    boolean has(UpstreamManager manager) {
        return upstreams.containsValue(manager);
    }

    Optional<UpstreamManager> upstream(String name) {
        return Optional.ofNullable(upstreams.get(name));
    }

    java.util.Collection<UpstreamManager> upstreams() {
        return upstreams.values();
    }

    /** Returns the only upstream, if there is only one. */
    Optional<UpstreamManager> onlyUpstream() {
        return upstreams.size() == 1 ? Optional.of(upstreams.values().iterator().next()) : Optional.empty();
    }

    EndpointCatalogue catalogue() {
        return catalogue;
    }

    /** Begins the short while in which clients wait for upstreams that have not been tried. */
    void start() {
        engine.runtime()
                .timer()
                .schedule(
                        () -> tried.complete(null),
                        engine.settings().startupPatience().toMillis(),
                        TimeUnit.MILLISECONDS);
    }

    /**
     * Runs an action when every upstream has been tried once, or a short while has passed since the start: a client that
     * comes first should not see a list that is empty only because the gateway has just begun.
     */
    void whenTried(Request request, ClientRequest client, Runnable action) {
        if (tried.isDone()) {
            action.run();
        } else {
            tried.thenRun(() -> answered(request, client, action));
        }
    }

    /** Runs what answers a request later, on a thread that nobody watches: if it fails, the request must end all the same. */
    static void answered(Request request, ClientRequest client, Runnable action) {
        answered(request, client, (response, status) -> client.answer(status, Http.JSON, response), action);
    }

    /**
     * As {@link #answered(Request, ClientRequest, Runnable)}, where the answer may have begun.
     *
     * @param refuse told what to answer, and the HTTP status for it, if the action fails
     */
    static void answered(Request request, ClientRequest client, ObjIntConsumer<Response> refuse, Runnable action) {
        try {
            action.run();
        } catch (StoreUnavailableException e) {
            Refusal down = Errors.sessionsDown();
            refuse.accept(
                    Response.error(request.id(), Errors.of(down, client.correlationId())),
                    down.kind().status());
        } catch (RuntimeException e) {
            HTTP_LOGGER
                    .atError()
                    .addKeyValue("correlationId", client.correlationId())
                    .setCause(e)
                    .log("a request failed");
            Refusal failed = Refusal.of(Refusal.Kind.INTERNAL, "gateway", "The gateway failed.");
            refuse.accept(Response.error(request.id(), Errors.of(failed, client.correlationId())), 500);
        }
    }

    void onCatalogueChanged(Set<Kind> kinds) {
        Set<Kind> changed = EnumSet.noneOf(Kind.class);
        changed.addAll(kinds);
        synchronized (merging) {
            EndpointCatalogue before = catalogue;
            Map<String, Catalogue> parts = new LinkedHashMap<>();
            upstreams.forEach((name, manager) -> {
                if (!settings.hideWhenDown() || manager.state() == UpstreamManager.State.READY) {
                    parts.put(name, manager.catalogue());
                }
            });
            EndpointCatalogue merged = EndpointCatalogue.merge(parts, settings.naming());
            for (Kind kind : Kind.values()) {
                if (!merged.list(kind).equals(before.list(kind))) {
                    changed.add(kind);
                }
            }
            catalogue = merged;
            if (!merged.quarantined().equals(before.quarantined())) {
                merged.quarantined().forEach(this::logQuarantined);
            }
            warnOfUnknownNames();
        }
        if (!changed.isEmpty()) {
            listeners.forEach(listener -> listener.listsChanged(changed));
        }
    }

    /** A name with a slip in it hides nothing, and nobody would notice. Each is told once; called while merging. */
    private void warnOfUnknownNames() {
        upstreams.forEach((upstream, manager) -> {
            if (manager.state() == UpstreamManager.State.READY) {
                for (Kind kind : Kind.values()) {
                    warnOfUnknownNames(upstream, kind, manager.catalogue());
                }
            }
        });
    }

    private void warnOfUnknownNames(String upstream, Kind kind, Catalogue offered) {
        settings.naming().namesOf(upstream, kind).stream()
                .filter(name -> offered.definition(kind, name).isEmpty())
                .filter(name -> unknownNames.add(upstream + " " + kind + " " + name))
                .forEach(name -> LOGGER.atWarn()
                        .addKeyValue("endpoint", path())
                        .addKeyValue("upstream", upstream)
                        .addKeyValue("kind", kind)
                        .addKeyValue("name", name)
                        .log("the configuration renames or hides what the upstream does not list"));
    }

    private void logQuarantined(EndpointCatalogue.Quarantined definition) {
        LOGGER.atWarn()
                .addKeyValue("endpoint", path())
                .addKeyValue("upstream", definition.upstream())
                .addKeyValue("kind", definition.kind())
                .addKeyValue("name", Json.quote(definition.name()))
                .addKeyValue("reason", definition.reason())
                .log("definition quarantined: it is neither listed nor callable");
    }

    /** An upstream speaks of its own resources only; what it says of another's is not passed on. */
    void onResourceUpdated(UpstreamManager from, Notification notification) {
        notification
                .getString(Part.PARAMS, "uri")
                .filter(uri -> serving(uri).filter(from::equals).isPresent())
                .ifPresent(uri -> listeners.forEach(listener -> listener.resourceUpdated(uri, notification)));
    }

    /** Returns who serves a resource. It need not be listed; where there is only one upstream, it is the one to know. */
    Optional<UpstreamManager> serving(String uri) {
        return catalogue.upstreamOfUri(uri).flatMap(this::upstream).or(this::onlyUpstream);
    }

    void addListener(Listener listener) {
        listeners.add(listener);
    }

    void removeListener(Listener listener) {
        listeners.remove(listener);
    }

    /** Returns who serves here: the upstream if there is only one and nothing else was configured. */
    String serverInfo() {
        if (settings.title().isEmpty() && settings.naming().isTransparent()) {
            Optional<JsonValue> own =
                    onlyUpstream().flatMap(UpstreamManager::facts).map(ServerFacts::serverInfo);
            if (own.isPresent()) {
                return own.get().toJson();
            }
        }
        Map<String, Object> info = new LinkedHashMap<>(
                JsonValue.trusted(engine.settings().clientInfo()).members());
        settings.title().ifPresent(title -> info.put("title", title));
        return Json.write(info);
    }

    /** Returns what models are told: what was configured, else what the upstreams say. */
    Optional<String> instructions() {
        if (settings.instructions().isPresent()) {
            return settings.instructions();
        }
        Map<String, String> parts = new LinkedHashMap<>();
        upstreams.forEach((name, manager) ->
                manager.facts().flatMap(ServerFacts::instructions).ifPresent(text -> parts.put(name, text)));
        if (parts.isEmpty()) {
            return Optional.empty();
        }
        if (upstreams.size() == 1) {
            return Optional.of(parts.values().iterator().next());
        }
        StringBuilder all = new StringBuilder();
        parts.forEach((name, text) ->
                all.append("# ").append(name).append('\n').append(text).append("\n\n"));
        return Optional.of(all.toString().strip());
    }

    /** Returns whether an upstream offers this, such as {@code prompts}. */
    boolean has(String capability) {
        return upstreams.values().stream()
                .map(UpstreamManager::facts)
                .flatMap(Optional::stream)
                .anyMatch(facts -> facts.has(capability));
    }

    /** Returns what clients can ask for here: what the upstreams offer and we relay. */
    Map<String, Object> capabilities() {
        Map<String, Object> capabilities = new LinkedHashMap<>();
        Set<String> offered = new LinkedHashSet<>();
        for (String capability : List.of("tools", "prompts", "resources", "completions", "logging")) {
            if (has(capability)) {
                offered.add(capability);
            }
        }
        if (upstreams.values().stream().noneMatch(manager -> manager.facts().isPresent())) {
            // Nobody has been heard of so far; tools may come, and clients would not look again without this.
            offered.add("tools");
        }
        for (String capability : offered) {
            Map<String, Object> flags = new LinkedHashMap<>();
            switch (capability) {
                case "tools", "prompts" -> flags.put("listChanged", true);
                case "resources" -> {
                    flags.put("listChanged", true);
                    boolean subscribable = upstreams.values().stream()
                            .map(UpstreamManager::facts)
                            .flatMap(Optional::stream)
                            .anyMatch(facts -> facts.has("resources", "subscribe"));
                    if (subscribable) {
                        flags.put("subscribe", true);
                    }
                }
                default -> {
                    // No flags.
                }
            }
            capabilities.put(capability, flags);
        }
        return capabilities;
    }

    void close() {
        modern.close();
        listeners.clear();
    }
}
