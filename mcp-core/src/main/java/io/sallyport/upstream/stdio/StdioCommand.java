package io.sallyport.upstream.stdio;

import static java.util.Objects.requireNonNull;

import io.sallyport.spi.SecretReference;
import io.sallyport.spi.SecretResolver;
import io.sallyport.upstream.UpstreamException;
import io.sallyport.upstream.internal.SecretTemplate;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The command that starts a {@code stdio} upstream: a program, its arguments, the whole of its environment, a working
 * directory. Immutable; safe for use by several threads.
 *
 * <p>No shell ever reads a command: each argument reaches the program as it stands here. The child gets the environment
 * variables that are listed and no others; of the gateway's own, only those that {@link Builder#inherit} names. There
 * is no hidden minimum: a program that is named without a path needs {@code PATH}, and launchers such as {@code npx} and
 * {@code uvx} need {@code HOME} as well:
 *
 * <pre>{@code
 * StdioCommand command = StdioCommand.builder("npx")
 *         .arguments("-y", "@modelcontextprotocol/server-everything")
 *         .inherit("PATH", "HOME")
 *         .environment("LOG_LEVEL", "warn")
 *         .build();
 * }</pre>
 *
 * <p>One variable is added to every child: {@code SALLYPORT_OWNER}, by which the gateway finds whatever the child
 * starts, so that all of it ends with the gateway.
 *
 * @since 0.1
 */
public final class StdioCommand {

    private static final String MASK = "***";

    private final String executable;
    private final List<Argument> arguments;
    private final Map<String, SecretTemplate> environment;
    private final @Nullable Path directory;

    private StdioCommand(Builder builder) {
        this.executable = builder.executable;
        this.arguments = List.copyOf(builder.arguments);
        this.environment = Collections.unmodifiableMap(new LinkedHashMap<>(builder.environment));
        this.directory = builder.directory;
    }

    /**
     * Returns a builder of a command.
     *
     * @param executable a name to be looked up on the {@code PATH} that the child gets, or a path; a relative path
     *     starts from the working directory
     * @throws IllegalArgumentException if it is blank or holds a NUL character
     */
    public static Builder builder(String executable) {
        return new Builder(executable);
    }

    /** Returns the program, as it was given. */
    public String executable() {
        return executable;
    }

    /** Returns the names of the variables that the child gets, in the order in which they were set. */
    public Set<String> environmentNames() {
        return environment.keySet();
    }

    /** Returns the working directory; without one the child starts in the gateway's. */
    public Optional<Path> directory() {
        return Optional.ofNullable(directory);
    }

    /**
     * Looks whether this command could be started now, without starting it, and returns what stands in the way: one
     * sentence for the operator with the value, the reason and a remedy.
     */
    public Optional<String> problem() {
        return lookup().problem();
    }

    /** Returns the file that would be run. */
    Path resolve() throws IOException {
        ProgramLookup.Result found = lookup();
        return found.program().orElseThrow(() -> new IOException(found.problem().orElseThrow()));
    }

    private ProgramLookup.Result lookup() {
        SecretTemplate path = environment.get("PATH");
        return ProgramLookup.find(executable, path == null ? null : path.text(), directory);
    }

    /** The arguments with what is secret in them: only for starting the program. */
    List<String> revealArguments() {
        return arguments.stream().map(Argument::value).toList();
    }

    /**
     * The environment with the values that secrets have now: only for starting the program. May block.
     *
     * @throws UpstreamException if a secret has no value, or one that no variable may hold
     */
    Map<String, String> revealEnvironment(SecretResolver secrets, String upstream) {
        SecretResolver.Use use = new SecretResolver.Use(upstream, Optional.empty(), SecretResolver.Use.ENVIRONMENT);
        Map<String, String> revealed = new LinkedHashMap<>();
        environment.forEach((name, template) -> {
            String value = template.resolve(secrets, use);
            if (value.indexOf('\0') >= 0) {
                throw template.unfit("holds a NUL character, which no operating system can hand to a program");
            }
            revealed.put(name, value);
        });
        return revealed;
    }

    /** Returns how the command reads with {@code program} in the place of its executable, nothing secret in it. */
    String describe(String program) {
        StringBuilder text = new StringBuilder(quoted(program));
        for (Argument argument : arguments) {
            text.append(' ').append(argument.secret() ? MASK : quoted(argument.value()));
        }
        text.append(" (environment: ");
        text.append(environment.isEmpty() ? "empty" : String.join(", ", environment.keySet()));
        if (directory != null) {
            text.append("; directory: ").append(directory);
        }
        return text.append(')').toString();
    }

    /** Shows where one argument ends and the next begins, and keeps control characters out of logs. */
    private static String quoted(String argument) {
        String printable = TerminalText.clean(argument);
        boolean plain = !printable.isEmpty() && printable.chars().noneMatch(c -> c == ' ' || c == '\'' || c == '"');
        return plain ? printable : "'" + printable + "'";
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof StdioCommand that
                && executable.equals(that.executable)
                && arguments.equals(that.arguments)
                && texts().equals(that.texts())
                && Objects.equals(directory, that.directory);
    }

    @Override
    public int hashCode() {
        return Objects.hash(executable, arguments, texts(), directory);
    }

    private Map<String, String> texts() {
        Map<String, String> texts = new LinkedHashMap<>();
        environment.forEach((name, template) -> texts.put(name, template.text()));
        return texts;
    }

    /** Returns the command for people: names of variables without their values, secret arguments as {@code ***}. */
    @Override
    public String toString() {
        return describe(executable);
    }

    private record Argument(String value, boolean secret) {
        @Override
        public String toString() {
            return secret ? MASK : value;
        }
    }

    /** Builds a {@link StdioCommand}. Not safe for use by several threads. */
    public static final class Builder {

        private final String executable;
        private final List<Argument> arguments = new ArrayList<>();
        private final Map<String, SecretTemplate> environment = new LinkedHashMap<>();
        private @Nullable Path directory;

        private Builder(String executable) {
            requireNonNull(executable, "executable");
            if (executable.isBlank()) {
                throw new IllegalArgumentException(
                        "the executable is blank; name a program, for instance `npx` or /usr/bin/python3");
            }
            requireNoNul("the executable", executable);
            this.executable = executable;
        }

        /** Adds arguments, each of which is one argument of the program whatever characters it holds. */
        public Builder arguments(String... values) {
            return arguments(List.of(values));
        }

        /** Adds arguments, each of which is one argument of the program whatever characters it holds. */
        public Builder arguments(List<String> values) {
            for (String value : values) {
                arguments.add(argument(value, false));
            }
            return this;
        }

        /**
         * Adds an argument that is not shown in logs, errors and the status. Other users of the machine may still see
         * it in the list of processes: prefer {@link #environment} where the program offers it.
         */
        public Builder secretArgument(String value) {
            arguments.add(argument(value, true));
            return this;
        }

        private Argument argument(String value, boolean secret) {
            requireNonNull(value, "argument");
            requireNoNul("argument " + (arguments.size() + 1), value);
            if (value.contains(SecretReference.SCHEME)) {
                // It would reach the program as it stands, and the secret would be missing there.
                throw new IllegalArgumentException(
                        "argument " + (arguments.size() + 1) + " holds a reference to a secret,"
                                + " which arguments must not, for all users of the machine see them;"
                                + " use environment(name, value)");
            }
            return new Argument(value, secret);
        }

        /**
         * Sets a variable of the child's environment; a second value replaces the first.
         *
         * <p>The value may hold references to secrets, such as {@code secret://default/github#token}. They are resolved
         * each time a child is started; without a value it is not. Other processes of the same user can read a child's
         * environment. Never put anything of clients into it: what looks like a reference is one.
         *
         * @throws IllegalArgumentException if the name is empty, holds {@code =} or a NUL, or is ours, or what begins
         *     with {@code secret://} in the value is no reference
         */
        public Builder environment(String name, String value) {
            requireName(name);
            requireNonNull(value, name);
            requireNoNul("the value of " + name, value);
            environment.put(name, SecretTemplate.parse("variable " + name, value));
            return this;
        }

        /** Sets several variables of the child's environment, as {@link #environment(String, String)} does. */
        public Builder environment(Map<String, String> variables) {
            variables.forEach(this::environment);
            return this;
        }

        /**
         * Copies variables, as they are now, from the environment of the gateway, references to secrets in them included.
         *
         * @throws IllegalArgumentException if one of them is not set there
         */
        public Builder inherit(String... names) {
            return inherit(System.getenv(), names);
        }

        Builder inherit(Map<String, String> from, String... names) {
            for (String name : names) {
                requireName(name);
                String value = from.get(name);
                if (value == null) {
                    throw new IllegalArgumentException(name + " is not set in the environment of the gateway;"
                            + " set it there, give it a value here, or leave it out");
                }
                environment(name, value);
            }
            return this;
        }

        /**
         * Sets the working directory. Without one the child starts in the gateway's.
         *
         * @throws IllegalArgumentException if the path is relative
         */
        public Builder directory(Path path) {
            if (!path.isAbsolute()) {
                throw new IllegalArgumentException("the working directory " + path
                        + " is relative, and to what depends on how the gateway was started; give an absolute path");
            }
            this.directory = path;
            return this;
        }

        /** Returns the command. Whether it can be started is not looked at; see {@link StdioCommand#problem()}. */
        public StdioCommand build() {
            return new StdioCommand(this);
        }

        private static void requireName(String name) {
            requireNonNull(name, "name");
            if (name.isEmpty() || name.indexOf('=') >= 0) {
                throw new IllegalArgumentException("`" + name + "` is no name of an environment variable:"
                        + " it must not be empty and must not hold `=`; correct the name");
            }
            requireNoNul("the name of an environment variable", name);
            if (name.equals(ChildGuard.MARK_NAME)) {
                throw new IllegalArgumentException(
                        name + " is how the gateway recognises its own processes; leave it out");
            }
        }

        private static void requireNoNul(String what, String value) {
            int at = value.indexOf('\0');
            if (at >= 0) {
                throw new IllegalArgumentException(what + " holds a NUL character at index " + at
                        + ", which no operating system can hand to a program; remove it");
            }
        }
    }
}
