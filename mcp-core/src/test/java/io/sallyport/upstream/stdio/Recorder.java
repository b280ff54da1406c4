package io.sallyport.upstream.stdio;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Keeps what a child was heard to do. */
class Recorder implements ChildProcess.Listener {

    final List<String> all = new CopyOnWriteArrayList<>();
    final List<String> stderr = new CopyOnWriteArrayList<>();
    final AtomicInteger exits = new AtomicInteger();

    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    private final CompletableFuture<ChildExit> exit = new CompletableFuture<>();

    @Override
    public void onLine(byte[] line) {
        assertThat(exit).as("no line comes after the end").isNotDone();
        String text = new String(line, StandardCharsets.UTF_8);
        all.add(text);
        lines.add(text);
    }

    @Override
    public void onStderr(String line) {
        stderr.add(line);
    }

    @Override
    public void onExit(ChildExit ended) {
        exits.incrementAndGet();
        exit.complete(ended);
    }

    /** Returns the next line, waiting for it. */
    String nextLine() throws InterruptedException {
        String line = lines.poll(Eventually.LONG.toSeconds(), TimeUnit.SECONDS);
        assertThat(line).as("a line").isNotNull();
        return line;
    }

    /** Returns the end, waiting for it. */
    ChildExit awaitExit() throws Exception {
        return exit.get(Eventually.LONG.toSeconds(), TimeUnit.SECONDS);
    }

    boolean hasExited() {
        return exit.isDone();
    }
}
