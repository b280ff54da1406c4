package io.sallyport.upstream.stdio;

import io.sallyport.protocol.Message;
import io.sallyport.protocol.MessageLimits;
import io.sallyport.protocol.MetaKeys;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Part;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.RequestId;
import io.sallyport.protocol.Response;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/** An MCP server on standard input and output that behaves, or misbehaves, as its argument says. */
public final class StdioScript {

    private static final String INITIALIZED = "{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{\"tools\":{}},"
            + "\"serverInfo\":{\"name\":\"script\",\"version\":\"1\"}}";

    private static final String DISCOVERED = "{\"supportedVersions\":[\"2026-07-28\"],\"capabilities\":{\"tools\":{}},"
            + "\"resultType\":\"complete\",\"_meta\":{\"io.modelcontextprotocol/serverInfo\":"
            + "{\"name\":\"script\",\"version\":\"1\"}}}";

    private StdioScript() {}

    public static void main(String[] args) throws Exception {
        String mode = args[0];
        if (mode.equals("dies-at-start")) {
            System.err.println("no license found");
            System.exit(7);
        }
        if (mode.equals("babbles")) {
            for (int i = 0; i < 5000; i++) {
                System.out.println("I am no message");
            }
        }
        if (mode.equals("banner")) {
            System.out.println("Welcome to the script server!");
            System.out.println("{\"half\": ");
        }
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        Deque<String> lines = new ArrayDeque<>();
        if (mode.startsWith("slow-")) {
            // What takes its time to start finds what was said meanwhile.
            mode = mode.substring("slow-".length());
            lines.add(in.readLine());
            if (lines.peek().contains(Methods.DISCOVER)) {
                lines.add(in.readLine());
            }
        }
        boolean discovered = false;
        boolean initialized = false;
        Request asking = null;
        while (true) {
            String line = lines.isEmpty() ? in.readLine() : lines.remove();
            if (line == null) {
                if (mode.startsWith("tidies:")) {
                    Thread.sleep(300); // What a server has to tidy up takes its time.
                    Files.writeString(Path.of(mode.substring("tidies:".length())), "tidy");
                }
                return;
            }
            Message message = Message.parse(line.getBytes(StandardCharsets.UTF_8), MessageLimits.forUpstreams());
            if (message instanceof Response answer && asking != null) {
                say(Response.result(asking.id(), Map.of("answered", answer.toJson())));
                asking = null;
            }
            if (message instanceof Notification notification) {
                if (notification.method().equals(Methods.CANCELLED)) {
                    System.err.println("cancelled "
                            + notification.get(Part.PARAMS, "requestId").orElseThrow());
                }
                continue;
            }
            if (!(message instanceof Request request)) {
                continue;
            }
            switch (request.method()) {
                case Methods.INITIALIZE -> {
                    initialized = true;
                    say(Response.resultJson(request.id(), INITIALIZED));
                }
                case Methods.DISCOVER -> {
                    discovered = true;
                    if (mode.equals("modern")) {
                        say(Response.resultJson(request.id(), DISCOVERED));
                    } else if (mode.equals("dies-before-initialize")) {
                        System.exit(3);
                    } else if (!mode.equals("silent-before-initialize")) {
                        say(Message.of("{\"jsonrpc\":\"2.0\",\"id\":" + request.id()
                                + ",\"error\":{\"code\":-32601,\"message\":\"Method not found\"}}"));
                    }
                }
                case "env" ->
                    say(Response.result(
                            request.id(), Map.of("names", System.getenv().keySet())));
                case "variable" -> {
                    String value =
                            System.getenv(request.getString(Part.PARAMS, "name").orElseThrow());
                    System.err.println("the value is " + value);
                    say(Response.result(request.id(), Map.of("value", String.valueOf(value))));
                }
                case "die" -> System.exit(9);
                case "hang" -> System.err.println("hanging");
                case "block" -> new CountDownLatch(1).await();
                case "progress" -> {
                    say(Notification.of(
                            Methods.PROGRESS,
                            Map.of(
                                    "progressToken",
                                    request.get(Part.PARAMS_META, MetaKeys.PROGRESS_TOKEN)
                                            .orElseThrow(),
                                    "progress",
                                    1)));
                    say(Response.resultJson(request.id(), "{}"));
                }
                case "ask" -> {
                    asking = request;
                    say(Request.of(new RequestId("\"q1\""), Methods.ELICIT, Map.of("message", "who?")));
                }
                default ->
                    say(Response.result(
                            request.id(),
                            Map.of(
                                    "method",
                                    request.method(),
                                    "initialized",
                                    initialized,
                                    "discovered",
                                    discovered,
                                    "pid",
                                    pid())));
            }
        }
    }

    private static long pid() {
        return ProcessHandle.current().pid();
    }

    private static void say(Message message) {
        System.out.println(message.toJson());
        System.out.flush();
    }
}
