package io.sallyport.examples.springboot;

import org.springframework.ai.mcp.annotation.McpTool;
import org.springframework.ai.mcp.annotation.McpToolParam;
import org.springframework.ai.mcp.annotation.context.McpSyncRequestContext;
import org.springframework.stereotype.Component;

/** What the server offers, as for any server of Spring AI. */
@Component
public class Tools {

    /** Takes its time, so that there is a call to be lost with its node. */
    @McpTool(description = "Counts, and tells each number when it is there")
    public String count(
            McpSyncRequestContext context,
            @McpToolParam(description = "The last number") int to,
            @McpToolParam(description = "How long each number takes, in milliseconds") int millis)
            throws InterruptedException {
        for (int i = 1; i <= to; i++) {
            Thread.sleep(millis);
            double number = i;
            context.progress(step -> step.progress(number).total(to));
        }
        return "counted to " + to;
    }
}
