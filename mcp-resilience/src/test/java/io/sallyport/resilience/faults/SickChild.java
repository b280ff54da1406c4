package io.sallyport.resilience.faults;

import io.sallyport.protocol.Message;
import io.sallyport.protocol.MessageLimits;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.Response;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CountDownLatch;

/** An MCP server on standard input and output, which does what stands in a file. */
public final class SickChild {

    /** In the file, if nothing goes wrong. */
    static final String WELL = "WELL";

    private static final String DISCOVERED = "{\"supportedVersions\":[\"2026-07-28\"],\"capabilities\":{\"tools\":{}},"
            + "\"resultType\":\"complete\",\"_meta\":{\"io.modelcontextprotocol/serverInfo\":"
            + "{\"name\":\"sick\",\"version\":\"1\"}}}";

    private static final String BOUGHT =
            "{\"content\":[{\"type\":\"text\",\"text\":\"bought\"}],\"resultType\":\"complete\"}";

    private static final PrintStream OUT = new PrintStream(System.out, false, StandardCharsets.ISO_8859_1);

    private final Path fault;
    private final Path carriedOut;

    private SickChild(Path fault, Path carriedOut) {
        this.fault = fault;
        this.carriedOut = carriedOut;
    }

    public static void main(String[] args) throws Exception {
        new SickChild(Path.of(args[0]), Path.of(args[1])).serve();
    }

    private String fault() throws IOException {
        return Files.readString(fault);
    }

    private void serve() throws Exception {
        if (fault().equals(StdioFault.ENDS_AT_ITS_START.name())) {
            System.err.println("no license found");
            System.exit(7);
        }
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            Message message = Message.parse(line.getBytes(StandardCharsets.UTF_8), MessageLimits.forUpstreams());
            if (message instanceof Request request) {
                answer(request);
            }
        }
    }

    private void answer(Request request) throws Exception {
        switch (request.method()) {
            case Methods.DISCOVER -> say(result(request, DISCOVERED));
            case Methods.TOOLS_LIST ->
                say(result(
                        request,
                        "{\"tools\":[{\"name\":\"buy\",\"inputSchema\":{\"type\":\"object\"}}],"
                                + "\"resultType\":\"complete\"}"));
            case Methods.TOOLS_CALL -> call(request);
            default -> say(result(request, "{\"resultType\":\"complete\"}"));
        }
    }

    private static String result(Request request, String result) {
        return Response.resultJson(request.id(), result).toJson();
    }

    private void call(Request request) throws Exception {
        String now = fault();
        StdioFault does = now.equals(WELL) ? null : StdioFault.valueOf(now);
        if (does == StdioFault.ENDS_BEFORE_THE_CALL) {
            System.exit(9);
        }
        Files.writeString(carriedOut, "x", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        String id = request.id().token();
        String bought = result(request, BOUGHT);
        if (does == null) {
            say(bought);
            return;
        }
        switch (does) {
            case ENDS_AFTER_THE_CALL -> System.exit(9);
            case HANGS_AFTER_THE_CALL -> new CountDownLatch(1).await();
            case JUNK_BEFORE_THE_ANSWER -> {
                for (int i = 0; i < 1_000; i++) {
                    say("buying " + i);
                }
                say(bought);
            }
            case FLOOD_OF_STANDARD_ERROR -> {
                for (int i = 0; i < 100_000; i++) {
                    System.err.println("buying " + i);
                }
                say(bought);
            }
            case HALF_A_MESSAGE -> say("{\"jsonrpc\":\"2.0\",\"id\":" + id);
            case TOO_LARGE -> say(bought.replace("bought", "x".repeat(10_000_000)));
            case NO_UTF_8 -> say(bought.replace("bought", "\u00c3("));
            case INTERNAL_ERROR ->
                say("{\"jsonrpc\":\"2.0\",\"id\":" + id
                        + ",\"error\":{\"code\":-32603,\"message\":\"out of memory\"}}");
            case TOOL_ERROR -> say(result(request, "{\"content\":[],\"isError\":true,\"resultType\":\"complete\"}"));
            case WRONG_ID -> say(bought.replace("\"id\":" + id, "\"id\":987654321"));
            case TWO_ANSWERS -> {
                say(bought);
                say(bought);
            }
            default -> say(bought);
        }
    }

    private static void say(String line) {
        OUT.print(line + "\n");
        OUT.flush();
    }
}
