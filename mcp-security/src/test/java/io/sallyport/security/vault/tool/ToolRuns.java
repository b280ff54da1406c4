package io.sallyport.security.vault.tool;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Runs the program in this process, and remembers all that it has said. */
final class ToolRuns {

    /** How it ended, and what it said. */
    record Run(ExitCode code, String out, String err) {

        Run endsWith(ExitCode expected) {
            assertThat(code).as(toString()).isEqualTo(expected);
            return this;
        }

        /** Checks that it failed like this, in one line, and said nothing else. */
        void failsWith(ExitCode expected, String... parts) {
            endsWith(expected);
            assertThat(err).startsWith("vault: ").endsWith("\n").hasLineCount(1).contains(parts);
        }

        List<String> lines() {
            return out.lines().toList();
        }
    }

    final Map<String, String> environment = new HashMap<>();
    private final List<Run> runs = new ArrayList<>();

    Run run(String input, List<String> place, String... words) {
        return run(
                new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)), Optional.empty(), all(place, words));
    }

    Run onTerminal(String typed, List<String> place, String... words) {
        return run(InputStream.nullInputStream(), Optional.of(prompt -> typed.toCharArray()), all(place, words));
    }

    /** The place stands behind the command, as somebody would write it. */
    private static List<String> all(List<String> place, String... words) {
        List<String> all = new ArrayList<>(List.of(words));
        if (!all.isEmpty()) {
            all.addAll(1, place);
        }
        return all;
    }

    Run run(InputStream in, Optional<Terminal.Prompt> prompt, List<String> words) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        ExitCode code = VaultTool.run(words, new Terminal(in, out, err, environment::get, prompt));
        Run run = new Run(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
        runs.add(run);
        return run;
    }

    /** Returns all that was said so far, and forgets it. */
    String said() {
        String said = runs.toString();
        runs.clear();
        return said;
    }

    static String[] with(String[] words, String... more) {
        String[] all = Arrays.copyOf(words, words.length + more.length);
        System.arraycopy(more, 0, all, words.length, more.length);
        return all;
    }
}
