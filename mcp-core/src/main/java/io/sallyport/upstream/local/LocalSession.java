package io.sallyport.upstream.local;

import io.sallyport.protocol.Era;
import io.sallyport.protocol.ErrorCodes;
import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.McpError;
import io.sallyport.protocol.MetaKeys;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Part;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.Response;
import io.sallyport.upstream.CallHandle;
import io.sallyport.upstream.CallListener;
import io.sallyport.upstream.CallSpec;
import io.sallyport.upstream.ServerFacts;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamRuntime;
import io.sallyport.upstream.UpstreamSession;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** Carries out calls of a {@link LocalServer}, as a modern server would, each on a thread of the executor. */
final class LocalSession implements UpstreamSession {

    private static final Logger LOGGER = LoggerFactory.getLogger(LocalSession.class);
    private static final int MAX_COMPLETIONS = 100;

    private final LocalServer server;
    private final UpstreamRuntime runtime;

    LocalSession(LocalServer server, UpstreamRuntime runtime) {
        this.server = server;
        this.runtime = runtime;
    }

    @Override
    public Era era() {
        return Era.MODERN;
    }

    @Override
    public ServerFacts facts() {
        return server.facts();
    }

    @Override
    public CallHandle call(Request request, CallSpec spec, CallListener listener) {
        if (request.method().equals(Methods.SUBSCRIPTIONS_LISTEN)) {
            return server.listen(request, listener);
        }
        LocalTask task = new LocalTask(running -> carryOut(request, spec, listener, running), listener);
        try {
            runtime.executor().execute(task);
        } catch (RejectedExecutionException full) {
            listener.onFailure(
                    UpstreamFailure.notSent(UpstreamFailure.Kind.OVERLOADED, "the executor takes no more tasks"));
        }
        return task;
    }

    private Response carryOut(Request request, CallSpec spec, CallListener listener, LocalTask running) {
        try {
            return Response.resultJson(request.id(), Json.write(dispatch(request, spec, listener)));
        } catch (CallException refused) {
            return Response.error(request.id(), refused.error());
        } catch (Throwable failed) {
            // Classes that are missing are errors: the client of such a handler must not wait for the deadline.
            // What was interrupted often says so in an exception of its own.
            boolean cancelled = failed instanceof InterruptedException || running.isCancelled();
            LOGGER.atLevel(cancelled ? Level.DEBUG : Level.WARN)
                    .addKeyValue("upstream", server.name())
                    .addKeyValue("method", request.method())
                    .addKeyValue("correlationId", spec.correlationId())
                    .setCause(failed)
                    .log("a local handler failed");
            return failed(request, spec);
        }
    }

    /** Tells nothing of the exception: its text may hold anything. */
    private static Response failed(Request request, CallSpec spec) {
        String text = "The tool failed; its operator finds the reason under " + spec.correlationId() + ".";
        if (request.method().equals(Methods.TOOLS_CALL)) {
            Map<String, Object> result =
                    new LinkedHashMap<>(ToolResult.error(text).json());
            result.put("resultType", "complete");
            return Response.result(request.id(), result);
        }
        return Response.error(request.id(), McpError.of(ErrorCodes.INTERNAL_ERROR, text));
    }

    private Map<String, Object> dispatch(Request request, CallSpec spec, CallListener listener) throws Exception {
        return switch (request.method()) {
            case Methods.TOOLS_LIST -> list("tools", server.toolDefinitions());
            case Methods.PROMPTS_LIST -> list("prompts", server.promptDefinitions());
            case Methods.RESOURCES_LIST -> list("resources", resourceDefinitions(false));
            case Methods.RESOURCE_TEMPLATES_LIST -> list("resourceTemplates", resourceDefinitions(true));
            case Methods.TOOLS_CALL -> callTool(request, spec, listener);
            case Methods.PROMPTS_GET -> getPrompt(request, spec, listener);
            case Methods.RESOURCES_READ -> read(request, spec, listener);
            case Methods.COMPLETE -> complete(request, spec, listener);
            default ->
                throw new CallException(
                        McpError.of(ErrorCodes.METHOD_NOT_FOUND, "Method not found: " + request.method()));
        };
    }

    private static Map<String, Object> list(String member, List<JsonValue> definitions) {
        Map<String, Object> result = new LinkedHashMap<>();
        result.put(member, definitions);
        result.put("resultType", "complete");
        return result;
    }

    private List<JsonValue> resourceDefinitions(boolean templates) {
        return server.resources().stream()
                .filter(resource -> resource.isTemplate() == templates)
                .map(Resource::definition)
                .toList();
    }

    private Map<String, Object> callTool(Request request, CallSpec spec, CallListener listener) throws Exception {
        String name = requireString(request, "name");
        Tool tool = server.tool(name).orElseThrow(() -> CallException.invalidParams("Unknown tool: " + name));
        LocalCall call = call(request, spec, listener, arguments(request));
        ToolResult result;
        try {
            result = tool.handler().handle(call);
        } catch (CallException refused) {
            if (refused.error().code() != ErrorCodes.INVALID_PARAMS) {
                throw refused;
            }
            // Revision 2025-11-25 on: a model corrects itself only if it sees what is wrong with its arguments.
            result = ToolResult.error(refused.error().message());
        }
        return finish(result, request, spec);
    }

    private Map<String, Object> getPrompt(Request request, CallSpec spec, CallListener listener) throws Exception {
        String name = requireString(request, "name");
        Prompt prompt = server.prompt(name).orElseThrow(() -> CallException.invalidParams("Unknown prompt: " + name));
        return finish(prompt.handler().handle(call(request, spec, listener, arguments(request))), request, spec);
    }

    private Map<String, Object> read(Request request, CallSpec spec, CallListener listener) throws Exception {
        String uri = requireString(request, "uri");
        for (Resource resource : server.resources()) {
            Optional<Map<String, Object>> places = resource.match(uri);
            if (places.isPresent()) {
                Map<String, JsonValue> arguments =
                        JsonValue.trusted(Json.write(places.get())).members();
                ResourceContents contents = resource.reader().read(uri, call(request, spec, listener, arguments));
                Map<String, Object> result = new LinkedHashMap<>(contents.toResult());
                result.put("resultType", "complete");
                return result;
            }
        }
        throw new CallException(
                new McpError(ErrorCodes.INVALID_PARAMS, "Unknown resource: " + uri, Map.of("uri", uri)));
    }

    private Map<String, Object> complete(Request request, CallSpec spec, CallListener listener) throws Exception {
        JsonValue ref =
                request.get(Part.PARAMS, "ref").orElseThrow(() -> CallException.invalidParams("params.ref is missing"));
        JsonValue argument = request.get(Part.PARAMS, "argument")
                .orElseThrow(() -> CallException.invalidParams("params.argument is missing"));
        String name = argument.getString("name")
                .orElseThrow(() -> CallException.invalidParams("params.argument.name must be a string"));
        String begun = argument.getString("value").orElse("");
        Optional<Prompt.CallCompleter> completer =
                "ref/prompt".equals(ref.getString("type").orElse(""))
                        ? ref.getString("name")
                                .flatMap(server::prompt)
                                .orElseThrow(() -> CallException.invalidParams("Unknown prompt in params.ref"))
                                .completer(name)
                        : ref.getString("uri")
                                .flatMap(server::resource)
                                .orElseThrow(() -> CallException.invalidParams("Unknown resource in params.ref"))
                                .completer(name);
        Map<String, JsonValue> filledIn = request.get(Part.PARAMS, "context")
                .flatMap(context -> context.get("arguments"))
                .map(JsonValue::members)
                .orElse(Map.of());
        List<String> all = completer.isPresent()
                ? completer.get().complete(begun, call(request, spec, listener, filledIn))
                : List.of();
        Map<String, Object> completion = new LinkedHashMap<>();
        completion.put("values", all.subList(0, Math.min(MAX_COMPLETIONS, all.size())));
        completion.put("total", all.size());
        completion.put("hasMore", all.size() > MAX_COMPLETIONS);
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("completion", completion);
        result.put("resultType", "complete");
        return result;
    }

    private LocalCall call(Request request, CallSpec spec, CallListener listener, Map<String, JsonValue> arguments) {
        Optional<String> state = request.getString(Part.PARAMS, "requestState")
                .map(given -> RequestState.open(runtime.sealer(), given, request, spec.principal(), Instant.now())
                        .orElseThrow(() -> CallException.invalidState()));
        return new LocalCall(request, spec, listener, arguments, state);
    }

    private static Map<String, JsonValue> arguments(Request request) {
        Optional<JsonValue> arguments =
                request.get(Part.PARAMS, "arguments").filter(value -> value.kind() != JsonValue.Kind.NULL);
        if (arguments.isPresent() && !arguments.get().isObject()) {
            throw CallException.invalidParams("params.arguments must be an object");
        }
        return arguments.map(JsonValue::members).orElse(Map.of());
    }

    private static String requireString(Request request, String param) {
        return request.getString(Part.PARAMS, param)
                .orElseThrow(() -> CallException.invalidParams("params." + param + " must be a string"));
    }

    private Map<String, Object> finish(HandlerResult handled, Request request, CallSpec spec) {
        Map<String, Object> result = new LinkedHashMap<>(handled.json());
        if (handled.isComplete()) {
            result.put("resultType", "complete");
            return result;
        }
        Map<String, Object> inputs = new LinkedHashMap<>();
        for (InputRequest input : handled.inputs()) {
            if (request.get(Part.PARAMS_META, MetaKeys.CLIENT_CAPABILITIES)
                    .flatMap(capabilities -> capabilities.get(input.capability()))
                    .isEmpty()) {
                throw CallException.missingCapability(input.capability());
            }
            inputs.put(input.key(), input.toJson());
        }
        result.put("resultType", "input_required");
        result.put("inputRequests", inputs);
        if (!handled.state().isEmpty()) {
            result.put(
                    "requestState",
                    RequestState.seal(runtime.sealer(), handled.state(), request, spec.principal(), Instant.now()));
        }
        return result;
    }

    @Override
    public void send(Notification notification) {
        // Nothing that a client says unasked concerns a local server.
    }

    @Override
    public void close() {
        // What is under way belongs to its calls, which are cancelled one by one.
    }
}
