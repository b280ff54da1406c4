package io.sallyport.examples.codeinterpreter;

import io.sallyport.sandbox.Sandbox;
import io.sallyport.sandbox.SandboxSessions;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** The program: {@code [--port N] [--sandbox KIND]}. */
public final class Main {

    static final String USAGE = "usage: [--port N] [--sandbox " + Kinds.WORDS + "]";

    private Main() {}

    /** Serves until the process is told to end. */
    public static void main(String[] args) throws Exception {
        Sandbox sandbox;
        int port;
        try {
            Map<String, String> options = options(args);
            port = Integer.parseInt(options.getOrDefault("--port", "8080"));
            sandbox = Kinds.open(options.getOrDefault("--sandbox", "wasm"));
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage() + "\n" + USAGE);
            System.exit(2);
            return;
        }
        SandboxSessions sessions = SandboxSessions.of(sandbox).build();
        CodeInterpreter interpreter = new CodeInterpreter(sandbox, sessions, port);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> end(interpreter, sessions, sandbox), "end"));
        System.out.println("READY " + interpreter.start());
    }

    static Map<String, String> options(String... args) {
        Map<String, String> options = new HashMap<>();
        for (int i = 0; i + 1 < args.length; i += 2) {
            options.put(args[i], args[i + 1]);
        }
        if (args.length % 2 != 0 || !Set.of("--port", "--sandbox").containsAll(options.keySet())) {
            throw new IllegalArgumentException("these options are not understood: " + String.join(" ", args));
        }
        return options;
    }

    private static void end(CodeInterpreter interpreter, SandboxSessions sessions, Sandbox sandbox) {
        try (sandbox;
                sessions) {
            interpreter.close();
        } catch (Exception e) {
            System.err.println("not everything ended cleanly: " + e);
        }
    }
}
