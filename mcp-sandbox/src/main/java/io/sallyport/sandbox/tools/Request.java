package io.sallyport.sandbox.tools;

import io.sallyport.protocol.JsonValue;
import io.sallyport.sandbox.Cancellation;
import io.sallyport.sandbox.Execution;
import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Limits;
import io.sallyport.sandbox.Outcome;
import io.sallyport.sandbox.Sandbox;
import io.sallyport.sandbox.SandboxError;
import io.sallyport.sandbox.SandboxRefusedException;
import io.sallyport.sandbox.SandboxSessions;
import io.sallyport.sandbox.SessionInfo;
import io.sallyport.sandbox.Tier;
import io.sallyport.spi.Principal;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a caller has asked to be run: in a state of its own, in a session that there is, or in a new one.
 *
 * @param principal who has asked
 * @param language empty if it is the session's
 * @param session the id of a session; empty for none
 * @param keepSession whether to open one
 * @param flavor empty if it is the session's, or the default
 * @param seconds the most it may take; empty for what the flavor allows
 */
record Request(
        Principal principal,
        String tool,
        String code,
        JsonValue inputs,
        Optional<Language> language,
        Optional<String> session,
        boolean keepSession,
        Optional<String> flavor,
        OptionalLong seconds) {

    /**
     * What came of it.
     *
     * @param session empty for none
     * @param isNew whether the session was opened for it
     * @param isLost whether nothing of the session is left
     */
    record Done(
            Outcome outcome,
            Language language,
            String flavor,
            Optional<String> session,
            boolean isNew,
            boolean isLost) {}

    Done in(Sandbox sandbox, SandboxSessions sessions, Language byDefault, Tier weakestTier, Cancellation cancellation)
            throws SandboxRefusedException, InterruptedException {
        if (session.isPresent()) {
            SessionInfo info = sessions.find(principal, session.get());
            refuseOther(info);
            return inSession(sessions, info, false, weakestTier, cancellation);
        }
        Language chosen = language.orElse(byDefault);
        String chosenFlavor = flavor.orElse(sessions.defaultFlavor());
        Limits limits = limits(sessions, chosenFlavor, chosen);
        if (!keepSession) {
            Outcome outcome = sandbox.run(execution(chosen, limits, "", weakestTier), cancellation);
            return new Done(outcome, chosen, chosenFlavor, Optional.empty(), false, false);
        }
        SessionInfo info = sessions.open(principal, chosen, chosenFlavor, cancellation);
        boolean isTold = false;
        try {
            Done done = inSession(sessions, info, true, weakestTier, cancellation);
            isTold = done.outcome().status() != Outcome.Status.CANCELLED;
            return done;
        } finally {
            if (!isTold) {
                // Nobody will ever learn its name.
                stopQuietly(sessions, info.id());
            }
        }
    }

    private void refuseOther(SessionInfo info) throws SandboxRefusedException {
        if (language.isPresent() && language.get() != info.language()) {
            throw mismatch("in " + info.language().word() + ", and the template is "
                    + language.get().word());
        }
        if (flavor.isPresent() && !flavor.get().equals(info.flavor())) {
            throw mismatch("of the flavor " + info.flavor() + ", and the call asks for " + flavor.get());
        }
    }

    private static SandboxRefusedException mismatch(String what) {
        return new SandboxRefusedException(SandboxError.SESSION_MISMATCH_ERROR, "the session is " + what);
    }

    private Done inSession(
            SandboxSessions sessions, SessionInfo info, boolean isNew, Tier weakestTier, Cancellation cancellation)
            throws SandboxRefusedException, InterruptedException {
        Limits limits = limits(sessions, info.flavor(), info.language());
        Outcome outcome = sessions.run(
                principal, info.id(), execution(info.language(), limits, info.id(), weakestTier), cancellation);
        return new Done(
                outcome,
                info.language(),
                info.flavor(),
                Optional.of(info.id()),
                isNew,
                sessions.list(principal).stream().noneMatch(it -> it.id().equals(info.id())));
    }

    private Execution execution(Language chosen, Limits limits, String id, Tier weakestTier)
            throws SandboxRefusedException {
        try {
            return Execution.of(chosen, code)
                    .inputs(inputs)
                    .limits(limits)
                    .weakestTier(weakestTier)
                    .origin(new Execution.Origin(principal, id, tool))
                    .build();
        } catch (IllegalArgumentException tooLong) {
            throw Arguments.wrong("there is more code than anybody writes by hand: " + code.length() + " characters");
        }
    }

    private Limits limits(SandboxSessions sessions, String name, Language chosen) throws SandboxRefusedException {
        Limits most = sessions.limits(name, chosen)
                .orElseThrow(() -> Arguments.wrong("the argument \"flavor\" must be one of "
                        + String.join(", ", sessions.flavors().keySet())));
        if (seconds.isEmpty()) {
            return most;
        }
        long wished = seconds.getAsLong();
        if (wished < 1 || wished > most.wallTime().toSeconds()) {
            throw Arguments.wrong("the argument \"timeout\" must be 1 to "
                    + most.wallTime().toSeconds() + " seconds with flavor " + name);
        }
        Duration time = Duration.ofSeconds(wished);
        return most.toBuilder()
                .wallTime(time)
                .cpuTime(time.compareTo(most.cpuTime()) < 0 ? time : most.cpuTime())
                .build();
    }

    private void stopQuietly(SandboxSessions sessions, String id) {
        try {
            sessions.stop(principal, id);
        } catch (SandboxRefusedException gone) {
            // Then it has taken itself away.
        }
    }
}
