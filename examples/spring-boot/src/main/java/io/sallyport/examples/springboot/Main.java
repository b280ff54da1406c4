package io.sallyport.examples.springboot;

import java.security.SecureRandom;
import java.util.Base64;
import java.util.Map;
import org.springframework.ai.mcp.server.webmvc.autoconfigure.McpServerStreamableHttpWebMvcAutoConfiguration;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * Serves the {@link Tools} at {@code /mcp}, for this machine only.
 *
 * <p>{@code --port N} sets the port; 0, the default, is any that is free. Nodes that share their sessions are given the same
 * {@code SPRING_DATASOURCE_URL} and the same {@code SESSION_KEY}, 32 bytes in base64, in their environment.
 */
// The starter's own transport would stand beside ours, and Spring would not know which of the two to take.
@SpringBootApplication(exclude = McpServerStreamableHttpWebMvcAutoConfiguration.class)
public class Main {

    /** Starts the server, prints where it is, and serves until the process is told to end. */
    public static void main(String[] args) {
        SpringApplication application = new SpringApplication(Main.class);
        if (System.getenv("SPRING_DATASOURCE_URL") == null) {
            // Alone, to try it: Spring Boot makes a database in memory, whose sessions nobody else has to open.
            application.setDefaultProperties(Map.of("SESSION_KEY", randomKey()));
        }
        ConfigurableApplicationContext context = application.run(forSpring(args));
        System.out.println("READY http://127.0.0.1:" + context.getEnvironment().getRequiredProperty("local.server.port")
                + SharedSessions.PATH);
    }

    private static String randomKey() {
        byte[] key = new byte[32];
        new SecureRandom().nextBytes(key);
        return Base64.getEncoder().encodeToString(key);
    }

    /** All examples take {@code --port N}; Spring takes {@code --name=value}. */
    private static String[] forSpring(String[] args) {
        return args.length == 2 && args[0].equals("--port") ? new String[] {"--server.port=" + args[1]} : args;
    }
}
