package io.sallyport.examples.codeinterpreter;

import io.sallyport.sandbox.Sandbox;
import io.sallyport.sandbox.process.ProcessSandbox;
import io.sallyport.sandbox.remote.MicrosandboxBuilder;
import io.sallyport.sandbox.remote.MicrosandboxSandbox;
import io.sallyport.sandbox.wasm.WasmSandbox;
import java.net.URI;

/** The kinds of sandboxes, by the words of the command line. */
final class Kinds {

    static final String WORDS = "wasm|process|microsandbox:URL";

    private static final String MICROSANDBOX = "microsandbox:";

    private Kinds() {}

    /**
     * Opens a sandbox. One that is not available says so to whoever calls its tools.
     *
     * @throws IllegalArgumentException if there is no such kind
     */
    static Sandbox open(String kind) throws InterruptedException {
        if (kind.startsWith(MICROSANDBOX)) {
            return microsandbox(URI.create(kind.substring(MICROSANDBOX.length())));
        }
        return switch (kind) {
            case "wasm" -> WasmSandbox.builder().build();
            case "process" -> ProcessSandbox.builder().build();
            default -> throw new IllegalArgumentException("--sandbox: found " + kind + "; expected " + WORDS);
        };
    }

    /** The key is that of the environment, if there is one: command lines are for everybody to see. */
    private static Sandbox microsandbox(URI server) throws InterruptedException {
        MicrosandboxBuilder builder = MicrosandboxSandbox.builder(server).owner("code-interpreter");
        String key = System.getenv("MSB_API_KEY");
        return (key == null ? builder : builder.apiKey(key::toCharArray)).build();
    }
}
