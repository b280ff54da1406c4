package io.sallyport.examples.run;

import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Runs in Maven's own JVM and starts an example in another one, with the class path that Maven has given us. Where that
 * ends with an exit code other than 0, so does Maven, and adds nothing; the goal that starts a process itself would fail
 * the build, with a trace and Maven's exit code. Ctrl-C and SIGTERM end the example before Maven.
 */
public final class Starter {

    private static final long END_SECONDS = 30;

    private Starter() {}

    /** Runs the class that {@code args[1]} names in the folder {@code args[0]}, with the other arguments. */
    public static void main(String[] args) throws IOException, InterruptedException, URISyntaxException {
        List<String> command = new ArrayList<>(List.of(
                // The JVM that runs Maven, not whichever comes first on the PATH.
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-classpath",
                classPath(),
                Launcher.class.getName()));
        command.addAll(List.of(args).subList(1, args.length));
        Process example = new ProcessBuilder(command)
                // Relative file names mean what they mean in the shell.
                .directory(new File(args[0]))
                // The program writes to the terminal itself: nothing is buffered or prefixed on the way.
                .inheritIO()
                .start();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> end(example), "ends-example"));
        int exitCode = example.waitFor();
        if (exitCode != 0) {
            System.exit(exitCode);
        }
    }

    private static String classPath() throws URISyntaxException {
        if (!(Starter.class.getClassLoader() instanceof URLClassLoader loader)) {
            throw new IllegalStateException("expected to be run by exec:java, whose class loader has URLs");
        }
        List<String> files = new ArrayList<>();
        for (URL url : loader.getURLs()) {
            files.add(Path.of(url.toURI()).toString());
        }
        return String.join(File.pathSeparator, files);
    }

    private static void end(Process example) {
        example.destroy();
        try {
            example.waitFor(END_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // Nobody does.
        }
    }
}
