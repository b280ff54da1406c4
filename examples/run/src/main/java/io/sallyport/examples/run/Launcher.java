package io.sallyport.examples.run;

import java.util.Arrays;

/**
 * Starts an example's {@code main} below Maven and ends with it: a child goes on when Maven is killed, and one of the exec
 * plugin when Maven is told to stop, too.
 */
public final class Launcher {

    private static final int ENDED_BY_SIGTERM = 128 + 15;

    private Launcher() {}

    /** Runs the class that {@code args[0]} names with the other arguments. */
    public static void main(String[] args) throws ReflectiveOperationException {
        ProcessHandle.current().parent().ifPresent(Launcher::endWith);
        String[] rest = Arrays.copyOfRange(args, 1, args.length);
        // An example's name may have hyphens, a package's may not.
        Class.forName(args[0].replace("-", ""))
                .getMethod("main", String[].class)
                .invoke(null, (Object) rest);
    }

    private static void endWith(ProcessHandle maven) {
        Thread watch = new Thread(
                () -> {
                    try {
                        // ProcessHandle.onExit() would look ever less often, in the end every five minutes.
                        while (maven.isAlive()) {
                            Thread.sleep(100);
                        }
                        System.exit(ENDED_BY_SIGTERM);
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt(); // Nobody does, and then the watch is over.
                    }
                },
                "ends-with-maven");
        watch.setDaemon(true);
        watch.start();
    }
}
