package io.sallyport.examples.conformance;

import io.sallyport.upstream.local.Content;
import io.sallyport.upstream.local.InputRequest;
import io.sallyport.upstream.local.Prompt;
import io.sallyport.upstream.local.PromptResult;
import io.sallyport.upstream.local.PromptResult.Message;
import io.sallyport.upstream.local.ResourceContents;
import java.util.List;
import java.util.stream.Stream;

/** Prompts with each kind of content, with arguments, and one that asks. */
final class Prompts {

    private static final InputRequest CONTEXT = InputRequest.elicitation("user_context", "What is it about?", """
            {"type": "object", "properties": {"context": {"type": "string"}}, "required": ["context"]}
            """);

    private Prompts() {}

    static List<Prompt> all() {
        return List.of(
                Prompt.named("test_simple_prompt")
                        .description("Has no arguments.")
                        .handler(call -> PromptResult.of(userSays("A simple prompt."))),
                Prompt.named("test_prompt_with_arguments")
                        .description("Repeats its arguments.")
                        .argument("arg1", "The first")
                        .argument("arg2", "The second")
                        .complete("arg1", begun -> startingWith(begun, "paris", "park", "party"))
                        .handler(call -> PromptResult.of(
                                userSays("arg1 is " + call.string("arg1") + ", arg2 is " + call.string("arg2")))),
                Prompt.named("test_prompt_with_embedded_resource")
                        .description("Contains a resource.")
                        .argument("resourceUri", "Which resource")
                        .handler(call -> PromptResult.of(
                                Message.user(Content.resource(ResourceContents.text(
                                        call.string("resourceUri"), "text/plain", "What stands in the resource."))),
                                userSays("Read this resource."))),
                Prompt.named("test_prompt_with_image")
                        .description("Contains an image.")
                        .handler(call -> PromptResult.of(
                                Message.user(Content.image(Samples.PNG, "image/png")),
                                userSays("Look at this image."))),
                Prompt.named("test_input_required_result_prompt")
                        .description("Asks the user what it is about.")
                        .handler(call -> call.filledIn("user_context")
                                .flatMap(form -> form.getString("context"))
                                .map(context -> PromptResult.of(userSays("It is about " + context + ".")))
                                .orElseGet(() -> PromptResult.inputRequired(CONTEXT))));
    }

    static Message userSays(String text) {
        return Message.user(Content.text(text));
    }

    private static List<String> startingWith(String begun, String... words) {
        return Stream.of(words).filter(word -> word.startsWith(begun)).toList();
    }
}
