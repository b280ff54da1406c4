package io.sallyport.examples.benchmark;

import io.sallyport.protocol.McpHeaders;
import io.sallyport.protocol.Message;
import io.sallyport.protocol.MessageLimits;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.Response;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.util.Callback;

/**
 * A modern MCP server with one tool, {@code echo}, that costs next to nothing: it answers the one call that the benchmark
 * makes, whose id is 1, with the same bytes each time and does not look into it.
 */
final class EchoServer extends Handler.Abstract {

    private static final byte[] ANSWER = ("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"resultType\":\"complete\","
                    + "\"content\":[{\"type\":\"text\",\"text\":\"Nothing passes without being inspected between them.\"}],"
                    + "\"isError\":false}}")
            .getBytes(StandardCharsets.UTF_8);

    private static final String DISCOVERED = "{\"resultType\":\"complete\",\"ttlMs\":0,\"cacheScope\":\"private\","
            + "\"supportedVersions\":[\"2026-07-28\"],\"capabilities\":{\"tools\":{}},"
            + "\"_meta\":{\"io.modelcontextprotocol/serverInfo\":{\"name\":\"echo\",\"version\":\"1\"}}}";

    private static final String LISTED = "{\"resultType\":\"complete\",\"ttlMs\":0,\"cacheScope\":\"private\","
            + "\"tools\":[{\"name\":\"echo\",\"inputSchema\":{\"type\":\"object\","
            + "\"properties\":{\"text\":{\"type\":\"string\"}}}}]}";

    @Override
    public boolean handle(
            org.eclipse.jetty.server.Request request, org.eclipse.jetty.server.Response response, Callback callback)
            throws Exception {
        byte[] body = Content.Source.asInputStream(request).readAllBytes();
        byte[] answer = Methods.TOOLS_CALL.equals(request.getHeaders().get(McpHeaders.METHOD)) ? ANSWER : answer(body);
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/json");
        response.getHeaders().put(HttpHeader.CONTENT_LENGTH, answer.length);
        response.write(true, ByteBuffer.wrap(answer), callback);
        return true;
    }

    /** Answers what a gateway asks when it connects. */
    private static byte[] answer(byte[] body) throws Exception {
        Request asked = (Request) Message.parse(body, MessageLimits.forClients());
        String result = switch (asked.method()) {
            case Methods.DISCOVER -> DISCOVERED;
            case Methods.TOOLS_LIST -> LISTED;
            default -> throw new IllegalArgumentException(asked.method());
        };
        return Response.resultJson(asked.id(), result).toJson().getBytes(StandardCharsets.UTF_8);
    }
}
