package io.sallyport.upstream.local;

import static java.util.Objects.requireNonNull;

import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.ProtocolVersion;
import io.sallyport.protocol.Request;
import io.sallyport.upstream.CallHandle;
import io.sallyport.upstream.CallListener;
import io.sallyport.upstream.ServerFacts;
import io.sallyport.upstream.SessionListener;
import io.sallyport.upstream.SessionSpec;
import io.sallyport.upstream.Upstream;
import io.sallyport.upstream.UpstreamRuntime;
import io.sallyport.upstream.UpstreamSession;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/**
 * A host's own tools, prompts and resources, as an upstream of the gateway. They may be added and removed while it
 * runs; clients are told. Thread-safe.
 */
public final class LocalServer implements Upstream {

    private final String name;
    private final ServerFacts facts;
    private final Map<String, Tool> tools;
    private final Map<String, Prompt> prompts;
    private final Map<String, Resource> resources;
    private final Set<LocalListen> listening = ConcurrentHashMap.newKeySet();

    private LocalServer(Builder builder) {
        name = builder.name;
        facts = new ServerFacts(
                ProtocolVersion.V2026_07_28,
                JsonValue.trusted(Json.write(builder.serverInfo())),
                JsonValue.trusted(CAPABILITIES),
                builder.instructions);
        tools = synchronizedCopy(builder.tools, Tool::name, "tool");
        prompts = synchronizedCopy(builder.prompts, Prompt::name, "prompt");
        resources = synchronizedCopy(builder.resources, Resource::uri, "resource");
    }

    private static final String CAPABILITIES = "{\"tools\":{\"listChanged\":true},\"prompts\":{\"listChanged\":true},"
            + "\"resources\":{\"subscribe\":true,\"listChanged\":true},\"completions\":{},\"logging\":{}}";

    private static <T> Map<String, T> synchronizedCopy(List<T> elements, Function<T, String> key, String what) {
        Map<String, T> map = new LinkedHashMap<>();
        for (T element : elements) {
            if (map.put(key.apply(element), element) != null) {
                throw new IllegalArgumentException(what + " \"" + key.apply(element) + "\" is defined twice");
            }
        }
        return java.util.Collections.synchronizedMap(map);
    }

    /** Begins a server; see {@link Upstream#name} for its name. */
    public static Builder named(String name) {
        return new Builder(Upstream.requireValidName(name));
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public boolean sharesSessions() {
        return true;
    }

    @Override
    public CompletionStage<UpstreamSession> open(SessionSpec spec, SessionListener listener, UpstreamRuntime runtime) {
        return CompletableFuture.completedFuture(new LocalSession(this, runtime));
    }

    /** Adds a tool, or replaces the one of the same name; clients are told that the list changed. */
    public void add(Tool tool) {
        tools.put(tool.name(), tool);
        tellAll(Notification.of(Methods.TOOLS_CHANGED, null));
    }

    /** Removes a tool if it is there; clients are told that the list changed. */
    public void removeTool(String tool) {
        if (tools.remove(tool) != null) {
            tellAll(Notification.of(Methods.TOOLS_CHANGED, null));
        }
    }

    /** Adds a prompt, or replaces the one of the same name; clients are told that the list changed. */
    public void add(Prompt prompt) {
        prompts.put(prompt.name(), prompt);
        tellAll(Notification.of(Methods.PROMPTS_CHANGED, null));
    }

    /** Removes a prompt if it is there; clients are told that the list changed. */
    public void removePrompt(String prompt) {
        if (prompts.remove(prompt) != null) {
            tellAll(Notification.of(Methods.PROMPTS_CHANGED, null));
        }
    }

    /** Adds a resource, or replaces the one at the same URI; clients are told that the list changed. */
    public void add(Resource resource) {
        resources.put(resource.uri(), resource);
        tellAll(Notification.of(Methods.RESOURCES_CHANGED, null));
    }

    /** Removes a resource if it is there; clients are told that the list changed. */
    public void removeResource(String uri) {
        if (resources.remove(uri) != null) {
            tellAll(Notification.of(Methods.RESOURCES_CHANGED, null));
        }
    }

    /** Tells those who watch a resource that it has changed. */
    public void resourceUpdated(String uri) {
        tellAll(Notification.of(Methods.RESOURCE_UPDATED, Map.of("uri", uri)));
    }

    private void tellAll(Notification notification) {
        listening.forEach(listen -> listen.tell(notification));
    }

    /** Tells a listener of changes until its call is cancelled. */
    CallHandle listen(Request request, CallListener listener) {
        LocalListen listen = new LocalListen(request, listener);
        listen.acknowledge();
        listening.add(listen);
        return reason -> listening.remove(listen);
    }

    ServerFacts facts() {
        return facts;
    }

    Optional<Tool> tool(String toolName) {
        return Optional.ofNullable(tools.get(toolName));
    }

    Optional<Prompt> prompt(String promptName) {
        return Optional.ofNullable(prompts.get(promptName));
    }

    Optional<Resource> resource(String uriOrTemplate) {
        return Optional.ofNullable(resources.get(uriOrTemplate));
    }

    List<JsonValue> toolDefinitions() {
        return snapshot(tools).stream().map(Tool::definition).toList();
    }

    List<JsonValue> promptDefinitions() {
        return snapshot(prompts).stream().map(Prompt::definition).toList();
    }

    List<Resource> resources() {
        return snapshot(resources);
    }

    private static <T> List<T> snapshot(Map<String, T> map) {
        synchronized (map) {
            return List.copyOf(map.values());
        }
    }

    @Override
    public void close() {
        listening.clear();
    }

    /** Defines a server. Confined to one thread. */
    public static final class Builder {

        private final String name;
        private final List<Tool> tools = new ArrayList<>();
        private final List<Prompt> prompts = new ArrayList<>();
        private final List<Resource> resources = new ArrayList<>();
        private Optional<String> instructions = Optional.empty();
        private String version = "1.0.0";

        private Builder(String name) {
            this.name = name;
        }

        private Map<String, Object> serverInfo() {
            Map<String, Object> info = new LinkedHashMap<>();
            info.put("name", name);
            info.put("version", version);
            return info;
        }

        /** Sets the version that clients read. Defaults to 1.0.0. */
        public Builder version(String version) {
            this.version = requireNonNull(version, "version");
            return this;
        }

        /** Sets what a model should know about the server as a whole. */
        public Builder instructions(String instructions) {
            this.instructions = Optional.of(instructions);
            return this;
        }

        /** Adds a tool. */
        public Builder tool(Tool tool) {
            tools.add(requireNonNull(tool, "tool"));
            return this;
        }

        /** Adds a prompt. */
        public Builder prompt(Prompt prompt) {
            prompts.add(requireNonNull(prompt, "prompt"));
            return this;
        }

        /** Adds a resource or a template. */
        public Builder resource(Resource resource) {
            resources.add(requireNonNull(resource, "resource"));
            return this;
        }

        /**
         * Returns the server.
         *
         * @throws IllegalArgumentException if two things have the same name
         */
        public LocalServer build() {
            return new LocalServer(this);
        }
    }
}
