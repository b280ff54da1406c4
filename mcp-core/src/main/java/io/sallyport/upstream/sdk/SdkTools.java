package io.sallyport.upstream.sdk;

import static java.util.Objects.requireNonNull;

import io.modelcontextprotocol.json.McpJsonDefaults;
import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.json.schema.JsonSchemaValidator;
import io.modelcontextprotocol.server.McpServerFeatures.AsyncCompletionSpecification;
import io.modelcontextprotocol.server.McpServerFeatures.AsyncPromptSpecification;
import io.modelcontextprotocol.server.McpServerFeatures.AsyncResourceSpecification;
import io.modelcontextprotocol.server.McpServerFeatures.AsyncResourceTemplateSpecification;
import io.modelcontextprotocol.server.McpServerFeatures.AsyncToolSpecification;
import io.modelcontextprotocol.server.McpServerFeatures.SyncCompletionSpecification;
import io.modelcontextprotocol.server.McpServerFeatures.SyncPromptSpecification;
import io.modelcontextprotocol.server.McpServerFeatures.SyncResourceSpecification;
import io.modelcontextprotocol.server.McpServerFeatures.SyncResourceTemplateSpecification;
import io.modelcontextprotocol.server.McpServerFeatures.SyncToolSpecification;
import io.modelcontextprotocol.spec.McpSchema.CompleteReference;
import io.modelcontextprotocol.spec.McpSchema.CompleteRequest;
import io.modelcontextprotocol.spec.McpSchema.CompleteResult;
import io.sallyport.upstream.local.LocalCall;
import io.sallyport.upstream.local.LocalServer;
import io.sallyport.upstream.local.Tool;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Makes what a host has written for the official SDK's server into a {@link LocalServer}: its tools, prompts, resources
 * and completions run in the gateway, without a server of the SDK.
 *
 * <pre>{@code
 * LocalServer crm = SdkTools.named("crm")
 *     .tools(toolSpecifications)
 *     .prompts(promptSpecifications)
 *     .build();
 * }</pre>
 *
 * <p>Handlers run on the gateway's executor, several at once; a call that is cancelled interrupts its handler. Arguments
 * of tools are checked against their schema before, as the SDK's server does. Definitions and results keep all that
 * the SDK's types hold, {@code structuredContent}, {@code _meta} and icons included. An {@code McpError} that a handler
 * throws is answered as it is, except that a tool's error about its arguments becomes a result that models can read;
 * what else a handler throws stays in the log.
 *
 * <p>The exchange that handlers are given:
 *
 * <ul>
 *   <li>reports progress and log messages, each if the client wants them;
 *   <li>knows who the client is and what it can do, without {@code sampling}, {@code elicitation} and {@code roots}: its
 *       {@code createMessage}, {@code createElicitation} and {@code listRoots} fail, because they would keep a thread
 *       waiting for a person. A tool that asks is written as a {@link Tool}, see {@link
 *       io.sallyport.upstream.local.InputRequest};
 *   <li>has no session: {@code sessionId()} is the id of the call;
 *   <li>has a transport context with {@code principal}, an {@link io.sallyport.spi.Principal}, and {@code
 *       correlationId}; see {@link Builder#transportContext} for more.
 * </ul>
 *
 * <p>Of completions the values are passed on; {@code total} and {@code hasMore} are counted from them.
 */
public final class SdkTools {

    private SdkTools() {}

    /** Begins a local server; see {@link io.sallyport.upstream.Upstream#name} for its name. */
    public static Builder named(String name) {
        return new Builder(LocalServer.named(name));
    }

    /** Returns one tool, such as for {@link LocalServer#add(Tool)} while the gateway runs, with the SDK's defaults. */
    public static Tool tool(SyncToolSpecification specification) {
        return defaults().tool(specification.tool(), SdkHandlers.sync(specification.callHandler()));
    }

    /** As {@link #tool(SyncToolSpecification)}. */
    public static Tool tool(AsyncToolSpecification specification) {
        return defaults().tool(specification.tool(), SdkHandlers.async(specification.callHandler()));
    }

    private static SdkHandlers defaults() {
        return new SdkHandlers(
                McpJsonDefaults.getMapper(),
                Optional.of(McpJsonDefaults.getSchemaValidator()),
                call -> Map.of(),
                Map.of());
    }

    /** Defines a local server out of specifications of the SDK. Confined to one thread. */
    public static final class Builder {

        private final LocalServer.Builder server;

        /** Run when all is known: completions have to find what they complete. */
        private final List<Consumer<SdkHandlers>> additions = new ArrayList<>();

        private final Map<CompleteReference, SdkHandlers.Handler<CompleteRequest, CompleteResult>> completions =
                new LinkedHashMap<>();
        private Optional<McpJsonMapper> mapper = Optional.empty();
        private Optional<JsonSchemaValidator> validator = Optional.empty();
        private boolean validates = true;
        private Function<LocalCall, Map<String, Object>> context = call -> Map.of();

        private Builder(LocalServer.Builder server) {
            this.server = server;
        }

        /** Adds tools. */
        public Builder tools(Collection<SyncToolSpecification> specifications) {
            specifications.forEach(spec ->
                    additions.add(to -> server.tool(to.tool(spec.tool(), SdkHandlers.sync(spec.callHandler())))));
            return this;
        }

        /** Adds tools whose handlers return a {@code Mono}. */
        public Builder asyncTools(Collection<AsyncToolSpecification> specifications) {
            specifications.forEach(spec ->
                    additions.add(to -> server.tool(to.tool(spec.tool(), SdkHandlers.async(spec.callHandler())))));
            return this;
        }

        /** Adds prompts. */
        public Builder prompts(Collection<SyncPromptSpecification> specifications) {
            specifications.forEach(spec -> additions.add(
                    to -> server.prompt(to.prompt(spec.prompt(), SdkHandlers.sync(spec.promptHandler())))));
            return this;
        }

        /** Adds prompts whose handlers return a {@code Mono}. */
        public Builder asyncPrompts(Collection<AsyncPromptSpecification> specifications) {
            specifications.forEach(spec -> additions.add(
                    to -> server.prompt(to.prompt(spec.prompt(), SdkHandlers.async(spec.promptHandler())))));
            return this;
        }

        /** Adds resources. */
        public Builder resources(Collection<SyncResourceSpecification> specifications) {
            specifications.forEach(spec -> additions.add(
                    to -> server.resource(to.resource(spec.resource(), SdkHandlers.sync(spec.readHandler())))));
            return this;
        }

        /** Adds resources whose handlers return a {@code Mono}. */
        public Builder asyncResources(Collection<AsyncResourceSpecification> specifications) {
            specifications.forEach(spec -> additions.add(
                    to -> server.resource(to.resource(spec.resource(), SdkHandlers.async(spec.readHandler())))));
            return this;
        }

        /** Adds templates of resources. */
        public Builder resourceTemplates(Collection<SyncResourceTemplateSpecification> specifications) {
            specifications.forEach(spec -> additions.add(
                    to -> server.resource(to.template(spec.resourceTemplate(), SdkHandlers.sync(spec.readHandler())))));
            return this;
        }

        /** Adds templates of resources whose handlers return a {@code Mono}. */
        public Builder asyncResourceTemplates(Collection<AsyncResourceTemplateSpecification> specifications) {
            specifications.forEach(spec -> additions.add(to ->
                    server.resource(to.template(spec.resourceTemplate(), SdkHandlers.async(spec.readHandler())))));
            return this;
        }

        /** Adds what completes arguments of prompts and places of templates. */
        public Builder completions(Collection<SyncCompletionSpecification> specifications) {
            specifications.forEach(
                    spec -> completions.put(spec.referenceKey(), SdkHandlers.sync(spec.completionHandler())));
            return this;
        }

        /** As {@link #completions}, with handlers that return a {@code Mono}. */
        public Builder asyncCompletions(Collection<AsyncCompletionSpecification> specifications) {
            specifications.forEach(
                    spec -> completions.put(spec.referenceKey(), SdkHandlers.async(spec.completionHandler())));
            return this;
        }

        /** Sets the version that clients read. Defaults to 1.0.0. */
        public Builder version(String version) {
            server.version(version);
            return this;
        }

        /** Sets what a model should know about the server as a whole. */
        public Builder instructions(String instructions) {
            server.instructions(instructions);
            return this;
        }

        /** Sets what writes definitions and results as JSON. Defaults to {@code McpJsonDefaults.getMapper()}. */
        public Builder jsonMapper(McpJsonMapper jsonMapper) {
            mapper = Optional.of(jsonMapper);
            return this;
        }

        /**
         * Sets what checks arguments and structured results against the schemas of their tools. Defaults to {@code
         * McpJsonDefaults.getSchemaValidator()}.
         */
        public Builder schemaValidator(JsonSchemaValidator schemaValidator) {
            validator = Optional.of(schemaValidator);
            validates = true;
            return this;
        }

        /** Leaves schemas to the handlers. */
        public Builder withoutSchemaValidation() {
            validates = false;
            return this;
        }

        /**
         * Sets what else handlers find in the transport context of their exchange, in place of the extractor of a
         * transport of the SDK; no value is null.
         */
        public Builder transportContext(Function<LocalCall, Map<String, Object>> extractor) {
            context = requireNonNull(extractor, "extractor");
            return this;
        }

        /**
         * Returns the server.
         *
         * @throws IllegalArgumentException if two things have the same name, a name is not allowed, or something
         *     completes a prompt or a template that is not there
         */
        public LocalServer build() {
            SdkHandlers handlers = new SdkHandlers(
                    mapper.orElseGet(McpJsonDefaults::getMapper),
                    validates
                            ? validator.or(() -> Optional.of(McpJsonDefaults.getSchemaValidator()))
                            : Optional.empty(),
                    context,
                    completions);
            additions.forEach(addition -> addition.accept(handlers));
            handlers.homelessCompletions().forEach(reference -> {
                throw new IllegalArgumentException("nothing here is completed by " + reference);
            });
            return server.build();
        }
    }
}
