package io.sallyport.upstream.stdio;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * How a child ended, for the operator: it shows paths and what the child wrote, which no client may see.
 *
 * @param cause what ended it
 * @param exitCode as the system reports it: 128 + n for a child that signal n ended
 * @param command what was run, without the values of its environment
 * @param runTime from start to end
 * @param stderrTail the last lines of its standard error, the oldest first
 * @param linesWritten the number of the last line that may have reached it, in part or whole; whatever was sent under a
 *     higher number (see {@link LineQueue.Sent}) certainly did not
 * @param treeGone whether everything that it had started is gone too
 */
record ChildExit(
        Cause cause,
        int exitCode,
        String command,
        Duration runTime,
        List<String> stderrTail,
        long linesWritten,
        boolean treeGone) {

    /** What ended a child. */
    enum Cause {
        /** It ended by itself, or something outside the gateway ended it. */
        ENDED("ended"),
        /** The gateway closed it. */
        CLOSED("was closed by the gateway"),
        /** It wrote a line beyond the limit. */
        LINE_TOO_LONG("was ended because it wrote a line longer than allowed to its standard output"),
        /** It ran on without a standard output, through which alone it could answer. */
        OUTPUT_CLOSED("was ended because it closed its standard output and ran on"),
        /** It ran on without a standard input, through which alone it could be asked. */
        INPUT_CLOSED("was ended because it closed its standard input and ran on");

        private final String words;

        Cause(String words) {
            this.words = words;
        }
    }

    private static final int SIGNAL_BASE = 128;
    private static final int LAST_SIGNAL = 64;
    private static final Map<Integer, String> SIGNAL_NAMES = Map.of(
            1, "SIGHUP", 2, "SIGINT", 3, "SIGQUIT", 4, "SIGILL", 6, "SIGABRT", 9, "SIGKILL", 11, "SIGSEGV", 13,
            "SIGPIPE", 15, "SIGTERM");

    ChildExit {
        stderrTail = List.copyOf(stderrTail);
    }

    /** Returns the signal that ended it, if the exit code says so; a program may choose such a code itself. */
    OptionalInt signal() {
        int number = exitCode - SIGNAL_BASE;
        return number > 0 && number <= LAST_SIGNAL ? OptionalInt.of(number) : OptionalInt.empty();
    }

    /** Returns all of it in one sentence, without the lines of standard error. */
    String summary() {
        StringBuilder text = new StringBuilder("the process ").append(cause.words);
        text.append(" after ")
                .append(runTime.toMillis())
                .append(" ms with exit code ")
                .append(exitCode);
        signal().ifPresent(number -> text.append(" (")
                .append(SIGNAL_NAMES.getOrDefault(number, "signal " + number))
                .append(')'));
        if (cause == Cause.ENDED && exitCode == SIGNAL_BASE + 9) {
            text.append("; if nobody killed it, the system did for lack of memory");
        }
        if (!treeGone) {
            text.append("; some of the processes that it had started could not be ended");
        }
        return text.append("; command: ").append(command).toString();
    }
}
