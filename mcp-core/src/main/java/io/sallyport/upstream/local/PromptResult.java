package io.sallyport.upstream.local;

import static java.util.Objects.requireNonNull;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a prompt comes to: messages, or the need for input. Immutable. */
public final class PromptResult extends HandlerResult {

    private PromptResult(Map<String, Object> json, List<InputRequest> inputs, String state) {
        super(json, inputs, state);
    }

    /** One message of a prompt. */
    public record Message(String role, Content content) {
        /** Checks the role. */
        public Message {
            if (!role.equals("user") && !role.equals("assistant")) {
                throw new IllegalArgumentException("role must be \"user\" or \"assistant\", but was \"" + role + "\"");
            }
            requireNonNull(content, "content");
        }

        /** Returns a message of the user. */
        public static Message user(Content content) {
            return new Message("user", content);
        }

        /** Returns a message of the assistant. */
        public static Message assistant(Content content) {
            return new Message("assistant", content);
        }
    }

    /** Returns the messages of a prompt. */
    public static PromptResult of(Message... messages) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put(
                "messages",
                List.of(messages).stream()
                        .map(message -> Map.of(
                                "role", message.role(),
                                "content", message.content().toJson()))
                        .toList());
        return new PromptResult(json, List.of(), "");
    }

    /**
     * Returns a result that is given as JSON, as a server of revision 2025-11-25 answers {@code prompts/get}.
     *
     * @throws IllegalArgumentException if it is not a JSON object
     */
    public static PromptResult parse(String resultJson) {
        return new PromptResult(objectOf(resultJson), List.of(), "");
    }

    /** Returns that the prompt needs input first; the handler will be called again with the answers. */
    public static PromptResult inputRequired(InputRequest... requests) {
        return new PromptResult(Map.of(), List.of(requests), "");
    }

    /** Returns this need for input with a state that comes back with the answers; see {@link ToolResult#withState}. */
    public PromptResult withState(String state) {
        if (isComplete()) {
            throw new IllegalStateException("only inputRequired(…) has a state");
        }
        return new PromptResult(Map.of(), inputs(), requireNonNull(state, "state"));
    }
}
