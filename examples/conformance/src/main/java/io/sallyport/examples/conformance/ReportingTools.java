package io.sallyport.examples.conformance;

import io.sallyport.upstream.local.LocalCall;
import io.sallyport.upstream.local.Tool;
import io.sallyport.upstream.local.ToolResult;
import java.time.Duration;
import java.util.List;

/** Tools that say what they do while they do it. */
final class ReportingTools {

    private ReportingTools() {}

    static List<Tool> all() {
        return List.of(
                Tool.named("test_tool_with_logging")
                        .description("Logs three messages.")
                        .handler(ReportingTools::log),
                Tool.named("test_logging_tool")
                        .description("Logs three messages, if the request says from which level on.")
                        .handler(ReportingTools::log),
                Tool.named("test_tool_with_progress")
                        .description("Reports progress three times.")
                        .handler(call -> {
                            call.progress(0, 100, "Begun");
                            work();
                            call.progress(50, 100, "Half done");
                            work();
                            call.progress(100, 100, "Done");
                            return ToolResult.text("Progress was reported.");
                        }),
                Tool.named("test_reconnection")
                        .description("Lets its client go before the result is there.")
                        .handler(call -> {
                            call.releaseConnection(Duration.ofMillis(500));
                            work();
                            return ToolResult.text("The client has come back for this.");
                        }));
    }

    private static ToolResult log(LocalCall call) throws InterruptedException {
        call.log("info", "Begun");
        work();
        call.log("info", "Half done");
        work();
        call.log("info", "Done");
        return ToolResult.text("Three messages were logged.");
    }

    private static void work() throws InterruptedException {
        Thread.sleep(50);
    }
}
