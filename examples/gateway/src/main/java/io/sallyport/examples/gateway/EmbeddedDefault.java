package io.sallyport.examples.gateway;

import io.sallyport.protocol.Era;
import io.sallyport.upstream.Upstream;
import io.sallyport.upstream.local.LocalServer;
import io.sallyport.upstream.local.Tool;
import io.sallyport.upstream.local.ToolResult;
import io.sallyport.upstream.stdio.StdioCommand;
import io.sallyport.upstream.stdio.StdioUpstream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;

/** What is served without a file: a real stdio server and a few local tools, which need nothing but the JDK. */
final class EmbeddedDefault {

    /** A tool of the stdio server by its name at the gateway, for people to try. */
    static final String TOOL_TO_TRY = "demo__text_stats";

    private EmbeddedDefault() {}

    static Configuration configuration() {
        return new Configuration(
                "none: the embedded demo; your own with --config FILE",
                List.of(
                        new ConfiguredServer("stdio", demo(), List.of()),
                        new ConfiguredServer("local", local(), List.of())),
                List.of(
                        new Setting("demo", "stdio: the demo server, in a Java process of its own", "default"),
                        new Setting("local", "local: tools in the gateway's own process", "default")),
                List.of());
    }

    /** Starts the {@link DemoServer} with the Java and the class path that run the gateway. */
    private static Upstream demo() {
        StdioCommand command = StdioCommand.builder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString())
                // A small program that should be up soon.
                .arguments("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx64m")
                .arguments("-classpath", System.getProperty("java.class.path"), DemoServer.class.getName())
                .build();
        return StdioUpstream.of("demo", command)
                // Known, so that no second process has to find it out.
                .era(Era.LEGACY)
                .build();
    }

    private static LocalServer local() {
        return LocalServer.named("local")
                .tool(Tool.named("sha256")
                        .description("Returns the SHA-256 digest of a text as hexadecimal digits.")
                        .param("text", "string", "The text, which is digested as UTF-8")
                        .handler(call -> ToolResult.text(sha256(call.string("text")))))
                .tool(Tool.named("new_uuid")
                        .description("Returns a new random UUID.")
                        .handler(call -> ToolResult.text(UUID.randomUUID().toString())))
                .build();
    }

    private static String sha256(String text) throws Exception {
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        return HexFormat.of().formatHex(digest);
    }
}
