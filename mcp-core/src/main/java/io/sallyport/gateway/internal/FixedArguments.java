package io.sallyport.gateway.internal;

import static java.util.Objects.requireNonNull;

import io.sallyport.protocol.Era;
import io.sallyport.protocol.ErrorCodes;
import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.McpError;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Part;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.Response;
import io.sallyport.spi.SecretResolver;
import io.sallyport.upstream.CallHandle;
import io.sallyport.upstream.CallListener;
import io.sallyport.upstream.CallSpec;
import io.sallyport.upstream.ServerFacts;
import io.sallyport.upstream.SessionListener;
import io.sallyport.upstream.SessionSpec;
import io.sallyport.upstream.Upstream;
import io.sallyport.upstream.UpstreamException;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamRuntime;
import io.sallyport.upstream.UpstreamSession;
import io.sallyport.upstream.internal.SecretTemplate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;

/**
 * An upstream whose tools have arguments that the operator has fixed. The gateway knows nothing of them: lists come without
 * them, so that no client sees or may give one, and they are put into a call when all that judges it has seen it. Thread-safe.
 */
final class FixedArguments extends UpstreamWrapper {

    /** By tool and argument. */
    private final Map<String, Map<String, SecretTemplate>> fixed;

    FixedArguments(Upstream upstream, Map<String, Map<String, SecretTemplate>> fixed) {
        super(upstream);
        this.fixed = requireNonNull(fixed, "fixed");
    }

    @Override
    public CompletionStage<UpstreamSession> open(SessionSpec spec, SessionListener listener, UpstreamRuntime runtime) {
        return wrapped().open(spec, listener, runtime).thenApply(session -> new Session(session, runtime));
    }

    private Response withoutFixed(Response list) {
        Optional<JsonValue> tools = list.get(Part.RESULT, "tools");
        if (tools.filter(all -> all.kind() == JsonValue.Kind.ARRAY).isEmpty()) {
            return list;
        }
        List<Object> shown = new ArrayList<>();
        tools.get().elements().forEach(tool -> shown.add(withoutFixed(tool)));
        return (Response)
                list.edit().set(Part.RESULT, "tools", Json.write(shown)).apply();
    }

    private Object withoutFixed(JsonValue tool) {
        Map<String, SecretTemplate> ofTool = fixed.get(tool.getString("name").orElse(""));
        Optional<JsonValue> schema = tool.get("inputSchema");
        if (ofTool == null || schema.isEmpty()) {
            return tool;
        }
        Map<String, Object> shownSchema = new LinkedHashMap<>(schema.get().members());
        schema.get().get("properties").ifPresent(properties -> {
            Map<String, Object> shown = new LinkedHashMap<>(properties.members());
            shown.keySet().removeAll(ofTool.keySet());
            shownSchema.put("properties", shown);
        });
        schema.get().get("required").ifPresent(required -> {
            List<JsonValue> shown = new ArrayList<>(required.elements());
            shown.removeIf(name -> name.asString().filter(ofTool::containsKey).isPresent());
            shownSchema.put("required", shown);
        });
        Map<String, Object> shownTool = new LinkedHashMap<>(tool.members());
        shownTool.put("inputSchema", shownSchema);
        return shownTool;
    }

    /** Returns why a client may not give these arguments, if it may not. */
    private static Optional<String> wrong(Request call, Map<String, SecretTemplate> ofTool) {
        Optional<JsonValue> arguments = call.get(Part.PARAMS, "arguments");
        if (arguments.filter(given -> !given.isObject()).isPresent()) {
            return Optional.of("params.arguments must be an object");
        }
        return arguments.stream()
                .flatMap(given -> given.members().keySet().stream())
                .filter(ofTool::containsKey)
                .findFirst()
                .map(name -> "Unknown argument: " + name);
    }

    /** Puts the fixed arguments behind the client's, which stay as they were written. May block. */
    private Request withFixed(Request call, Map<String, SecretTemplate> ofTool, SecretResolver secrets) {
        SecretResolver.Use use = new SecretResolver.Use(name(), secretHost(), SecretResolver.Use.ARGUMENT);
        Map<String, Object> arguments = new LinkedHashMap<>(
                call.get(Part.PARAMS, "arguments").map(JsonValue::members).orElse(Map.of()));
        ofTool.forEach((argument, template) -> arguments.put(argument, template.resolve(secrets, use)));
        return (Request)
                call.edit().set(Part.PARAMS, "arguments", Json.write(arguments)).apply();
    }

    /** Hears a list of tools. */
    private final class ListListener implements CallListener {

        private final CallListener listener;

        ListListener(CallListener listener) {
            this.listener = listener;
        }

        @Override
        public void onNotification(Notification notification) {
            listener.onNotification(notification);
        }

        @Override
        public void onRequest(Request request, Consumer<Response> answer) {
            listener.onRequest(request, answer);
        }

        @Override
        public void onPause(Duration retry) {
            listener.onPause(retry);
        }

        @Override
        public void onResponse(Response response) {
            listener.onResponse(withoutFixed(response));
        }

        @Override
        public void onFailure(UpstreamFailure failure) {
            listener.onFailure(failure);
        }
    }

    /** A session whose calls get the fixed arguments. */
    private final class Session implements UpstreamSession {

        private final UpstreamSession session;
        private final UpstreamRuntime runtime;

        Session(UpstreamSession session, UpstreamRuntime runtime) {
            this.session = session;
            this.runtime = runtime;
        }

        @Override
        public Era era() {
            return session.era();
        }

        @Override
        public ServerFacts facts() {
            return session.facts();
        }

        @Override
        public CallHandle call(Request request, CallSpec spec, CallListener listener) {
            if (request.method().equals(Methods.TOOLS_LIST)) {
                return session.call(request, spec, new ListListener(listener));
            }
            Map<String, SecretTemplate> ofTool = request.method().equals(Methods.TOOLS_CALL)
                    ? fixed.get(request.getString(Part.PARAMS, "name").orElse(""))
                    : null;
            if (ofTool == null) {
                return session.call(request, spec, listener);
            }
            Optional<String> wrong = wrong(request, ofTool);
            if (wrong.isPresent()) {
                listener.onResponse(Response.error(request.id(), McpError.of(ErrorCodes.INVALID_PARAMS, wrong.get())));
                return reason -> {};
            }
            LateCall late = new LateCall();
            try {
                // To look a secret up may block.
                runtime.executor().execute(() -> begin(request, ofTool, spec, listener, late));
            } catch (RejectedExecutionException full) {
                listener.onFailure(
                        UpstreamFailure.notSent(UpstreamFailure.Kind.OVERLOADED, "the executor takes no more tasks"));
            }
            return late;
        }

        private void begin(
                Request request,
                Map<String, SecretTemplate> ofTool,
                CallSpec spec,
                CallListener listener,
                LateCall late) {
            Request whole;
            try {
                whole = withFixed(request, ofTool, runtime.secrets());
            } catch (UpstreamException e) {
                late.unlessCancelled(() -> listener.onFailure(e.failure()));
                return;
            } catch (RuntimeException e) {
                // Not its message: the call may hold a secret by now.
                late.unlessCancelled(() -> listener.onFailure(UpstreamFailure.notSent(
                        UpstreamFailure.Kind.INTERNAL, e.getClass().getName() + " when arguments were fixed")));
                return;
            }
            late.unlessCancelled(() -> late.began(session.call(whole, spec, listener)));
        }

        @Override
        public void send(Notification notification) {
            session.send(notification);
        }

        @Override
        public Optional<String> handle() {
            return session.handle();
        }

        @Override
        public void close() {
            session.close();
        }

        @Override
        public void leave() {
            session.leave();
        }
    }
}
