package io.sallyport.examples.conformance;

import io.sallyport.upstream.local.LocalServer;
import io.sallyport.upstream.local.Prompt;
import io.sallyport.upstream.local.PromptResult;
import io.sallyport.upstream.local.Tool;
import io.sallyport.upstream.local.ToolResult;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/** Tools that change what their own server offers; every other call takes the change back. */
final class ChangingTools {

    private ChangingTools() {}

    static List<Tool> of(LocalServer server) {
        AtomicBoolean hasTool = new AtomicBoolean();
        AtomicBoolean hasPrompt = new AtomicBoolean();
        return List.of(
                Tool.named("test_trigger_tool_change")
                        .description("Adds a tool, or removes it.")
                        .handler(call -> {
                            if (flip(hasTool)) {
                                server.add(Tool.named("test_added_tool")
                                        .description("Is here only for a while.")
                                        .handler(added -> ToolResult.text("I am new here.")));
                            } else {
                                server.removeTool("test_added_tool");
                            }
                            return ToolResult.text("The list of tools has changed.");
                        }),
                Tool.named("test_trigger_prompt_change")
                        .description("Adds a prompt, or removes it.")
                        .handler(call -> {
                            if (flip(hasPrompt)) {
                                server.add(Prompt.named("test_added_prompt")
                                        .description("Is here only for a while.")
                                        .handler(added -> PromptResult.of(Prompts.userSays("I am new here."))));
                            } else {
                                server.removePrompt("test_added_prompt");
                            }
                            return ToolResult.text("The list of prompts has changed.");
                        }));
    }

    /** Changes the value and returns the new one. */
    private static boolean flip(AtomicBoolean value) {
        boolean before = value.get();
        return value.compareAndSet(before, !before) ? !before : flip(value);
    }
}
