package io.sallyport.gateway.servlet;

import io.sallyport.upstream.local.CallException;
import io.sallyport.upstream.local.Content;
import io.sallyport.upstream.local.InputRequest;
import io.sallyport.upstream.local.LocalServer;
import io.sallyport.upstream.local.Prompt;
import io.sallyport.upstream.local.PromptResult;
import io.sallyport.upstream.local.Resource;
import io.sallyport.upstream.local.ResourceContents;
import io.sallyport.upstream.local.Tool;
import io.sallyport.upstream.local.ToolResult;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/** A local server whose tools do what the endpoint tests need. */
final class EndpointTools {

    final CountDownLatch waiting = new CountDownLatch(1);
    final CountDownLatch release = new CountDownLatch(1);
    final CountDownLatch interrupted = new CountDownLatch(1);
    final LocalServer server = LocalServer.named("local")
            .instructions("Test tools.")
            .tool(Tool.named("echo")
                    .description("Says it again.")
                    .param("text", "string", "What to say")
                    .handler(call -> ToolResult.text(call.string("text"))))
            .tool(Tool.named("wait").description("Waits until it is released.").handler(call -> {
                waiting.countDown();
                try {
                    release.await();
                } catch (InterruptedException e) {
                    interrupted.countDown();
                    throw e;
                }
                return ToolResult.text("released");
            }))
            .tool(Tool.named("report").description("Reports as it goes.").handler(call -> {
                call.progress(1, 2, "half");
                call.log("info", Map.of("step", 1));
                call.log("debug", "not wanted");
                call.progress(2, 2, "done");
                return ToolResult.text("reported");
            }))
            .tool(Tool.named("ask")
                    .description("Asks for a name.")
                    .handler(call -> call.filledIn("name")
                            .map(form -> ToolResult.text(
                                    "Hello, " + form.getString("name").orElse("nobody")
                                            + call.state().orElse("") + "!"))
                            .orElseGet(() -> ToolResult.inputRequired(InputRequest.elicitation(
                                            "name",
                                            "Who are you?",
                                            "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"}}}"))
                                    .withState(" (seen)"))))
            .tool(Tool.named("fail").description("Fails.").handler(call -> {
                throw new IllegalStateException("the secret is 12345");
            }))
            .tool(Tool.named("refuse").description("Refuses.").handler(call -> {
                throw CallException.invalidParams("not like this");
            }))
            .tool(Tool.named("leave").description("Lets the client go.").handler(call -> {
                call.releaseConnection(Duration.ofMillis(10));
                return ToolResult.text("back again");
            }))
            .tool(Tool.named("region")
                    .description("Has a mirrored argument.")
                    .inputSchema("{\"type\":\"object\",\"properties\":{\"region\":{\"type\":\"string\","
                            + "\"x-mcp-header\":\"Region\"}}}")
                    .handler(call -> ToolResult.text("in region")))
            .prompt(Prompt.named("greet")
                    .argument("who", "Whom to greet")
                    .complete("who", begun -> java.util.List.of(begun + "ta"))
                    .handler(call ->
                            PromptResult.of(PromptResult.Message.user(Content.text("Greet " + call.string("who"))))))
            .resource(Resource.at("test://fixed")
                    .mimeType("text/plain")
                    .reader((uri, call) -> ResourceContents.text(uri, "text/plain", "fixed text")))
            .resource(Resource.template("test://item/{id}")
                    .reader((uri, call) -> ResourceContents.text(uri, "text/plain", "item " + call.string("id"))))
            .build();
}
