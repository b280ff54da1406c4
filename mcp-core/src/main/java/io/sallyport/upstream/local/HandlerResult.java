package io.sallyport.upstream.local;

import io.sallyport.protocol.JsonValue;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What handlers of tools, prompts and resources have in common: a result, or the need for input. */
abstract class HandlerResult {

    private final Map<String, Object> json;
    private final List<InputRequest> inputs;
    private final String state;

    HandlerResult(Map<String, Object> json, List<InputRequest> inputs, String state) {
        this.json = json;
        this.inputs = inputs;
        this.state = state;
    }

    /** Returns the members of a result that is given as JSON. */
    static Map<String, Object> objectOf(String json) {
        JsonValue given = JsonValue.trusted(json);
        if (!given.isObject()) {
            throw new IllegalArgumentException("a result is a JSON object");
        }
        return new LinkedHashMap<>(given.members());
    }

    final boolean isComplete() {
        return inputs.isEmpty();
    }

    final Map<String, Object> json() {
        return json;
    }

    final List<InputRequest> inputs() {
        return inputs;
    }

    /** Returns the state to seal; empty for none. */
    final String state() {
        return state;
    }
}
