package io.sallyport.examples.conformance;

import io.sallyport.protocol.JsonValue;
import io.sallyport.upstream.local.InputRequest;
import io.sallyport.upstream.local.LocalCall;
import io.sallyport.upstream.local.Tool;
import io.sallyport.upstream.local.ToolResult;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Tools that ask once, the user or the client's model. Written once, they serve sessions and modern clients alike. */
final class AskingTools {

    private static final String ANSWER = "answer";

    private AskingTools() {}

    static List<Tool> all() {
        return List.of(
                Tool.named("test_sampling")
                        .description("Asks the client's model.")
                        .param("prompt", "string", "What to ask")
                        .handler(call -> askModel(call, call.string("prompt"))),
                Tool.named("test_missing_capability")
                        .description("Asks the client's model, which not every client lets it.")
                        .handler(call -> askModel(call, "Are you there?")),
                Tool.named("test_elicitation")
                        .description("Asks the user for a name and an address.")
                        .param("message", "string", "What to tell the user")
                        .handler(call -> askUser(call, call.string("message"), WHO)),
                Tool.named("test_streaming_elicitation")
                        .description("Asks the user for a name and an address.")
                        .handler(call -> askUser(call, "Who are you?", WHO)),
                Tool.named("test_elicitation_sep1034_defaults")
                        .description("Shows the user a form that is filled in already.")
                        .handler(call -> askUser(call, "Is this right?", DEFAULTS)),
                Tool.named("test_elicitation_sep1330_enums")
                        .description("Lets the user choose, in each way that there is.")
                        .handler(call -> askUser(call, "What do you choose?", CHOICES)));
    }

    private static ToolResult askModel(LocalCall call, String prompt) {
        Optional<JsonValue> answer = call.answer(ANSWER);
        if (answer.isEmpty()) {
            return ToolResult.inputRequired(question(ANSWER, prompt, 100));
        }
        return ToolResult.text("The model says: " + textOf(answer.get()));
    }

    /** Returns a question for the client's model. */
    static InputRequest question(String key, String prompt, int maxTokens) {
        return InputRequest.sampling(
                key,
                Map.of(
                        "messages",
                        List.of(Map.of("role", "user", "content", Map.of("type", "text", "text", prompt))),
                        "maxTokens",
                        maxTokens));
    }

    /** Returns what the client's model has answered. */
    static String textOf(JsonValue answer) {
        return answer.get("content")
                .flatMap(content -> content.getString("text"))
                .orElse("nothing");
    }

    private static ToolResult askUser(LocalCall call, String message, String form) {
        Optional<JsonValue> answer = call.answer(ANSWER);
        if (answer.isEmpty()) {
            return ToolResult.inputRequired(InputRequest.elicitation(ANSWER, message, form));
        }
        String content = answer.get().get("content").map(JsonValue::toJson).orElse("nothing");
        return ToolResult.text(
                "The user chose to " + answer.get().getString("action").orElse("say nothing") + ": " + content);
    }

    private static final String WHO = """
            {
              "type": "object",
              "properties": {
                "username": {"type": "string", "description": "Your name"},
                "email": {"type": "string", "description": "Your mail address"}
              },
              "required": ["username", "email"]
            }
            """;

    private static final String DEFAULTS = """
            {
              "type": "object",
              "properties": {
                "name": {"type": "string", "default": "John Doe"},
                "age": {"type": "integer", "default": 30},
                "score": {"type": "number", "default": 95.5},
                "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
                "verified": {"type": "boolean", "default": true}
              }
            }
            """;

    private static final String CHOICES = """
            {
              "type": "object",
              "properties": {
                "untitledSingle": {"type": "string", "enum": ["option1", "option2", "option3"]},
                "titledSingle": {
                  "type": "string",
                  "oneOf": [
                    {"const": "value1", "title": "The first"},
                    {"const": "value2", "title": "The second"},
                    {"const": "value3", "title": "The third"}
                  ]
                },
                "legacyEnum": {
                  "type": "string",
                  "enum": ["opt1", "opt2", "opt3"],
                  "enumNames": ["The first", "The second", "The third"]
                },
                "untitledMulti": {"type": "array", "items": {"type": "string", "enum": ["option1", "option2", "option3"]}},
                "titledMulti": {
                  "type": "array",
                  "items": {
                    "anyOf": [
                      {"const": "value1", "title": "The first"},
                      {"const": "value2", "title": "The second"},
                      {"const": "value3", "title": "The third"}
                    ]
                  }
                }
              }
            }
            """;
}
