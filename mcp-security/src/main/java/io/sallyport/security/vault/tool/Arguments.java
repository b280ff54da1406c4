package io.sallyport.security.vault.tool;

import io.sallyport.spi.SecretReference;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What the program was told. */
final class Arguments {

    /** Whose a secret is whose name is given without a tenant. */
    static final String DEFAULT_TENANT = "default";

    private static final Set<String> OF_ALL = Set.of("--dir", "--jdbc", "--login", "--kek");
    private static final Set<String> FLAGS = Set.of("--not-redacted", "--reveal", "--dry-run", "--abort", "--replace");
    private static final Set<String> REPEATED = Set.of("--kek", "--upstream", "--host", "--position");

    private final Command command;
    private final Optional<SecretReference> secret;
    private final Map<String, List<String>> options;

    private Arguments(Command command, Optional<SecretReference> secret, Map<String, List<String>> options) {
        this.command = command;
        this.secret = secret;
        this.options = options;
    }

    static Arguments parse(List<String> words) throws Failure {
        if (words.isEmpty()) {
            throw Failure.usage("there is no command; it is one of " + Command.words() + ", and help says more");
        }
        Command command = Command.parse(words.get(0));
        List<String> names = new ArrayList<>();
        Map<String, List<String>> options = new HashMap<>();
        Iterator<String> rest = words.listIterator(1);
        while (rest.hasNext()) {
            String word = rest.next();
            if (!word.startsWith("-")) {
                names.add(word);
                continue;
            }
            requireTaken(command, word);
            List<String> values = options.computeIfAbsent(word, key -> new ArrayList<>());
            if (!values.isEmpty() && !REPEATED.contains(word)) {
                throw Failure.usage(word + " was given twice; give it once");
            }
            if (FLAGS.contains(word)) {
                values.add("");
                continue;
            }
            String value = rest.hasNext() ? rest.next() : "";
            if (value.isEmpty()) {
                throw Failure.usage(word + " has no value; write it behind, with a space between");
            }
            values.add(value);
        }
        return new Arguments(command, secret(command, names), options);
    }

    private static void requireTaken(Command command, String option) throws Failure {
        if (!OF_ALL.contains(option) && !command.takes(option)) {
            int end = option.indexOf('=');
            // What stands behind it may be meant to be a secret.
            String shown = end < 0 ? option : option.substring(0, end + 1) + "…";
            throw Failure.usage(command.word() + " has no option " + shown
                    + (end < 0 ? "; help" : "; a value stands" + " behind its option with a space between, and help")
                    + " says which there are");
        }
    }

    private static Optional<SecretReference> secret(Command command, List<String> names) throws Failure {
        if (names.size() != (command.takesName() ? 1 : 0)) {
            // What is too much may be the value of a secret, and is not shown.
            throw Failure.usage(
                    command.takesName()
                            ? command.word() + " takes one NAME, but there were " + names.size()
                                    + "; values are read from standard input, and never from the command line"
                            : command.word() + " takes options only, but there was something else; help says which");
        }
        if (names.isEmpty()) {
            return Optional.empty();
        }
        String name = names.get(0);
        int slash = name.indexOf('/');
        try {
            return Optional.of(new SecretReference(
                    slash < 0 ? DEFAULT_TENANT : name.substring(0, slash),
                    name.substring(slash + 1),
                    Optional.empty()));
        } catch (IllegalArgumentException e) {
            throw Failure.usage(String.valueOf(e.getMessage()));
        }
    }

    Command command() {
        return command;
    }

    /** Returns the secret that the command is about, which it has to be. */
    SecretReference secret() {
        return secret.orElseThrow();
    }

    boolean has(String option) {
        return options.containsKey(option);
    }

    List<String> all(String option) {
        return options.getOrDefault(option, List.of());
    }

    Optional<String> find(String option) {
        return all(option).stream().findFirst();
    }

    String one(String option, String what) throws Failure {
        return find(option).orElseThrow(() -> Failure.usage(command.word() + " needs " + option + ", " + what));
    }

    Path path(String option, String what) throws Failure {
        return path(option, one(option, what), what);
    }

    List<Path> paths(String option, String what) throws Failure {
        one(option, what);
        List<Path> paths = new ArrayList<>();
        for (String value : all(option)) {
            paths.add(path(option, value, what));
        }
        return paths;
    }

    private static Path path(String option, String value, String what) throws Failure {
        try {
            return Path.of(value);
        } catch (InvalidPathException e) {
            throw Failure.usage("\"" + value + "\" is no path; " + option + " takes " + what);
        }
    }

    /** Returns a number from 1 on. */
    Optional<Integer> number(String option, int most) throws Failure {
        Optional<String> text = find(option);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        if (!text.get().matches("[1-9][0-9]{0,8}") || Integer.parseInt(text.get()) > most) {
            throw Failure.usage("\"" + text.get() + "\" is no number for " + option + "; give one from 1 to " + most);
        }
        return Optional.of(Integer.valueOf(text.get()));
    }
}
