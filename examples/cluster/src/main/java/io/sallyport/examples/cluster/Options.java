package io.sallyport.examples.cluster;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the command line says.
 *
 * @param port 0 for any that is free
 * @param chaos how many nodes to kill before the end; 0 to go on until the program is ended
 * @param store {@code postgres} or {@code redis}
 * @param nginx whether nginx stands in front of the nodes
 * @param seed from which all chance comes
 */
record Options(int port, int chaos, String store, boolean nginx, long seed) {

    static final String USAGE = """
            Usage: cluster [options]

              --chaos N                kill N nodes at random moments, then end (default: kill one every few seconds
                                       until Ctrl-C)
              --store postgres|redis   where sessions are (default: postgres)
              --balancer nginx|java    what stands in front of the nodes (default: nginx, where there is one)
              --port N                 where they are served (default: any port that is free)
              --seed N                 repeats what a run with the same seed has done
              --help                   show this
            """;

    private static final List<String> WITH_VALUE = List.of("--chaos", "--store", "--balancer", "--port", "--seed");

    /** Returns whether somebody only wants to know how the program is used. */
    static boolean asksForHelp(String... args) {
        return List.of(args).contains("--help");
    }

    /**
     * Reads a command line.
     *
     * @throws IllegalArgumentException with a line for each thing that is wrong with it
     */
    static Options parse(String... args) {
        List<String> problems = new ArrayList<>();
        Map<String, String> given = split(args, problems);
        String balancer =
                oneOf(given, "--balancer", isOnPath("nginx") ? "nginx" : "java", List.of("nginx", "java"), problems);
        Options options = new Options(
                (int) number(given, "--port", 0, 0, 65_535, problems),
                // 0 is not for the command line: it would read as if no node were killed.
                (int) number(given, "--chaos", 0, 1, 1_000_000, problems),
                oneOf(given, "--store", "postgres", List.of("postgres", "redis"), problems),
                balancer.equals("nginx"),
                number(
                        given,
                        "--seed",
                        new SecureRandom().nextInt(1_000_000),
                        Long.MIN_VALUE,
                        Long.MAX_VALUE,
                        problems));
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(String.join("\n", problems));
        }
        return options;
    }

    private static Map<String, String> split(String[] args, List<String> problems) {
        Map<String, String> given = new LinkedHashMap<>();
        Deque<String> rest = new ArrayDeque<>(List.of(args));
        while (!rest.isEmpty()) {
            String name = rest.remove();
            boolean hasValue = !rest.isEmpty() && !rest.peek().startsWith("--");
            if (!WITH_VALUE.contains(name)) {
                problems.add(name + " is unknown; known are " + String.join(", ", WITH_VALUE) + " and --help");
                if (hasValue && name.startsWith("--")) {
                    // Most likely the value of what was meant.
                    rest.remove();
                }
            } else if (!hasValue) {
                problems.add(name + " has no value; say " + name + " VALUE");
            } else if (given.put(name, rest.remove()) != null) {
                problems.add(name + " is given twice; leave one out");
            }
        }
        return given;
    }

    private static String oneOf(
            Map<String, String> given, String name, String otherwise, List<String> allowed, List<String> problems) {
        String value = given.getOrDefault(name, otherwise);
        if (!allowed.contains(value)) {
            problems.add(name + " found " + value + "; expected " + String.join(" or ", allowed));
        }
        return value;
    }

    private static long number(
            Map<String, String> given, String name, long otherwise, long lowest, long highest, List<String> problems) {
        String text = given.get(name);
        if (text == null) {
            return otherwise;
        }
        try {
            long value = Long.parseLong(text);
            if (value >= lowest && value <= highest) {
                return value;
            }
        } catch (NumberFormatException noNumber) {
            // Told below.
        }
        problems.add(name + " found " + text + "; expected a number from " + lowest + " to " + highest);
        return otherwise;
    }

    /** Returns whether there is a program of this name. */
    static boolean isOnPath(String program) {
        String path = System.getenv().getOrDefault("PATH", "");
        return Arrays.stream(path.split(java.io.File.pathSeparator))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
    }
}
