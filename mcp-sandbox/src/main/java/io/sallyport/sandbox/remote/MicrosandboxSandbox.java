package io.sallyport.sandbox.remote;

import io.sallyport.sandbox.Cancellation;
import io.sallyport.sandbox.Capabilities;
import io.sallyport.sandbox.Execution;
import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Limit;
import io.sallyport.sandbox.Limits;
import io.sallyport.sandbox.Outcome;
import io.sallyport.sandbox.Outcome.Status;
import io.sallyport.sandbox.Sandbox;
import io.sallyport.sandbox.SandboxSession;
import io.sallyport.sandbox.SandboxUnavailableException;
import io.sallyport.sandbox.Tier;
import java.net.URI;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs Python, JavaScript and commands in virtual machines of a microsandbox server, up to version 0.2.6 of it and its forks:
 * later ones have no server. Each run has a machine of its own, which is started for it and stopped after it; that takes as
 * long as the server takes, seconds rather than milliseconds. Thread-safe.
 *
 * <p>What is enforced here, whatever the server does: the time on the clock, and how much code may say. How much memory a
 * machine has is up to the server, which is told; the time of processors, files and processes are not limited but by what the
 * machine has. <strong>There is no network policy in this protocol</strong>: machines reach what the server lets them reach.
 *
 * <p>Code that was sent is not sent again, whatever goes wrong. A machine is not trusted with a second run: the server cannot
 * interrupt what runs in one, and what that says late is taken for what the next code says. The names of machines say whose
 * they are, so that a gateway that starts again stops what it has left behind, and nothing of others'; see {@link
 * MicrosandboxBuilder#owner}. Each name is used once, since what a machine has written into its files is there again when one
 * of the same name is started: the server keeps an entry for each, and the files, in the directory of the namespace, which
 * whoever runs the server has to empty now and then.
 *
 * @since 0.1
 */
public final class MicrosandboxSandbox implements Sandbox {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.sandbox");

    private static final Set<Limit> ENFORCED = EnumSet.of(Limit.WALL_TIME, Limit.OUTPUT);

    private final MicrosandboxSettings settings;
    private final RemoteHttp http;
    private final RemoteHttp urgent;
    private final Machines machines;
    private final Undertaker undertaker;
    private final MicrosandboxRun runs;

    /** Why the server is of no use, in words for operators; null while it is. */
    private volatile @Nullable String trouble;

    MicrosandboxSandbox(MicrosandboxBuilder builder) {
        this.settings = builder.settings();
        MachineNames names = new MachineNames(builder.owner());
        MicrosandboxRpc.Watch watch = new MicrosandboxRpc.Watch() {
            @Override
            public void isWell() {
                recovered();
            }

            @Override
            public void isUnwell(String why) {
                troubled(why);
            }
        };
        // Each run has at most one request under way, and so has each session that is being opened.
        this.http =
                new RemoteHttp(builder.url(), builder.guard(), builder.connectTimeout(), 2 * settings.concurrency());
        this.urgent = new RemoteHttp(builder.url(), builder.guard(), builder.connectTimeout(), 2 * Undertaker.HANDS);
        MicrosandboxRpc rpc = new MicrosandboxRpc(http, builder.key(), settings.namespace(), watch);
        this.undertaker = new Undertaker(
                new MicrosandboxRpc(urgent, builder.key(), settings.namespace(), watch),
                watch,
                names,
                builder.bus(),
                settings.requestTimeout(),
                builder.lease());
        this.machines = new Machines(settings, rpc, names, undertaker);
        this.runs = new MicrosandboxRun(rpc, settings);
    }

    /**
     * Returns a builder.
     *
     * @param url of the server, such as {@code http://127.0.0.1:5555}
     */
    public static MicrosandboxBuilder builder(URI url) {
        return new MicrosandboxBuilder(url);
    }

    /** Finds out whether the server is there and takes the key, and stops what earlier lives have left. */
    void begin() throws InterruptedException {
        undertaker.begin();
    }

    private void recovered() {
        if (trouble != null) {
            trouble = null;
            LOGGER.atInfo().log("the sandbox server answers again");
        }
    }

    private void troubled(String why) {
        if (trouble == null) {
            LOGGER.atError().addKeyValue("error", why).log("the sandbox server is of no use");
        }
        trouble = why;
        undertaker.askAgain();
    }

    @Override
    public Capabilities capabilities() {
        String why = trouble;
        EnumSet<Language> all = EnumSet.allOf(Language.class);
        return new Capabilities(Tier.VM, all, ENFORCED, all, Optional.ofNullable(why));
    }

    @Override
    public Outcome run(Execution execution, Cancellation cancellation) throws InterruptedException {
        Optional<Outcome> refused = refusal(execution, cancellation);
        if (refused.isPresent()) {
            return refused.get();
        }
        String machine;
        try {
            machine = machines.start(execution.language(), execution.limits(), cancellation, runs::probeCommand);
        } catch (SandboxUnavailableException e) {
            return unrun(
                    e.type().equals("Cancelled") ? Status.CANCELLED : Status.UNAVAILABLE,
                    e.type(),
                    String.valueOf(e.getMessage()));
        }
        try {
            return runs.fresh(machine, execution, cancellation);
        } finally {
            machines.discard(machine);
        }
    }

    @Override
    public SandboxSession open(Language language, Limits limits, Cancellation cancellation)
            throws SandboxUnavailableException, InterruptedException {
        Machines.Probe probe = language == Language.SHELL
                ? runs::probeCommand
                : (machine, atMost, wish) -> runs.probeInterpreter(machine, language, atMost, wish);
        String machine = machines.start(language, limits, cancellation, probe);
        return new MicrosandboxSession(settings, machines, runs, language, machine);
    }

    /** Returns why code is not run, if it is not. */
    static Optional<Outcome> refusal(Execution execution, Cancellation cancellation) {
        if (!Tier.VM.isAtLeast(execution.weakestTier())) {
            return Optional.of(unrun(
                    Status.REJECTED,
                    "TierTooWeak",
                    "this sandbox is of the tier vm, and the code is to be run in "
                            + execution.weakestTier().word() + " at least"));
        }
        if (cancellation.isCancelled()) {
            return Optional.of(unrun(Status.CANCELLED, "Cancelled", "it was to end before it began"));
        }
        if (GuestPrograms.isTooLarge(execution)) {
            return Optional.of(
                    unrun(Status.REJECTED, "TooLarge", "the code and its inputs are more than a machine can be given"));
        }
        return Optional.empty();
    }

    static Outcome unrun(Status status, String type, String message) {
        return GuestReply.failed(status, type, message, "").build();
    }

    /** Also stops all machines that were started, within 15 seconds; what cannot be stopped is left for the next life. */
    @Override
    public void close() {
        if (!machines.close()) {
            return;
        }
        http.close();
        undertaker.close(machines.live());
        urgent.close();
    }
}
