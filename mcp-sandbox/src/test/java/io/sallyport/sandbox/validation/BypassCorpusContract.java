package io.sallyport.sandbox.validation;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import io.sallyport.sandbox.Cancellation;
import io.sallyport.sandbox.Execution;
import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Limits;
import io.sallyport.sandbox.Outcome;
import io.sallyport.sandbox.Sandbox;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What every sandbox must withstand, with nobody looking at code before it is run: all ways past deny-lists that we know of, each
 * followed by attempts to get a file, a variable of the environment and a property of the JVM, a connection, and what belongs to
 * others whose code runs before or meanwhile.
 */
public abstract class BypassCorpusContract {

    /** Set by the build for the JVM that runs tests, see pom.xml. */
    private static final String VARIABLE = "SALLYPORT_CANARY";

    private static final Limits LIMITS =
            Limits.builder().wallTime(Duration.ofSeconds(30)).build();

    /** To look through all memory takes long: every so many does. */
    private static final int DEEP = "full".equals(System.getProperty("sallyport.proof")) ? 1 : 60;

    private final String fileCanary = canary();
    private final String propertyCanary = canary();
    private final String neighbourCanary = canary();

    /** Returns the sandbox, which is closed by whoever has made it. */
    protected abstract Sandbox sandbox();

    /** Returns whether this kind lets a bypass win what it wants to win, which does not help it. */
    protected boolean wins(Bypass bypass) {
        return bypass.isWinning();
    }

    /** Returns every how many of the bypasses one is tried: 1 for all of them. */
    protected int every() {
        return 1;
    }

    private List<Bypass> tried(Language language) {
        List<Bypass> all = Bypass.all(language);
        return IntStream.range(0, all.size())
                .filter(i -> i % every() == 0)
                .mapToObj(all::get)
                .toList();
    }

    private static String canary() {
        return "canary-" + UUID.randomUUID();
    }

    @Test
    void noPythonGetsToWhatIsNotItsOwn(@TempDir Path directory) throws Exception {
        String leaves = "import builtins, sys, os\n"
                + "builtins.leftover = sys.modules['canary'] = os.environ['canary'] = inputs['secret']\n"
                + "open('canary.txt', 'w').write(inputs['secret'])\n";
        noneGetsToWhatIsNotItsOwn(
                Language.PYTHON, directory, leaves, leaves + "import time\nwhile True: time.sleep(0.05)");
    }

    @Test
    void noJavaScriptGetsToWhatIsNotItsOwn(@TempDir Path directory) throws Exception {
        String leaves = "globalThis.leftover = Object.prototype.canary = Array.prototype.canary = inputs.secret;";
        noneGetsToWhatIsNotItsOwn(Language.JAVASCRIPT, directory, leaves, leaves + "for (;;) { JSON.parse('[1]') }");
    }

    private void noneGetsToWhatIsNotItsOwn(Language language, Path directory, String before, String meanwhile)
            throws Exception {
        Path file = Files.writeString(directory.resolve("canary.txt"), fileCanary);
        System.setProperty(VARIABLE, propertyCanary);
        assertThat(System.getenv(VARIABLE)).as("set by the build").isNotBlank();
        List<String> failures = new ArrayList<>();
        int contained = 0;
        List<Bypass> bypasses = tried(language);
        leaveSomething(language, before);
        try (Listener listener = new Listener();
                Neighbour neighbour = new Neighbour(sandbox(), execution(language, meanwhile))) {
            for (Bypass bypass : bypasses) {
                boolean isDeep = contained % DEEP == DEEP - 1;
                Outcome outcome = sandbox().run(execution(bypass, file, listener.port(), isDeep));
                List<String> wrongs = wrongs(bypass, outcome);
                if (listener.connections() > 0) {
                    wrongs.add("it has connected");
                }
                contained += wrongs.isEmpty() ? 1 : 0;
                wrongs.forEach(wrong -> failures.add(bypass + ": " + wrong));
            }
            assertThat(neighbour.isRunning()).as("the neighbour is undisturbed").isTrue();
            assertThatAConnectionWouldBeSeen(listener);
        } finally {
            System.clearProperty(VARIABLE);
        }
        System.out.printf(
                "tier=%s language=%s bypasses=%d contained=%d%n",
                sandbox().capabilities().tier().word(), language.word(), bypasses.size(), contained);
        assertThat(failures).isEmpty();
        assertThat(contained).isEqualTo(bypasses.size());
    }

    private void leaveSomething(Language language, String code) throws InterruptedException {
        Outcome outcome = sandbox().run(execution(language, code));
        assertThat(outcome.status()).as(outcome.error().toString()).isEqualTo(Outcome.Status.OK);
    }

    private static void assertThatAConnectionWouldBeSeen(Listener listener) throws Exception {
        new Socket(InetAddress.getLoopbackAddress(), listener.port()).close();
        listener.awaitConnection();
    }

    /** Code of somebody who has a secret. */
    private Execution execution(Language language, String code) {
        return Execution.of(language, code)
                .inputs(JsonValue.trusted(Json.write(Map.of("secret", neighbourCanary))))
                .limits(Limits.builder()
                        .wallTime(Duration.ofMinutes(10))
                        .cpuTime(Duration.ofMinutes(10))
                        .build())
                .build();
    }

    private Execution execution(Bypass bypass, Path file, int port, boolean isDeep) {
        Map<String, Object> inputs = new LinkedHashMap<>();
        inputs.put("file", file.toAbsolutePath().toString());
        inputs.put("variable", VARIABLE);
        inputs.put("port", port);
        inputs.put("deep", isDeep);
        return Execution.of(bypass.language(), bypass.code() + "\n" + bypass.loot())
                .inputs(JsonValue.trusted(Json.write(inputs)))
                .limits(LIMITS)
                .build();
    }

    private List<String> wrongs(Bypass bypass, Outcome outcome) {
        List<String> wrongs = new ArrayList<>();
        String all = outcome.stdout()
                + outcome.stderr()
                + outcome.value().map(JsonValue::toJson).orElse("")
                + outcome.error().map(Outcome.Failure::toString).orElse("");
        Map.of(
                        "the file", fileCanary,
                        "the environment", System.getenv(VARIABLE),
                        "the property", propertyCanary,
                        "the neighbour", neighbourCanary)
                .forEach((what, canary) -> {
                    if (all.contains(canary)) {
                        wrongs.add("it has got to " + what);
                    }
                });
        boolean hasWon = outcome.status() == Outcome.Status.OK
                && outcome.value()
                        .flatMap(it -> it.get("reached"))
                        .flatMap(JsonValue::asBoolean)
                        .orElse(false);
        if (hasWon != wins(bypass)) {
            wrongs.add((hasWon ? "it wins: " : "it does not win: ") + outcome + " " + outcome.error() + " " + all);
        }
        return wrongs;
    }

    /** Somebody whose code runs all the time. */
    private static final class Neighbour implements AutoCloseable {

        private final Cancellation end = new Cancellation();
        private final Thread thread;

        Neighbour(Sandbox sandbox, Execution endless) {
            thread = new Thread(() -> run(sandbox, endless), "neighbour");
            thread.start();
        }

        private void run(Sandbox sandbox, Execution endless) {
            try {
                sandbox.run(endless, end);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        boolean isRunning() {
            return thread.isAlive();
        }

        @Override
        public void close() {
            end.cancel();
        }
    }

    /** A port of the host that nobody should know. */
    private static final class Listener implements AutoCloseable {

        private final ServerSocket socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        private final Semaphore accepted = new Semaphore(0);
        private final Thread thread = new Thread(this::accept, "canary-listener");

        Listener() throws IOException {
            thread.setDaemon(true);
            thread.start();
        }

        private void accept() {
            try {
                while (true) {
                    socket.accept().close();
                    accepted.release();
                }
            } catch (IOException closed) {
                // It is over.
            }
        }

        int port() {
            return socket.getLocalPort();
        }

        int connections() {
            return accepted.availablePermits();
        }

        void awaitConnection() throws InterruptedException {
            assertThat(accepted.tryAcquire(10, TimeUnit.SECONDS))
                    .as("a connection would have been seen")
                    .isTrue();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
