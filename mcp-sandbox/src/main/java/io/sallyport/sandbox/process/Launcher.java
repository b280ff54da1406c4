package io.sallyport.sandbox.process;

import java.io.Closeable;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Starts workers. Thread-safe.
 *
 * <p>Named pipes connect them to us: a process that Java starts has three descriptors and a worker needs five, since what
 * code says must not be where its value is told. All are started by one thread, that of this launcher: the kernel kills them
 * when the thread that started them ends.
 */
final class Launcher implements Closeable {

    /** Says what is to be started. */
    interface Enclosure {

        /** Returns the command. Its descriptors are 1, 2, 3 for replies, 4 for requests, 8 like 3, and 9 for the filter. */
        List<String> command(Shape shape);

        /** Returns the file that is to be its descriptor 9. */
        Path filter(Shape shape);
    }

    private static final Duration STARTS_WITHIN = Duration.ofSeconds(20);

    /**
     * A shell opens pipes for reading or writing alone, as Java cannot, first for both: else it would wait for ever for a
     * gateway that has been killed meanwhile. It is POSIX: descriptors have one digit.
     */
    private static final String SCRIPT = "requests=$1 out=$2 err=$3 replies=$4 filter=$5; shift 5; "
            + "exec 5<>\"$requests\" 4<\"$requests\" 5<>\"$replies\" 3>\"$replies\" 5<>\"$out\" >\"$out\" "
            + "5<>\"$err\" 2>\"$err\" 5>&- </dev/null; "
            + "exec \"$@\" 8>&3 9<\"$filter\"";

    private static final String READY = "READY\n";
    private static final Pattern FIRST = Pattern.compile("\"child-pid\":\\s*(\\d+)");
    private static final int MOST_GREETING_BYTES = 4096;
    private static final long GONE_WITHIN_SECONDS = 5;
    private static final long PAUSE_NANOS = 100_000;

    private final Enclosure enclosure;
    private final Path mkfifo;
    private final Path folder;
    private final ControlGroups groups;
    private final ThreadPoolExecutor thread = Daemons.thread("sallyport-sandbox-launcher");
    private final AtomicLong lastName = new AtomicLong();

    /** @param folder one of our own, in which pipes may lie for a moment */
    Launcher(Enclosure enclosure, Path mkfifo, Path folder, ControlGroups groups) {
        this.enclosure = enclosure;
        this.mkfifo = mkfifo;
        this.folder = folder;
        this.groups = groups;
    }

    /**
     * Starts a worker, and waits until it waits for code.
     *
     * @throws IOException if it does not come to that; the message is for operators
     */
    Worker start(Shape shape) throws IOException, InterruptedException {
        List<Path> names = new ArrayList<>();
        String name = Long.toString(lastName.incrementAndGet());
        for (String end : new String[] {"requests", "stdout", "stderr", "replies"}) {
            names.add(folder.resolve(name + "-" + end));
        }
        try {
            return start(shape, names);
        } finally {
            // Whoever was to open them has.
            for (Path it : names) {
                Files.deleteIfExists(it);
            }
        }
    }

    private Worker start(Shape shape, List<Path> names) throws IOException, InterruptedException {
        makePipes(names);
        List<Fifo> ends = new ArrayList<>();
        boolean isStarted = false;
        try {
            for (Path name : names) {
                ends.add(Fifo.open(name));
            }
            Worker.Pipes pipes = new Worker.Pipes(ends.get(0), ends.get(1), ends.get(2), ends.get(3));
            Process process = spawn(command(shape, names));
            try {
                Worker worker = new Worker(shape, process, greeted(process, pipes), pipes, groups);
                isStarted = true;
                return worker;
            } finally {
                if (!isStarted) {
                    giveUp(process, names);
                }
            }
        } finally {
            if (!isStarted) {
                for (Fifo end : ends) {
                    end.close();
                }
            }
        }
    }

    /**
     * Ends what has not begun. What bubblewrap has started by then may wait for ever to be let run by a bubblewrap that is gone,
     * and is nobody's child: it is known by the pipe that it would have written to.
     */
    private static void giveUp(Process process, List<Path> names) {
        end(process);
        ProcessHandle.allProcesses()
                .filter(other -> names.contains(ProcessTree.output(other.pid())))
                .forEach(ProcessHandle::destroyForcibly);
    }

    /** Ends it, and waits until it is gone, whoever interrupts that. */
    private static void end(Process process) {
        process.destroyForcibly();
        process.onExit()
                .orTimeout(GONE_WITHIN_SECONDS, TimeUnit.SECONDS)
                .exceptionally(late -> process)
                .join();
    }

    private void makePipes(List<Path> names) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(mkfifo.toString(), "-m", "600"));
        names.forEach(name -> command.add(name.toString()));
        Process process = Daemons.start(new ProcessBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD));
        try {
            if (!process.waitFor(STARTS_WITHIN.toSeconds(), TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IOException("no pipes can be made in " + folder);
            }
        } finally {
            // What it makes after we have cleared up nobody would clear up.
            end(process);
        }
    }

    private List<String> command(Shape shape, List<Path> names) {
        List<String> command = new ArrayList<>(List.of("/bin/sh", "-c", SCRIPT, "sh"));
        names.forEach(name -> command.add(name.toString()));
        command.add(enclosure.filter(shape).toString());
        command.addAll(enclosure.command(shape));
        return command;
    }

    private Process spawn(List<String> command) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(new File("/"))
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD);
        // Not that it would get any further than to the shell.
        builder.environment().clear();
        builder.environment().put("PATH", "/usr/bin:/bin");
        try {
            Future<Process> started = thread.submit(() -> {
                Process process = Daemons.start(builder);
                process.getOutputStream().close();
                return process;
            });
            try {
                return started.get();
            } catch (InterruptedException e) {
                discard(started);
                throw e;
            }
        } catch (ExecutionException e) {
            throw new IOException("a process cannot be started", e.getCause());
        } catch (RejectedExecutionException e) {
            throw new IOException("the launcher is closed", e);
        }
    }

    /** Ends what is about to be started by nobody's wish any more. */
    private void discard(Future<Process> started) {
        thread.execute(() -> {
            try {
                started.get().destroyForcibly();
            } catch (ExecutionException | InterruptedException e) {
                // Then there is none.
            }
        });
    }

    private static ProcessHandle greeted(Process process, Worker.Pipes pipes) throws IOException, InterruptedException {
        StringBuilder greeting = new StringBuilder();
        byte[] buffer = new byte[MOST_GREETING_BYTES];
        long end = System.nanoTime() + STARTS_WITHIN.toNanos();
        while (greeting.indexOf(READY) < 0) {
            boolean isAlive = process.isAlive();
            int read = pipes.replies().read(buffer);
            greeting.append(new String(buffer, 0, read, StandardCharsets.ISO_8859_1));
            if (read == 0 && !isAlive) {
                int length = pipes.stderr().read(buffer);
                throw new IOException("a worker has ended with status " + process.exitValue() + " before it began: "
                        + new String(buffer, 0, length, StandardCharsets.UTF_8).strip());
            }
            if (System.nanoTime() > end || greeting.length() > MOST_GREETING_BYTES) {
                throw new IOException("a worker does not begin");
            }
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            if (read == 0) {
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
        Matcher first = FIRST.matcher(greeting);
        if (!first.find()) {
            return process.toHandle();
        }
        return ProcessHandle.of(Long.parseLong(first.group(1)))
                .orElseThrow(() -> new IOException("a worker has ended when it was to begin"));
    }

    /** Lets nothing be started any more; the kernel ends what was started. */
    @Override
    public void close() {
        thread.shutdown();
    }
}
