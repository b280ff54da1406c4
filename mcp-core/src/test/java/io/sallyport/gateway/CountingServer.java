package io.sallyport.gateway;

import io.sallyport.protocol.Message;
import io.sallyport.protocol.MessageLimits;
import io.sallyport.protocol.MetaKeys;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Part;
import io.sallyport.protocol.ProtocolVersion;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.Response;
import io.sallyport.upstream.stdio.StdioCommand;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A legacy MCP server over standard input and output that remembers: its tool {@code count} says how often it was called,
 * and by which process; {@code wait} reports progress and then answers when it is cancelled.
 */
final class CountingServer {

    private CountingServer() {}

    static StdioCommand command() {
        return StdioCommand.builder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString())
                .arguments("-XX:TieredStopAtLevel=1", "-Xshare:auto", "-cp")
                .arguments(System.getProperty("java.class.path"), CountingServer.class.getName())
                .build();
    }

    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        int calls = 0;
        Request waiting = null;
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            Message message = Message.parse(line.getBytes(StandardCharsets.UTF_8), MessageLimits.forUpstreams());
            if (message instanceof Notification notification) {
                if (notification.method().equals(Methods.CANCELLED) && waiting != null) {
                    say(text(waiting, "cancelled"));
                    waiting = null;
                }
            } else if (message instanceof Request request) {
                switch (request.method()) {
                    case Methods.INITIALIZE ->
                        say(Response.resultJson(
                                request.id(),
                                "{\"protocolVersion\":\"" + ProtocolVersion.V2025_11_25
                                        + "\",\"capabilities\":{\"tools\":{}},"
                                        + "\"serverInfo\":{\"name\":\"counting\",\"version\":\"1\"}}"));
                    case Methods.TOOLS_LIST ->
                        say(Response.resultJson(request.id(), RemoteServer.toolList(List.of("count", "wait"))));
                    case Methods.TOOLS_CALL -> {
                        calls++;
                        report(request);
                        if (request.getString(Part.PARAMS, "name").orElse("").equals("wait")) {
                            waiting = request;
                        } else {
                            say(text(
                                    request,
                                    calls + " in " + ProcessHandle.current().pid()));
                        }
                    }
                    default ->
                        say(Message.of(
                                "{\"jsonrpc\":\"2.0\",\"id\":" + request.id().token()
                                        + ",\"error\":{\"code\":-32601,\"message\":\"Method not found\"}}"));
                }
            }
        }
    }

    private static void report(Request request) {
        request.get(Part.PARAMS_META, MetaKeys.PROGRESS_TOKEN)
                .ifPresent(
                        token -> say(Notification.of(Methods.PROGRESS, Map.of("progressToken", token, "progress", 1))));
    }

    private static Response text(Request request, String text) {
        return Response.resultJson(request.id(), "{\"content\":[{\"type\":\"text\",\"text\":\"" + text + "\"}]}");
    }

    private static void say(Message message) {
        System.out.println(message.onOneLine().toJson());
        System.out.flush();
    }
}
