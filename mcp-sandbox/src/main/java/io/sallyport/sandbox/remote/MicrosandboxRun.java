package io.sallyport.sandbox.remote;

import io.sallyport.protocol.JsonValue;
import io.sallyport.sandbox.Cancellation;
import io.sallyport.sandbox.Execution;
import io.sallyport.sandbox.Gate;
import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Outcome;
import io.sallyport.sandbox.Outcome.Status;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs code in a machine, once: what was sent is not sent again, whatever comes of it. Thread-safe. */
final class MicrosandboxRun {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.sandbox");

    /** The machine ends code itself, and can say then what it has said. If it does not, we leave. */
    private static final Duration GRACE = Duration.ofMillis(350);

    /** For code that waits. */
    private static final Duration FIRST_PAUSE = Duration.ofMillis(5);

    private static final Duration LONGEST_PAUSE = Duration.ofMillis(100);

    private final MicrosandboxRpc rpc;
    private final MicrosandboxSettings settings;

    MicrosandboxRun(MicrosandboxRpc rpc, MicrosandboxSettings settings) {
        this.rpc = rpc;
        this.settings = settings;
    }

    /** What a machine was asked, and how its answer is read. */
    private interface Question {
        JsonValue ask(Map<String, Object> params, Duration atMost) throws RemoteFault, InterruptedException;

        /** Empty if it says nothing of how code ended. */
        Optional<Outcome.Builder> read(JsonValue result);
    }

    /** Finds out whether a machine can run commands. */
    void probeCommand(String machine, Duration atMost, Cancellation cancellation)
            throws RemoteFault, InterruptedException {
        rpc.call(
                "sandbox.command.run",
                Map.of("sandbox", machine, "command", "true", "args", List.of(), "timeout", seconds(atMost)),
                Machines.SMALL_ANSWER_BYTES,
                atMost,
                cancellation);
    }

    /** Finds out whether a machine has an interpreter, and prepares it. */
    void probeInterpreter(String machine, Language language, Duration atMost, Cancellation cancellation)
            throws RemoteFault, InterruptedException {
        String nonce = MachineNames.nonce();
        JsonValue result = rpc.call(
                "sandbox.repl.run",
                Map.of(
                        "sandbox",
                        machine,
                        "language",
                        language.word(),
                        "code",
                        GuestPrograms.prepare(language, nonce),
                        "timeout",
                        seconds(atMost)),
                Machines.SMALL_ANSWER_BYTES,
                atMost,
                cancellation);
        if (!GuestReply.lines(result, "stdout").contains(nonce)) {
            LOGGER.atWarn()
                    .addKeyValue("machine", machine)
                    .addKeyValue("said", String.join(" ", GuestReply.lines(result, "stderr")))
                    .log("the interpreter of a machine is of no use");
            throw new RemoteFault(RemoteFault.Kind.NONSENSE, "the interpreter does not do what it is told");
        }
    }

    /** Runs code in an interpreter of its own. */
    Outcome fresh(String machine, Execution execution, Cancellation cancellation) throws InterruptedException {
        String nonce = MachineNames.nonce();
        int most = execution.limits().outputBytes();
        Duration wallTime = settings.wallTime(execution.limits().wallTime());
        return outcome(execution, cancellation, new Question() {
            @Override
            public JsonValue ask(Map<String, Object> params, Duration atMost) throws RemoteFault, InterruptedException {
                params.put("sandbox", machine);
                params.put("command", "sh");
                params.put("args", GuestPrograms.command(execution, wallTime, nonce));
                return rpc.call("sandbox.command.run", params, GuestReply.mostAnswerBytes(most), atMost, cancellation);
            }

            @Override
            public Optional<Outcome.Builder> read(JsonValue result) {
                return GuestReply.ofCommand(result, nonce, execution.language(), most);
            }
        });
    }

    /** Runs code in the machine's interpreter, which was prepared. */
    Outcome kept(String machine, Execution execution, Cancellation cancellation) throws InterruptedException {
        String nonce = MachineNames.nonce();
        int most = execution.limits().outputBytes();
        return outcome(execution, cancellation, new Question() {
            @Override
            public JsonValue ask(Map<String, Object> params, Duration atMost) throws RemoteFault, InterruptedException {
                params.put("sandbox", machine);
                params.put("language", execution.language().word());
                params.put("code", GuestPrograms.call(execution, nonce));
                long deadline = System.nanoTime() + atMost.toNanos();
                Duration pause = FIRST_PAUSE;
                while (true) {
                    Duration left = Duration.ofNanos(deadline - System.nanoTime());
                    JsonValue result =
                            rpc.call("sandbox.repl.run", params, GuestReply.mostAnswerBytes(most), left, cancellation);
                    if (!GuestReply.isPending(result, nonce)) {
                        return result;
                    }
                    Gate.pause(pause, cancellation);
                    pause = pause.compareTo(LONGEST_PAUSE) < 0 ? pause.multipliedBy(2) : pause;
                    params.put("code", GuestPrograms.poll(nonce));
                }
            }

            @Override
            public Optional<Outcome.Builder> read(JsonValue result) {
                return GuestReply.ofCall(result, nonce, most);
            }
        });
    }

    private Outcome outcome(Execution execution, Cancellation cancellation, Question question)
            throws InterruptedException {
        Duration wallTime = settings.wallTime(execution.limits().wallTime());
        long begun = System.nanoTime();
        Outcome.Builder outcome;
        try {
            Map<String, Object> params = new LinkedHashMap<>();
            // One second more than code has: the machine's own end is the one that can tell what code has said.
            params.put("timeout", seconds(wallTime) + 1);
            JsonValue result = question.ask(params, wallTime.plus(GRACE));
            outcome = question.read(result)
                    .orElseGet(() -> since(begun).compareTo(wallTime) >= 0 ? late() : lost("no word of how it ended"));
        } catch (RemoteFault fault) {
            outcome = switch (fault.kind()) {
                case LATE -> late();
                case TOO_LARGE -> GuestReply.tooMuch();
                case CANCELLED -> GuestReply.failed(Status.CANCELLED, "Cancelled", "the code was to end", "");
                case CLOSED -> GuestReply.failed(Status.UNAVAILABLE, "Closed", "the sandbox is closed", "");
                default -> since(begun).compareTo(wallTime) >= 0 ? late() : lost(String.valueOf(fault.getMessage()));
            };
        }
        if (cancellation.isCancelled()) {
            outcome = GuestReply.failed(Status.CANCELLED, "Cancelled", "the code was to end", "");
        }
        return outcome.usage(new Outcome.Usage(since(begun), Optional.empty(), OptionalLong.empty()))
                .build();
    }

    private static Outcome.Builder late() {
        return GuestReply.failed(Status.TIMEOUT, "Timeout", "the code has taken longer than it may", "");
    }

    private static Outcome.Builder lost(String why) {
        LOGGER.atWarn().addKeyValue("error", why).log("a machine was lost while it ran code");
        return GuestReply.failed(
                Status.UNAVAILABLE,
                "Lost",
                "the sandbox was lost while it ran the code; what the code did until then has been done",
                "");
    }

    private static Duration since(long begun) {
        return Duration.ofNanos(System.nanoTime() - begun);
    }

    private static long seconds(Duration time) {
        return Math.max(1, (time.toMillis() + 999) / 1000);
    }
}
