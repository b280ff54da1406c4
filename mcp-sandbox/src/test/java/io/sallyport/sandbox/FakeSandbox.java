package io.sallyport.sandbox;

import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A kind that runs a language of its own, to show what is done with sessions whatever the kind is: {@code set NAME VALUE},
 * {@code get NAME}, {@code wait} (until {@link #mayEnd}, an interruption, a cancellation or its session's end), {@code lose}
 * (takes its session with it), {@code fail}, and what else is said: it says that itself.
 */
public final class FakeSandbox implements Sandbox {

    /** Counts down when code waits. */
    public final CountDownLatch waits = new CountDownLatch(1);

    /** What code waits for. */
    public final CountDownLatch mayEnd = new CountDownLatch(1);

    public final AtomicInteger open = new AtomicInteger();
    public final AtomicLong memory = new AtomicLong();
    public final AtomicInteger mostOpen = new AtomicInteger();
    public final AtomicLong mostMemory = new AtomicLong();
    public final List<Execution> executions = java.util.Collections.synchronizedList(new ArrayList<>());

    public final List<Limits> opened = java.util.Collections.synchronizedList(new ArrayList<>());

    private volatile Optional<SandboxUnavailableException> refusal = Optional.empty();
    private volatile Optional<String> lack = Optional.empty();
    private final Set<Language> stateful;

    public FakeSandbox() {
        this(EnumSet.allOf(Language.class));
    }

    public FakeSandbox(Set<Language> stateful) {
        this.stateful = stateful;
    }

    /** Lets nobody open a session from now on. */
    public void refuseSessions() {
        refusal = Optional.of(new SandboxUnavailableException("Busy", "the host box-17 is busy"));
    }

    /** Is unavailable from now on, as a sandbox is whose programs are missing. */
    public void lack(String what) {
        lack = Optional.of(what);
    }

    @Override
    public Capabilities capabilities() {
        if (lack.isPresent()) {
            return Capabilities.unavailable(Tier.PROCESS, lack.get());
        }
        return new Capabilities(
                Tier.PROCESS, EnumSet.allOf(Language.class), EnumSet.allOf(Limit.class), stateful, Optional.empty());
    }

    @Override
    public Outcome run(Execution execution, Cancellation cancellation) throws InterruptedException {
        return run(new TreeMap<>(), execution, cancellation, new CountDownLatch(1));
    }

    private Outcome run(
            Map<String, String> variables, Execution execution, Cancellation cancellation, CountDownLatch closed)
            throws InterruptedException {
        executions.add(execution);
        String code = execution.code();
        String[] words = code.split(" ", 3);
        switch (words[0]) {
            case "set" -> variables.put(words[1], words[2]);
            case "get" -> {
                return ok(variables.getOrDefault(words[1], "nothing"), "null");
            }
            case "wait" -> {
                return await(cancellation, closed);
            }
            case "exit" -> {
                return ok("", words[1]);
            }
            case "fail" -> {
                return ended(Outcome.Status.ERROR, "ValueError", words.length > 1 ? words[1] : "no such luck");
            }
            case "end" -> {
                return ended(Outcome.Status.valueOf(words[1]), "Ended", "it was ended");
            }
            case "lose" -> {
                closed.countDown();
                return ended(Outcome.Status.TIMEOUT, "Timeout", "too long");
            }
            default -> {
                if (code.contains("_sallyport_export")) {
                    return ok("", Json.write(Map.of("variables", variables, "left_out", List.of("f"))));
                }
                return ok(code, "null");
            }
        }
        return ok("", "null");
    }

    private Outcome await(Cancellation cancellation, CountDownLatch closed) throws InterruptedException {
        CountDownLatch cancelled = new CountDownLatch(1);
        Thread waiting = Thread.currentThread();
        Runnable forget = cancellation.onCancel(() -> {
            cancelled.countDown();
            waiting.interrupt();
        });
        waits.countDown();
        try {
            while (mayEnd.getCount() > 0 && closed.getCount() > 0) {
                mayEnd.await(1, java.util.concurrent.TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException e) {
            if (cancelled.getCount() > 0) {
                throw e;
            }
            return ended(Outcome.Status.CANCELLED, "Cancelled", "the code was to end");
        } finally {
            forget.run();
        }
        return closed.getCount() > 0
                ? ok("waited", "null")
                : ended(Outcome.Status.UNAVAILABLE, "SessionLost", "the session is over");
    }

    private static Outcome ok(String said, String value) {
        return Outcome.of(Outcome.Status.OK, Tier.PROCESS)
                .said(said, "")
                .value(JsonValue.trusted(value))
                .usage(new Outcome.Usage(java.time.Duration.ofMillis(7), Optional.empty(), OptionalLong.of(1024)))
                .build();
    }

    private static Outcome ended(Outcome.Status status, String type, String message) {
        return Outcome.of(status, Tier.PROCESS)
                .said("before", "")
                .error(new Outcome.Failure(type, message, status == Outcome.Status.ERROR ? "line 1" : ""))
                .build();
    }

    @Override
    public SandboxSession open(Language language, Limits limits, Cancellation cancellation)
            throws SandboxUnavailableException {
        if (refusal.isPresent()) {
            throw refusal.get();
        }
        opened.add(limits);
        mostOpen.accumulateAndGet(open.incrementAndGet(), Math::max);
        mostMemory.accumulateAndGet(memory.addAndGet(limits.memoryBytes()), Math::max);
        return new Session(limits);
    }

    @Override
    public void close() {
        mayEnd.countDown();
    }

    private final class Session implements SandboxSession {

        private final Map<String, String> variables = new TreeMap<>();
        private final Limits limits;
        private final CountDownLatch gone = new CountDownLatch(1);
        private final AtomicInteger running = new AtomicInteger();
        private final AtomicInteger closes = new AtomicInteger();

        Session(Limits limits) {
            this.limits = limits;
        }

        @Override
        public Outcome run(Execution execution, Cancellation cancellation) throws InterruptedException {
            if (running.incrementAndGet() != 1) {
                throw new AssertionError("two at once in one session");
            }
            try {
                return FakeSandbox.this.run(variables, execution, cancellation, gone);
            } finally {
                running.decrementAndGet();
            }
        }

        @Override
        public boolean isLost() {
            return gone.getCount() == 0;
        }

        @Override
        public void close() {
            gone.countDown();
            if (closes.getAndIncrement() == 0) {
                open.decrementAndGet();
                memory.addAndGet(-limits.memoryBytes());
            }
        }
    }
}
