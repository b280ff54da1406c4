package io.sallyport.upstream.local;

import static java.util.Objects.requireNonNull;

import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.MetaKeys;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Part;
import io.sallyport.protocol.Request;
import io.sallyport.spi.Principal;
import io.sallyport.upstream.CallListener;
import io.sallyport.upstream.CallSpec;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A call as a handler sees it: arguments, who calls, and ways to report. Confined to the handler's thread. */
public final class LocalCall {

    private static final List<String> LEVELS =
            List.of("debug", "info", "notice", "warning", "error", "critical", "alert", "emergency");

    private final Request request;
    private final CallSpec spec;
    private final CallListener listener;
    private final Map<String, JsonValue> arguments;
    private final Map<String, JsonValue> answers;
    private final Optional<String> state;

    LocalCall(
            Request request,
            CallSpec spec,
            CallListener listener,
            Map<String, JsonValue> arguments,
            Optional<String> state) {
        this.request = request;
        this.spec = spec;
        this.listener = listener;
        this.arguments = arguments;
        this.answers = request.get(Part.PARAMS, "inputResponses")
                .map(JsonValue::members)
                .orElse(Map.of());
        this.state = state;
    }

    /** Returns who calls. */
    public Principal principal() {
        return spec.principal();
    }

    /** Returns the id that ties together what is logged about this call. */
    public String correlationId() {
        return spec.correlationId();
    }

    /** Returns an argument as it was sent, or nothing if it was not, or is null. */
    public Optional<JsonValue> argument(String name) {
        return Optional.ofNullable(arguments.get(name)).filter(value -> value.kind() != JsonValue.Kind.NULL);
    }

    /** Returns all arguments as they were sent. */
    public Map<String, JsonValue> arguments() {
        return arguments;
    }

    /**
     * Returns an argument that is a string.
     *
     * @throws CallException if it is missing or something else; the client reads which
     */
    public String string(String name) {
        return required(name, argument(name).flatMap(JsonValue::asString), "a string");
    }

    /** Returns an argument that is a whole number; see {@link #string} for what it throws. */
    public long integer(String name) {
        return required(
                        name,
                        argument(name).map(JsonValue::asLong).filter(java.util.OptionalLong::isPresent),
                        "a whole number")
                .getAsLong();
    }

    /** Returns an argument that is a number; see {@link #string} for what it throws. */
    public double number(String name) {
        return required(name, argument(name).filter(value -> value.kind() == JsonValue.Kind.NUMBER), "a number")
                .toJson()
                .transform(Double::parseDouble);
    }

    /** Returns an argument that is a truth value; see {@link #string} for what it throws. */
    public boolean bool(String name) {
        return required(name, argument(name).flatMap(JsonValue::asBoolean), "true or false");
    }

    private static <T> T required(String name, Optional<T> value, String what) {
        return value.orElseThrow(
                () -> CallException.invalidParams("The argument \"" + name + "\" must be " + what + "."));
    }

    /** Returns whether the client can be asked for something: {@code elicitation}, {@code sampling}, {@code roots}. */
    public boolean clientHas(String capability) {
        return request.get(Part.PARAMS_META, MetaKeys.CLIENT_CAPABILITIES)
                .flatMap(capabilities -> capabilities.get(capability))
                .isPresent();
    }

    /** Returns what came with the call beside its parameters, in {@code _meta}. */
    public Map<String, JsonValue> meta() {
        return request.get(Part.PARAMS_META).map(JsonValue::members).orElse(Map.of());
    }

    /** Returns the answer to an {@link InputRequest}, or nothing if it was not asked, or not answered with an object. */
    public Optional<JsonValue> answer(String key) {
        return Optional.ofNullable(answers.get(key)).filter(JsonValue::isObject);
    }

    /**
     * Returns what the user filled in, or nothing if the user was not asked.
     *
     * @throws CallException if the user declined or closed the form
     */
    public Optional<JsonValue> filledIn(String key) {
        Optional<JsonValue> answer = answer(key);
        if (answer.isEmpty()) {
            return Optional.empty();
        }
        Optional<String> action = answer.get().getString("action");
        if (action.filter(word -> word.equals("decline") || word.equals("cancel"))
                .isPresent()) {
            throw CallException.invalidParams("The user did not fill in what was asked for.");
        }
        return answer.get().get("content").filter(JsonValue::isObject);
    }

    /** Returns the state given with the request for input that this call answers. */
    public Optional<String> state() {
        return state;
    }

    /**
     * Reports how far the call has come. Does nothing if the client did not ask for progress.
     *
     * @param total what {@code progress} will be at the end
     */
    public void progress(double progress, double total, String message) {
        Map<String, Object> more = new LinkedHashMap<>();
        more.put("total", number(total));
        more.put("message", requireNonNull(message, "message"));
        tellProgress(progress, more);
    }

    /** As {@link #progress(double, double, String)}, without words. */
    public void progress(double progress, double total) {
        tellProgress(progress, Map.of("total", number(total)));
    }

    /** As {@link #progress(double, double, String)}, where nobody knows the total. */
    public void progress(double progress, String message) {
        tellProgress(progress, Map.of("message", message));
    }

    /** As {@link #progress(double, double, String)}, where nobody knows the total, without words. */
    public void progress(double progress) {
        tellProgress(progress, Map.of());
    }

    private void tellProgress(double progress, Map<String, ?> more) {
        request.get(Part.PARAMS_META, MetaKeys.PROGRESS_TOKEN).ifPresent(token -> {
            Map<String, Object> params = new LinkedHashMap<>();
            params.put("progressToken", token);
            params.put("progress", number(progress));
            params.putAll(more);
            listener.onNotification(Notification.of(Methods.PROGRESS, params));
        });
    }

    private static Number number(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e15 ? (Number) (long) value : (Number) value;
    }

    /**
     * Sends a log message to the client. Does nothing if the client did not ask for messages of this level.
     *
     * @param level one of the eight levels of the specification, such as {@code info}
     * @param data see {@link io.sallyport.protocol.Json#write}
     */
    public void log(String level, Object data) {
        Map<String, Object> params = new LinkedHashMap<>();
        params.put("data", data);
        tellLog(level, params);
    }

    /** As {@link #log(String, Object)}, in the name of a logger. */
    public void log(String level, String logger, Object data) {
        Map<String, Object> params = new LinkedHashMap<>();
        params.put("logger", requireNonNull(logger, "logger"));
        params.put("data", data);
        tellLog(level, params);
    }

    private void tellLog(String level, Map<String, ?> more) {
        int severity = LEVELS.indexOf(level);
        if (severity < 0) {
            throw new IllegalArgumentException("level must be one of " + LEVELS + ", but was " + level);
        }
        Optional<String> wanted = request.getString(Part.PARAMS_META, MetaKeys.LOG_LEVEL);
        if (wanted.isPresent() && severity >= LEVELS.indexOf(wanted.get())) {
            Map<String, Object> params = new LinkedHashMap<>();
            params.put("level", level);
            params.putAll(more);
            listener.onNotification(Notification.of(Methods.LOG_MESSAGE, params));
        }
    }

    /**
     * Lets a client of revision 2025-11-25 go and come back for the rest of the answer after a while, instead of
     * keeping its connection. Does nothing for other clients.
     */
    public void releaseConnection(Duration comeBackAfter) {
        listener.onPause(comeBackAfter);
    }
}
