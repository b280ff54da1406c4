package io.sallyport.sandbox.remote;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/**
 * Runs what machines are told to run, in real interpreters, with the command lines that the server uses; each machine has a
 * directory and, by bubblewrap, namespaces of its own.
 */
final class RealEngine implements Engine {

    private static final List<String> PYTHON =
            List.of("python3", "-q", "-u", "-i", "-c", "import sys; sys.ps1=sys.ps2=''");
    private static final List<String> NODE = List.of(
            "node",
            "-e",
            "const r=require('repl').start({prompt:'',terminal:false,ignoreUndefined:true,useGlobal:true});"
                    + "r._prompt='';r.displayPrompt=()=>{}");

    private final List<String> binds = new ArrayList<>();
    private final Set<String> paths = new LinkedHashSet<>(List.of("/usr/bin", "/bin"));
    private final Map<String, Machine> machines = new ConcurrentHashMap<>();

    RealEngine() {
        find("python3");
        find("node");
    }

    /** Finds a real interpreter: what stands first on the path may be a script that looks for one. */
    private void find(String name) {
        Path found = Stream.concat(
                        Stream.of("/usr/bin", "/usr/local/bin"),
                        Stream.of(System.getenv("PATH").split(File.pathSeparator)))
                .map(directory -> Path.of(directory, name))
                .filter(Files::isExecutable)
                .filter(RealEngine::isBinary)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("this test needs " + name));
        if (!found.startsWith("/usr")) {
            String prefix = found.getParent().getParent().toString();
            binds.addAll(List.of("--ro-bind", prefix, prefix));
        }
        paths.add(found.getParent().toString());
    }

    private static boolean isBinary(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return in.read() == 0x7f;
        } catch (IOException e) {
            return false;
        }
    }

    /** A machine: a directory, and what runs in it. */
    private final class Machine {

        private final Path directory;
        private final Set<Process> processes = ConcurrentHashMap.newKeySet();
        private final Map<String, Interpreter> interpreters = new ConcurrentHashMap<>();
        private final ReentrantLock turn = new ReentrantLock();
        private volatile boolean stopped;

        Machine() {
            try {
                directory = Files.createTempDirectory("machine");
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        Process start(String command, List<String> arguments) throws IOException {
            List<String> all = new ArrayList<>(List.of("bwrap", "--unshare-all", "--die-with-parent", "--new-session"));
            all.addAll(List.of("--clearenv", "--setenv", "PATH", String.join(":", paths)));
            all.addAll(List.of("--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin"));
            all.addAll(List.of("--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64"));
            all.addAll(binds);
            all.addAll(List.of("--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"));
            all.addAll(List.of("--bind", directory.toString(), "/work", "--chdir", "/work", "--", command));
            all.addAll(arguments);
            Process process = new ProcessBuilder(all).start();
            processes.add(process);
            if (stopped) {
                process.destroyForcibly();
            }
            return process;
        }

        void stop() {
            stopped = true;
            processes.forEach(Process::destroyForcibly);
            try (Stream<Path> files = Files.walk(directory)) {
                files.sorted((a, b) -> b.compareTo(a))
                        .forEach(file -> file.toFile().delete());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private Machine machine(String name) {
        return machines.computeIfAbsent(name, it -> new Machine());
    }

    @Override
    public Optional<Ended> command(String machine, String command, List<String> arguments, Optional<Duration> timeout)
            throws Exception {
        Machine on = machine(machine);
        Process process = on.start(command, arguments);
        process.getOutputStream().close();
        LinkedBlockingQueue<Line> lines = new LinkedBlockingQueue<>();
        Thread out = pump(process.getInputStream(), "stdout", lines);
        Thread err = pump(process.getErrorStream(), "stderr", lines);
        boolean ended = process.waitFor(timeout.orElse(Duration.ofDays(1)).toNanos(), TimeUnit.NANOSECONDS);
        if (!ended) {
            process.destroyForcibly();
        }
        out.join();
        err.join();
        on.processes.remove(process);
        int status = process.waitFor();
        return ended ? Optional.of(new Ended(status > 128 ? 1 : status, List.copyOf(lines))) : Optional.empty();
    }

    private static Thread pump(InputStream from, String stream, LinkedBlockingQueue<Line> to) {
        Thread thread = new Thread(() -> {
            try (BufferedReader reader = new BufferedReader(new InputStreamReader(from, StandardCharsets.UTF_8))) {
                for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                    to.add(new Line(stream, line));
                }
            } catch (IOException e) {
                // The process was ended.
            }
        });
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    /** An interpreter that is kept, and told what to do as if somebody typed. */
    private static final class Interpreter {

        private final Process process;
        private final OutputStream in;
        private final boolean isNode;
        private final LinkedBlockingQueue<Line> lines = new LinkedBlockingQueue<>();

        Interpreter(Process process, boolean isNode) {
            this.process = process;
            this.in = process.getOutputStream();
            this.isNode = isNode;
            pump(process.getInputStream(), "stdout", lines);
            pump(process.getErrorStream(), "stderr", lines);
        }

        List<Line> eval(String code, Optional<Duration> timeout) throws IOException, InterruptedException {
            if (!process.isAlive()) {
                return List.of(new Line("stderr", "Error: Engine unavailable"));
            }
            String marker =
                    "eoe_" + UUID.randomUUID().toString().replace("-", "").substring(0, 20);
            String ended = code.endsWith("\n") ? code : code + "\n";
            String typed =
                    isNode ? ended + "console.log('" + marker + "');\n\n" : ended + "\nprint('" + marker + "')\n";
            in.write(typed.getBytes(StandardCharsets.UTF_8));
            in.flush();
            List<Line> said = new ArrayList<>();
            long deadline =
                    System.nanoTime() + timeout.orElse(Duration.ofDays(1)).toNanos();
            while (true) {
                Line line = lines.poll(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
                if (line == null) {
                    said.add(new Line(
                            "stderr",
                            "Error: Execution timed out after "
                                    + timeout.orElseThrow().toSeconds() + " seconds"));
                    return said;
                }
                boolean isOut = line.stream().equals("stdout");
                if (isOut && line.text().trim().equals(marker)) {
                    return said;
                }
                boolean isDropped =
                        isNode && isOut && (line.text().isBlank() || line.text().matches("(>|\\.\\.).*"));
                if (!isDropped) {
                    said.add(line);
                }
            }
        }
    }

    @Override
    public List<Line> repl(String machine, String language, String code, Optional<Duration> timeout) throws Exception {
        boolean isNode = !language.toLowerCase(Locale.ROOT).equals("python");
        Machine on = machine(machine);
        // All evaluations of both languages, one after the other.
        on.turn.lockInterruptibly();
        try {
            Interpreter interpreter = on.interpreters.get(language);
            if (interpreter == null) {
                List<String> line = isNode ? NODE : PYTHON;
                interpreter = new Interpreter(on.start(line.get(0), line.subList(1, line.size())), isNode);
                on.interpreters.put(language, interpreter);
            }
            return interpreter.eval(code, timeout);
        } finally {
            on.turn.unlock();
        }
    }

    @Override
    public void stop(String machine) {
        Machine stopped = machines.remove(machine);
        if (stopped != null) {
            stopped.stop();
        }
    }

    @Override
    public void close() {
        machines.keySet().forEach(this::stop);
    }
}
