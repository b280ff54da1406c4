package io.sallyport.upstream.sdk;

import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.json.schema.JsonSchemaValidator;
import io.modelcontextprotocol.server.McpAsyncServerExchange;
import io.modelcontextprotocol.server.McpSyncServerExchange;
import io.modelcontextprotocol.spec.McpError;
import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpSchema.CompleteReference;
import io.modelcontextprotocol.spec.McpSchema.CompleteRequest;
import io.modelcontextprotocol.spec.McpSchema.CompleteResult;
import io.modelcontextprotocol.util.DefaultMcpUriTemplateManager;
import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.MetaKeys;
import io.sallyport.upstream.local.CallException;
import io.sallyport.upstream.local.LocalCall;
import io.sallyport.upstream.local.Prompt;
import io.sallyport.upstream.local.PromptResult;
import io.sallyport.upstream.local.Resource;
import io.sallyport.upstream.local.ResourceContents;
import io.sallyport.upstream.local.Tool;
import io.sallyport.upstream.local.ToolResult;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/** Turns the SDK's definitions and handlers into ours. What it has made is thread-safe; it is not. */
final class SdkHandlers {

    /** A handler of either style. */
    @FunctionalInterface
    interface Handler<Q, R> {
        @Nullable R handle(McpAsyncServerExchange exchange, Q request) throws Exception;
    }

    private final McpJsonMapper mapper;
    private final SdkSchemas schemas;
    private final Function<LocalCall, Map<String, Object>> context;

    /** By what they complete; those that have found their place are gone. */
    private final Map<CompleteReference, Handler<CompleteRequest, CompleteResult>> completions;

    SdkHandlers(
            McpJsonMapper mapper,
            Optional<JsonSchemaValidator> validator,
            Function<LocalCall, Map<String, Object>> context,
            Map<CompleteReference, Handler<CompleteRequest, CompleteResult>> completions) {
        this.mapper = mapper;
        this.schemas = new SdkSchemas(mapper, validator);
        this.context = context;
        this.completions = new LinkedHashMap<>(completions);
    }

    static <Q, R> Handler<Q, R> sync(BiFunction<McpSyncServerExchange, Q, R> handler) {
        return (exchange, request) -> handler.apply(new McpSyncServerExchange(exchange), request);
    }

    static <Q, R> Handler<Q, R> async(BiFunction<McpAsyncServerExchange, Q, Mono<R>> handler) {
        return (exchange, request) -> await(handler.apply(exchange, request));
    }

    /** Not {@code block()}, which refuses some threads and hides an interruption. */
    private static <R> @Nullable R await(Mono<R> result) throws Exception {
        CompletableFuture<R> future = result.toFuture();
        try {
            return future.get();
        } catch (InterruptedException cancelled) {
            future.cancel(true);
            throw cancelled;
        } catch (ExecutionException failed) {
            if (failed.getCause() instanceof Exception cause) {
                throw cause;
            }
            throw failed;
        }
    }

    /** Returns what completes something that does not exist. */
    Iterable<CompleteReference> homelessCompletions() {
        return completions.keySet();
    }

    Tool tool(McpSchema.Tool tool, Handler<McpSchema.CallToolRequest, McpSchema.CallToolResult> handler) {
        Handler<McpSchema.CallToolRequest, McpSchema.CallToolResult> checked = schemas.checked(tool, handler);
        return Tool.from(write(tool)).handler(call -> {
            var request =
                    new McpSchema.CallToolRequest(tool.name(), toObjects(call.arguments()), toObjects(call.meta()));
            return ToolResult.parse(write(run(call, checked, request)));
        });
    }

    Prompt prompt(McpSchema.Prompt prompt, Handler<McpSchema.GetPromptRequest, McpSchema.GetPromptResult> handler) {
        Prompt.Builder builder = Prompt.from(write(prompt));
        CompleteReference reference =
                McpSchema.PromptReference.builder(prompt.name()).build();
        Optional.ofNullable(completions.remove(reference))
                .ifPresent(completion -> Optional.ofNullable(prompt.arguments()).orElse(List.of()).stream()
                        .map(McpSchema.PromptArgument::name)
                        .forEach(argument -> builder.complete(argument, completer(reference, argument, completion))));
        return builder.handler(call -> {
            var request =
                    new McpSchema.GetPromptRequest(prompt.name(), toObjects(call.arguments()), toObjects(call.meta()));
            return PromptResult.parse(write(run(call, handler, request)));
        });
    }

    Resource resource(
            McpSchema.Resource resource, Handler<McpSchema.ReadResourceRequest, McpSchema.ReadResourceResult> handler) {
        return Resource.from(write(resource)).reader(reader(handler));
    }

    Resource template(
            McpSchema.ResourceTemplate template,
            Handler<McpSchema.ReadResourceRequest, McpSchema.ReadResourceResult> handler) {
        Resource.Builder builder = Resource.from(write(template));
        CompleteReference reference = new McpSchema.ResourceReference(template.uriTemplate());
        Optional.ofNullable(completions.remove(reference))
                .ifPresent(completion -> new DefaultMcpUriTemplateManager(template.uriTemplate())
                        .getVariableNames().stream()
                                .forEach(place -> builder.complete(place, completer(reference, place, completion))));
        return builder.reader(reader(handler));
    }

    private Resource.Reader reader(Handler<McpSchema.ReadResourceRequest, McpSchema.ReadResourceResult> handler) {
        return (uri, call) -> ResourceContents.parse(
                write(run(call, handler, new McpSchema.ReadResourceRequest(uri, toObjects(call.meta())))));
    }

    private Prompt.CallCompleter completer(
            CompleteReference reference, String argument, Handler<CompleteRequest, CompleteResult> handler) {
        return (begun, call) -> {
            Map<String, String> filledIn = new LinkedHashMap<>();
            call.arguments().forEach((name, value) -> value.asString().ifPresent(text -> filledIn.put(name, text)));
            var request = new CompleteRequest(
                    reference,
                    new CompleteRequest.CompleteArgument(argument, begun),
                    toObjects(call.meta()),
                    new CompleteRequest.CompleteContext(filledIn));
            return run(call, handler, request).completion().values();
        };
    }

    private <Q, R> R run(LocalCall call, Handler<Q, R> handler, Q request) throws Exception {
        SdkExchange exchange = new SdkExchange(call, capabilities(call), clientInfo(call), contextOf(call));
        try {
            R result = handler.handle(exchange, request);
            if (result == null) {
                throw new IllegalStateException("the handler returned nothing");
            }
            return result;
        } catch (McpError error) {
            throw error.getJsonRpcError() == null ? error : new CallException(errorOf(error.getJsonRpcError()));
        } finally {
            exchange.end();
        }
    }

    private io.sallyport.protocol.McpError errorOf(McpSchema.JSONRPCResponse.JSONRPCError error) {
        Map<String, Object> data = new LinkedHashMap<>();
        if (error.data() != null) {
            JsonValue json = JsonValue.trusted(write(error.data()));
            if (json.isObject()) {
                data.putAll(json.members());
            } else {
                data.put("detail", json);
            }
        }
        return new io.sallyport.protocol.McpError(error.code(), error.message(), data);
    }

    private Map<String, Object> contextOf(LocalCall call) {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("principal", call.principal());
        all.put("correlationId", call.correlationId());
        all.putAll(context.apply(call));
        return all;
    }

    /** Returns what the client can do, without what it cannot be asked for through an exchange. */
    private McpSchema.ClientCapabilities capabilities(LocalCall call) {
        Map<String, Object> relayed =
                new LinkedHashMap<>(Optional.ofNullable(call.meta().get(MetaKeys.CLIENT_CAPABILITIES))
                        .map(JsonValue::members)
                        .orElse(Map.of()));
        relayed.keySet().removeAll(List.of("sampling", "elicitation", "roots"));
        return read(Json.write(relayed), McpSchema.ClientCapabilities.class);
    }

    private McpSchema.Implementation clientInfo(LocalCall call) {
        Map<String, Object> info = new LinkedHashMap<>(Map.of("name", "unknown", "version", ""));
        Optional.ofNullable(call.meta().get(MetaKeys.CLIENT_INFO)).ifPresent(given -> info.putAll(given.members()));
        return read(Json.write(info), McpSchema.Implementation.class);
    }

    private static Map<String, Object> toObjects(Map<String, JsonValue> values) {
        Map<String, Object> objects = new LinkedHashMap<>();
        values.forEach((name, value) -> objects.put(name, Json.read(value)));
        return objects;
    }

    private String write(Object value) {
        try {
            return mapper.writeValueAsString(value);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private <T> T read(String json, Class<T> type) {
        try {
            return mapper.readValue(json, type);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
