package io.sallyport.upstream.local;

import static java.util.Objects.requireNonNull;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a tool comes to: content, an error that the model can read, or the need for input. Immutable. */
public final class ToolResult extends HandlerResult {

    private ToolResult(Map<String, Object> json, List<InputRequest> inputs, String state) {
        super(json, inputs, state);
    }

    /** Returns a result of one text. */
    public static ToolResult text(String text) {
        return of(Content.text(text));
    }

    /** Returns a result of several pieces of content. */
    public static ToolResult of(Content... content) {
        return complete(List.of(content), false);
    }

    /** Returns a failure of the tool, in words that the model can act on. */
    public static ToolResult error(String text) {
        return complete(List.of(Content.text(text)), true);
    }

    /**
     * Returns a structured result, which also stands in the content as text, for clients that know only that.
     *
     * @param value see {@link io.sallyport.protocol.Json#write}
     */
    public static ToolResult structured(Map<String, ?> value) {
        ToolResult result = text(io.sallyport.protocol.Json.write(value));
        Map<String, Object> json = new LinkedHashMap<>(result.json());
        json.put("structuredContent", value);
        return new ToolResult(json, List.of(), "");
    }

    /**
     * Returns a result that is given as JSON, as a server of revision 2025-11-25 answers {@code tools/call}.
     *
     * @throws IllegalArgumentException if it is not a JSON object
     */
    public static ToolResult parse(String resultJson) {
        return new ToolResult(objectOf(resultJson), List.of(), "");
    }

    /** Returns that the tool needs input first; the handler will be called again with the answers. */
    public static ToolResult inputRequired(InputRequest... requests) {
        return new ToolResult(Map.of(), List.of(requests), "");
    }

    /**
     * Returns this need for input with a state that comes back with the answers, see {@link LocalCall#state}. It is
     * encrypted and bound to the caller and the call; clients can neither read nor change it.
     */
    public ToolResult withState(String state) {
        if (isComplete()) {
            throw new IllegalStateException("only inputRequired(…) has a state");
        }
        return new ToolResult(Map.of(), inputs(), requireNonNull(state, "state"));
    }

    private static ToolResult complete(List<Content> content, boolean isError) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("content", content.stream().map(Content::toJson).toList());
        if (isError) {
            json.put("isError", true);
        }
        return new ToolResult(json, List.of(), "");
    }
}
