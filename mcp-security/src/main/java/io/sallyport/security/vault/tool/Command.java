package io.sallyport.security.vault.tool;

import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/** What the program can be told to do, and with which options beside those that say which vault. */
enum Command {
    INIT(false),
    PUT(true, "--upstream", "--host", "--position", "--not-redacted"),
    GET(true, "--reveal"),
    LIST(false),
    DELETE(true),
    ROTATE(false, "--dry-run", "--abort", "--rows-per-second", "--sealer"),
    REWRAP(false),
    DESTROY(false),
    VERIFY(false),
    INVENTORY(false),
    EXPORT(false, "--to", "--to-kek", "--replace"),
    IMPORT(false, "--from", "--from-kek", "--replace");

    private final boolean takesName;
    /** Made by {@link Set#of}. */
    @SuppressWarnings("ImmutableEnumChecker")
    private final Set<String> options;

    Command(boolean takesName, String... options) {
        this.takesName = takesName;
        this.options = Set.of(options);
    }

    static Command parse(String word) throws Failure {
        return Arrays.stream(values())
                .filter(it -> it.word().equals(word))
                .findFirst()
                .orElseThrow(() -> Failure.usage(
                        "\"" + word + "\" is no command; it is one of " + words() + ", and help says more"));
    }

    static String words() {
        return Arrays.stream(values()).map(Command::word).collect(Collectors.joining(", "));
    }

    String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    boolean takesName() {
        return takesName;
    }

    boolean takes(String option) {
        return options.contains(option);
    }
}
