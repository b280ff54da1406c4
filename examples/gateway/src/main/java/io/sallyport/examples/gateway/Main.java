package io.sallyport.examples.gateway;

import io.sallyport.catalogue.Exposure;
import io.sallyport.gateway.Endpoint;
import io.sallyport.gateway.McpGateway;
import io.sallyport.resilience.ResiliencePolicy;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The program: options, configuration, start, end. {@link Options#USAGE} says what it takes. */
public final class Main {

    /** Long enough for npx to fetch a package; the gateway serves meanwhile. */
    private static final Duration FIRST_ATTEMPTS = Duration.ofSeconds(30);

    private static final Duration CALLS_UNDER_WAY = Duration.ofSeconds(10);

    private Main() {}

    /** Runs the gateway until the process is told to end. */
    public static void main(String[] args) {
        try {
            run(List.of(args));
        } catch (Failure e) {
            System.err.println("sallyport: " + e.getMessage());
            System.exit(e.exitCode().number());
        } catch (RuntimeException e) {
            e.printStackTrace();
            System.err.println("sallyport: a fault of its own ended it, told above: " + e);
            System.exit(ExitCode.OTHER.number());
        }
    }

    private static void run(List<String> arguments) throws Failure {
        Problems problems = new Problems();
        Options options = Options.parse(arguments, problems);
        if (options.help()) {
            System.out.print(Options.USAGE);
            return;
        }
        Configuration configuration = options.config()
                .map(file -> McpServersFile.read(file, System.getenv(), problems))
                .orElseGet(EmbeddedDefault::configuration);
        if (options.checkConfig()) {
            CheckReport.preflight(configuration, problems);
            CheckReport.print(options, configuration, problems, System.out);
        } else if (problems.count() > 1) {
            problems.lines().forEach(line -> System.err.println("problem: " + line));
        }
        if (!problems.isEmpty()) {
            throw new Failure(ExitCode.BAD_CONFIGURATION, problems.summary());
        }
        if (!options.checkConfig()) {
            serve(options, configuration);
        }
    }

    private static void serve(Options options, Configuration configuration) throws Failure {
        GatewayHost host = new GatewayHost(gatewayOf(configuration), options.address(), options.port());
        Thread atTheEnd = new Thread(() -> end(host), "end");
        try {
            host.bind();
            Runtime.getRuntime().addShutdownHook(atTheEnd);
            host.start(FIRST_ATTEMPTS);
        } catch (Exception e) {
            callOff(atTheEnd);
            close(host, Duration.ZERO);
            throw e instanceof IOException io
                    ? cannotBind(options, io)
                    : new Failure(ExitCode.OTHER, "cannot start: " + e);
        }
        if (host.isServing()) {
            Banner.print(options, configuration, host, System.err);
            System.out.println("READY " + host.url());
        }
    }

    private static McpGateway gatewayOf(Configuration configuration) {
        McpGateway.Builder gateway = McpGateway.builder();
        Endpoint endpoint = Endpoint.at(GatewayHost.PATH);
        for (ConfiguredServer server : configuration.servers()) {
            gateway.upstream(server.upstream());
            for (String tool : server.hiddenTools()) {
                endpoint = endpoint.tool(server.name(), tool, Exposure.HIDDEN);
            }
        }
        ResiliencePolicy policy = ResiliencePolicy.builder().build();
        return gateway.endpoint(endpoint)
                .callPolicy(policy)
                .healthPart(policy.health())
                // For this machine only: the gateway refuses everybody else as long as nothing tells it who they are.
                .allowAnonymous()
                .build();
    }

    private static Failure cannotBind(Options options, IOException e) {
        // Jetty wraps what the system said.
        String reason = String.valueOf((e.getCause() == null ? e : e.getCause()).getMessage());
        if (reason.startsWith("Cannot assign requested address")) {
            String host = options.address().getHostAddress();
            return new Failure(
                    ExitCode.BAD_CONFIGURATION, "--host: found " + host + "; expected an address of this machine");
        }
        if (reason.startsWith("Address already in use")) {
            Optional<String> holder = PortHolder.of(options.port());
            return new Failure(
                    ExitCode.PORT_TAKEN,
                    "port " + options.port() + " is taken"
                            + holder.map(by -> " by " + by).orElse("")
                            + "; choose another with --port N, or any with --port 0");
        }
        return new Failure(ExitCode.OTHER, "cannot listen on port " + options.port() + ": " + reason);
    }

    private static void end(GatewayHost host) {
        System.err.println("sallyport: ending; calls under way have " + CALLS_UNDER_WAY.toSeconds() + " s");
        close(host, CALLS_UNDER_WAY);
        System.err.println("sallyport: ended");
        // A JVM that a signal ends would exit with 128 + its number, which supervisors take for a failure.
        Runtime.getRuntime().halt(ExitCode.OK.number());
    }

    private static void callOff(Thread atTheEnd) {
        try {
            Runtime.getRuntime().removeShutdownHook(atTheEnd);
        } catch (IllegalStateException alreadyEnding) {
            // Then it closes what we close as well, which does no harm.
        }
    }

    private static void close(GatewayHost host, Duration atMost) {
        try {
            host.close(atMost);
        } catch (Exception e) {
            System.err.println("sallyport: not everything ended cleanly: " + e);
        }
    }
}
