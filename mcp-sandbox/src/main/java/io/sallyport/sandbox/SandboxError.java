package io.sallyport.sandbox;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Why code was not run, or not to its end: the stable words that callers get, and what they may do about it. Each comes from
 * what has happened, never from the text of a message.
 *
 * @since 0.1
 */
public enum SandboxError {
    /** There is no such session for this principal: foreign, expired, stopped and never opened are not told apart. */
    SESSION_NOT_FOUND_ERROR(
            Category.SESSION,
            Severity.LOW,
            false,
            "Look which sessions there are.",
            "Open a new session; nothing of the old one's state is left."),
    /** Other code runs in the session, and has not ended in time. */
    SESSION_BUSY_ERROR(
            Category.SESSION,
            Severity.LOW,
            true,
            "Run one piece of code at a time in a session.",
            "Stop the session if what runs in it will not end."),
    /** The session is in another language, or of another flavor, than the call says. */
    SESSION_MISMATCH_ERROR(
            Category.SESSION,
            Severity.LOW,
            false,
            "Leave out what the session knows already: its language and its flavor.",
            "Open another session for another language or flavor."),
    /** There is no such language, flavor or setting, or a value is out of its bounds. */
    CONFIGURATION_ERROR(Category.CONFIGURATION, Severity.LOW, false, "Correct what the message names, and call again."),
    /** As many sessions, as much memory or as many pins are in use as may be. */
    RESOURCE_LIMIT_ERROR(
            Category.RESOURCE,
            Severity.HIGH,
            true,
            "Stop sessions that are not needed any more, or unpin them.",
            "Take a smaller flavor.",
            "Run the code without a session."),
    /** The sandbox could not open a session. */
    SANDBOX_CREATION_ERROR(
            Category.RESOURCE, Severity.HIGH, true, "Try again in a moment.", "Run the code without a session."),
    /** The code failed. */
    CODE_EXECUTION_ERROR(
            Category.EXECUTION,
            Severity.MEDIUM,
            false,
            "Read the error and the line that it names, correct the code, and run it again."),
    /** The command has ended with another status than 0. */
    COMMAND_EXECUTION_ERROR(
            Category.EXECUTION,
            Severity.MEDIUM,
            false,
            "Read what the command has said on standard error.",
            "127 means that there is no such command, 126 that it cannot be executed."),
    /** It took too long. */
    EXECUTION_TIMEOUT_ERROR(
            Category.EXECUTION,
            Severity.MEDIUM,
            false,
            "Do less at once.",
            "Allow more time, or take a flavor that has more.",
            "Look for a loop that does not end."),
    /** It wanted too much memory. */
    MEMORY_LIMIT_ERROR(
            Category.RESOURCE, Severity.MEDIUM, false, "Handle the data piece by piece.", "Take a larger flavor."),
    /** It said too much, or wrote too much into files. */
    OUTPUT_LIMIT_ERROR(
            Category.RESOURCE,
            Severity.MEDIUM,
            false,
            "Print less: a summary, or the first lines.",
            "Write less to files."),
    /** It was judged unsafe, or there is no enclosure as strong as it is to be run in. */
    CODE_REJECTED_ERROR(
            Category.EXECUTION,
            Severity.HIGH,
            false,
            "Do without what the message names; trying again changes nothing."),
    /** Somebody wished that it should end. */
    EXECUTION_CANCELLED_ERROR(Category.EXECUTION, Severity.LOW, false, "Run it again if it is still wanted."),
    /** The sandbox cannot run it now, or was lost while it ran: it may have done a part of its work. */
    SANDBOX_UNAVAILABLE_ERROR(
            Category.SYSTEM,
            Severity.HIGH,
            true,
            "Try again in a moment.",
            "Tell whoever runs this gateway if it does not get better."),
    /** The sandbox was made without what it needs: it runs nothing, and will not until the gateway starts again. */
    SANDBOX_MISSING_ERROR(
            Category.SYSTEM,
            Severity.HIGH,
            false,
            "Do without running code; trying again changes nothing.",
            "Tell whoever runs this gateway: its log says what is missing.");

    /** What an error is about. */
    public enum Category {
        /** What was asked for. */
        CONFIGURATION,
        /** What may be used. */
        RESOURCE,
        /** What the code has done. */
        EXECUTION,
        /** The session that was named. */
        SESSION,
        /** The sandbox itself. */
        SYSTEM;

        /** Returns the stable word. */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** How bad it is. */
    public enum Severity {
        /** Whoever calls can mend it at once. */
        LOW,
        /** The code has to be changed. */
        MEDIUM,
        /** It may be for operators to look at. */
        HIGH;

        /** Returns the stable word. */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private final Category category;
    private final Severity severity;
    private final boolean retryable;

    /** A line each: an enum holds nothing that could change. */
    private final String suggestions;

    SandboxError(Category category, Severity severity, boolean retryable, String... suggestions) {
        this.category = category;
        this.severity = severity;
        this.retryable = retryable;
        this.suggestions = String.join("\n", suggestions);
    }

    /** Returns what went wrong with code that was run, or was to be; nothing if it came to its end. */
    public static Optional<SandboxError> of(Outcome outcome) {
        return switch (outcome.status()) {
            case OK -> Optional.empty();
            case ERROR -> Optional.of(CODE_EXECUTION_ERROR);
            case TIMEOUT -> Optional.of(EXECUTION_TIMEOUT_ERROR);
            case MEMORY -> Optional.of(MEMORY_LIMIT_ERROR);
            case OUTPUT -> Optional.of(OUTPUT_LIMIT_ERROR);
            case REJECTED -> Optional.of(CODE_REJECTED_ERROR);
            case CANCELLED -> Optional.of(EXECUTION_CANCELLED_ERROR);
            case UNAVAILABLE ->
                Optional.of(outcome.error().map(SandboxError::ofUnavailable).orElse(SANDBOX_UNAVAILABLE_ERROR));
        };
    }

    /** The type is the sandbox's word there, not one of the code's. */
    private static SandboxError ofUnavailable(Outcome.Failure failure) {
        return switch (failure.type()) {
            case "Unavailable" -> SANDBOX_MISSING_ERROR;
            case "NoSuchLanguage" -> CONFIGURATION_ERROR;
            default -> SANDBOX_UNAVAILABLE_ERROR;
        };
    }

    /** Returns what it is about. */
    public Category category() {
        return category;
    }

    /** Returns how bad it is. */
    public Severity severity() {
        return severity;
    }

    /** Returns whether the same call may go well in a moment. */
    public boolean isRetryable() {
        return retryable;
    }

    /** Returns what whoever calls may do, the likeliest first. */
    public List<String> suggestions() {
        return suggestions.lines().toList();
    }
}
