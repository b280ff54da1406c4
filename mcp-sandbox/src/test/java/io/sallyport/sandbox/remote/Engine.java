package io.sallyport.sandbox.remote;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What runs in the machines of a {@link MicrosandboxStandIn}. */
interface Engine extends AutoCloseable {

    /** A line that a program has said. */
    record Line(String stream, String text) {
        Map<String, Object> toJson() {
            return Map.of("stream", stream, "text", text);
        }
    }

    /** What came of a command; its exit status is 1 for one that was killed. */
    record Ended(int exitCode, List<Line> output) {}

    /** Runs a command in a machine; empty if there is no such command, or it takes too long. */
    Optional<Ended> command(String machine, String command, List<String> arguments, Optional<Duration> timeout)
            throws Exception;

    /** Gives code to the machine's interpreter. */
    List<Line> repl(String machine, String language, String code, Optional<Duration> timeout) throws Exception;

    /** Takes a machine away, and all that runs in it. */
    void stop(String machine);

    @Override
    void close();

    /** Returns text as the lines that the server makes of it. */
    static List<Line> lines(String stream, String text) {
        List<Line> lines = new ArrayList<>();
        text.lines().forEach(line -> lines.add(new Line(stream, line)));
        return lines;
    }
}
