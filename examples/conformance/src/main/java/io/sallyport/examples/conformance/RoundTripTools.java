package io.sallyport.examples.conformance;

import io.sallyport.protocol.JsonValue;
import io.sallyport.upstream.local.InputRequest;
import io.sallyport.upstream.local.LocalCall;
import io.sallyport.upstream.local.Tool;
import io.sallyport.upstream.local.ToolResult;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Tools that need one answer, several, or one after the other. Each handler is called again with what is known by then. */
final class RoundTripTools {

    private static final InputRequest NAME = InputRequest.elicitation("user_name", "What is your name?", form("name"));
    private static final InputRequest CONFIRM =
            InputRequest.elicitation("confirm", "Shall it be done?", form("ok", "boolean"));
    private static final InputRequest ROOTS = InputRequest.roots("client_roots");

    private RoundTripTools() {}

    static List<Tool> all() {
        return List.of(
                tool("elicitation")
                        .description("Greets the user by name.")
                        .handler(call -> filledIn(call, "user_name", "name")
                                .map(name -> ToolResult.text("Hello, " + name + "!"))
                                .orElseGet(() -> ToolResult.inputRequired(NAME))),
                tool("sampling")
                        .description("Asks the client's model for a capital.")
                        .handler(call -> call.answer("capital_question")
                                .map(answer -> ToolResult.text("The model says: " + AskingTools.textOf(answer)))
                                .orElseGet(() -> ToolResult.inputRequired(AskingTools.question(
                                        "capital_question", "Which city is France's capital?", 100)))),
                tool("list_roots")
                        .description("Lists the client's roots.")
                        .handler(call -> call.answer("client_roots")
                                .map(answer -> ToolResult.text("The roots are " + rootsOf(answer)))
                                .orElseGet(() -> ToolResult.inputRequired(ROOTS))),
                tool("multiple_inputs")
                        .description("Asks the user, the model and the client at once.")
                        .handler(RoundTripTools::askAll),
                tool("multi_round").description("Asks twice.").handler(RoundTripTools::askTwice),
                tool("request_state")
                        .description("Remembers something while the user decides.")
                        .handler(RoundTripTools::confirm),
                tool("tampered_state")
                        .description("Remembers something that nobody else can change.")
                        .handler(RoundTripTools::confirm),
                tool("capabilities")
                        .description("Asks in the ways that the client has.")
                        .handler(RoundTripTools::askWhoCanBeAsked));
    }

    private static Tool.Builder tool(String name) {
        return Tool.named("test_input_required_result_" + name);
    }

    private static ToolResult askAll(LocalCall call) {
        Optional<String> name = filledIn(call, "user_name", "name");
        Optional<JsonValue> greeting = call.answer("greeting");
        Optional<JsonValue> roots = call.answer("client_roots");
        if (name.isEmpty() || greeting.isEmpty() || roots.isEmpty()) {
            return ToolResult.inputRequired(NAME, AskingTools.question("greeting", "Write a greeting.", 50), ROOTS)
                    .withState("asked");
        }
        return ToolResult.text(
                AskingTools.textOf(greeting.get()) + ", " + name.get() + ", owner of " + rootsOf(roots.get()));
    }

    private static ToolResult askTwice(LocalCall call) {
        Optional<String> name = filledIn(call, "step1", "name");
        Optional<String> color = filledIn(call, "step2", "color");
        if (color.isPresent() && call.state().isPresent()) {
            return ToolResult.text(call.state().get() + " likes " + color.get() + ".");
        }
        if (name.isPresent()) {
            // The next round brings the next answer only; what was said before has to be remembered.
            return ToolResult.inputRequired(
                            InputRequest.elicitation("step2", "Which colour do you like?", form("color")))
                    .withState(name.get());
        }
        return ToolResult.inputRequired(InputRequest.elicitation("step1", "What is your name?", form("name")))
                .withState("asked");
    }

    private static ToolResult confirm(LocalCall call) {
        if (call.state().isEmpty() || call.filledIn("confirm").isEmpty()) {
            return ToolResult.inputRequired(CONFIRM).withState("asked");
        }
        return ToolResult.text("state-ok: the state came back as it was given out.");
    }

    private static ToolResult askWhoCanBeAsked(LocalCall call) {
        Map<String, InputRequest> questions = Map.of(
                "elicitation",
                NAME,
                "sampling",
                AskingTools.question("greeting", "Write a greeting.", 50),
                "roots",
                ROOTS);
        List<InputRequest> possible = questions.entrySet().stream()
                .filter(question -> call.clientHas(question.getKey()))
                .map(Map.Entry::getValue)
                .toList();
        boolean answered = List.of("user_name", "greeting", "client_roots").stream()
                .anyMatch(key -> call.answer(key).isPresent());
        return possible.isEmpty() || answered
                ? ToolResult.text("There is nothing more to ask.")
                : ToolResult.inputRequired(possible.toArray(InputRequest[]::new));
    }

    private static Optional<String> filledIn(LocalCall call, String key, String field) {
        return call.filledIn(key).flatMap(form -> form.getString(field));
    }

    private static List<String> rootsOf(JsonValue answer) {
        return answer.get("roots").map(JsonValue::elements).orElse(List.of()).stream()
                .flatMap(root -> root.getString("uri").stream())
                .toList();
    }

    private static String form(String field) {
        return form(field, "string");
    }

    private static String form(String field, String type) {
        return """
                {"type": "object", "properties": {"%s": {"type": "%s"}}, "required": ["%s"]}
                """.formatted(field, type, field);
    }
}
