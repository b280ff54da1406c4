package io.sallyport.gateway.internal;

import io.sallyport.catalogue.EndpointCatalogue;
import io.sallyport.catalogue.Kind;
import io.sallyport.protocol.ErrorCodes;
import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.McpError;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.ParamHeaders;
import io.sallyport.protocol.Part;
import io.sallyport.protocol.Request;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** Finds the upstream that a request is for, and puts the upstream's own names in place of the endpoint's. */
final class Router {

    /** Where a request goes. */
    sealed interface Route {}

    /**
     * It goes to this upstream.
     *
     * @param target the upstream's own name of what is asked for
     * @param request the request with the upstream's own names in it
     * @param paramHeaders which arguments headers have to mirror
     */
    record Found(UpstreamManager upstream, String target, Request request, ParamHeaders paramHeaders)
            implements Route {}

    /** It goes nowhere. */
    record NotFound(McpError error) implements Route {}

    private final ServedEndpoint endpoint;

    Router(ServedEndpoint endpoint) {
        this.endpoint = endpoint;
    }

    /**
     * Finds the way of a call, and hands it on: at once if it leads to an upstream, because nobody has to wait for the
     * others; else when all have been tried.
     */
    void whenRouted(Request request, ClientRequest client, Consumer<Route> call) {
        Route route = route(request);
        if (route instanceof Found) {
            call.accept(route);
        } else {
            endpoint.whenTried(request, client, () -> call.accept(route(request)));
        }
    }

    Route route(Request request) {
        return switch (request.method()) {
            case Methods.TOOLS_CALL -> byName(request, Kind.TOOL, "tool");
            case Methods.PROMPTS_GET -> byName(request, Kind.PROMPT, "prompt");
            case Methods.RESOURCES_READ, Methods.RESOURCES_SUBSCRIBE, Methods.RESOURCES_UNSUBSCRIBE -> byUri(request);
            case Methods.COMPLETE -> byRef(request);
            default -> throw new IllegalArgumentException(request.method());
        };
    }

    private Route byName(Request request, Kind kind, String what) {
        Optional<String> exposed = request.getString(Part.PARAMS, "name");
        if (exposed.isEmpty()) {
            return invalid("params.name must be a string");
        }
        Optional<EndpointCatalogue.Entry> entry = endpoint.catalogue().entry(kind, exposed.get());
        if (entry.isEmpty()) {
            // One text for what does not exist and for what is not offered to this client.
            return invalid("Unknown " + what + ": " + exposed.get());
        }
        Request own = entry.get().name().equals(exposed.get())
                ? request
                : (Request) request.edit()
                        .set(Part.PARAMS, "name", Json.quote(entry.get().name()))
                        .apply();
        return found(
                entry.get().upstream(), entry.get().name(), own, entry.get().paramHeaders());
    }

    private Route byUri(Request request) {
        Optional<String> uri = request.getString(Part.PARAMS, "uri");
        if (uri.isEmpty()) {
            return invalid("params.uri must be a string");
        }
        return endpoint.serving(uri.get())
                .<Route>map(manager -> new Found(manager, uri.get(), request, ParamHeaders.NONE))
                .orElseGet(() -> unknownResource(request, uri.get()));
    }

    private static Route unknownResource(Request request, String uri) {
        return new NotFound(new McpError(
                request.get(Part.PARAMS_META, io.sallyport.protocol.MetaKeys.PROTOCOL_VERSION)
                                .isPresent()
                        ? ErrorCodes.INVALID_PARAMS
                        : ErrorCodes.RESOURCE_NOT_FOUND,
                "Unknown resource: " + uri,
                Map.of("uri", uri)));
    }

    private Route byRef(Request request) {
        Optional<JsonValue> ref = request.get(Part.PARAMS, "ref");
        if (ref.isEmpty()) {
            return invalid("params.ref is missing");
        }
        Optional<String> uri = ref.get().getString("uri");
        if (uri.isPresent() && ref.get().get("name").isPresent()) {
            // It would be judged by one and perhaps answered by the other.
            return invalid("params.ref has a \"name\" and a \"uri\"; send one of them");
        }
        if (uri.isPresent()) {
            return endpoint.catalogue()
                    .entry(Kind.TEMPLATE, uri.get())
                    .map(EndpointCatalogue.Entry::upstream)
                    .or(() -> endpoint.serving(uri.get()).map(UpstreamManager::name))
                    .map(upstream -> found(upstream, uri.get(), request, ParamHeaders.NONE))
                    .orElseGet(() -> invalid("Unknown resource in params.ref: " + uri.get()));
        }
        Optional<String> name = ref.get().getString("name");
        if (name.isEmpty()) {
            return invalid("params.ref needs a \"name\" or a \"uri\"");
        }
        Optional<EndpointCatalogue.Entry> prompt = endpoint.catalogue().entry(Kind.PROMPT, name.get());
        if (prompt.isEmpty()) {
            return invalid("Unknown prompt in params.ref: " + name.get());
        }
        Request own = request;
        if (!prompt.get().name().equals(name.get())) {
            Map<String, Object> renamed = new LinkedHashMap<>(ref.get().members());
            renamed.put("name", prompt.get().name());
            own = (Request)
                    request.edit().set(Part.PARAMS, "ref", Json.write(renamed)).apply();
        }
        return found(prompt.get().upstream(), prompt.get().name(), own, ParamHeaders.NONE);
    }

    private Route found(String upstream, String target, Request request, ParamHeaders paramHeaders) {
        return endpoint.upstream(upstream)
                .<Route>map(manager -> new Found(manager, target, request, paramHeaders))
                .orElseGet(() -> invalid("Unknown upstream"));
    }

    private static Route invalid(String message) {
        return new NotFound(McpError.of(ErrorCodes.INVALID_PARAMS, message));
    }
}
