package io.sallyport.examples.gateway;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Puts variables of the environment into values: a name in braces after a dollar sign, and such a name with {@code :-} and a default for one that may
 * be unset or empty. Two dollar signs before the brace stand for a literal one. A dollar sign without a brace means
 * nothing. Immutable.
 */
final class Variables {

    private static final Pattern REFERENCE = Pattern.compile(
            "(?<name>[A-Za-z_][A-Za-z0-9_]*)(?<hasDefault>:-(?<default>((?!\\$\\{).)*))?", Pattern.DOTALL);

    private static final Pattern OF_OTHER_CLIENTS = Pattern.compile("env:(?<name>[A-Za-z_][A-Za-z0-9_]*)");

    private final Map<String, String> environment;

    Variables(Map<String, String> environment) {
        this.environment = Map.copyOf(environment);
    }

    /**
     * A value with its variables in place.
     *
     * @param text the value
     * @param sources where its parts come from besides the file, such as {@code env TOKEN}
     * @param fromEnvironment whether any part of it comes from the environment, and may be a secret
     */
    record Expanded(String text, List<String> sources, boolean fromEnvironment) {}

    /** Returns a value with its variables in place; what cannot be put there is told to {@code problem}. */
    Expanded expand(String raw, Consumer<String> problem) {
        StringBuilder text = new StringBuilder();
        List<String> sources = new ArrayList<>();
        boolean fromEnvironment = false;
        int at = 0;
        while (at < raw.length()) {
            if (raw.startsWith("$${", at)) {
                text.append("${");
                at += 3;
            } else if (raw.startsWith("${", at)) {
                int end = raw.indexOf('}', at);
                if (end < 0) {
                    problem.accept("found ${ without } at character " + (at + 1)
                            + "; expected ${NAME} or ${NAME:-default}, or $${ for a literal ${");
                    break;
                }
                fromEnvironment |= resolve(raw.substring(at + 2, end), text, sources, problem);
                at = end + 1;
            } else {
                text.append(raw.charAt(at++));
            }
        }
        return new Expanded(text.toString(), List.copyOf(sources), fromEnvironment);
    }

    /** Appends what a reference stands for, and returns whether that comes from the environment. */
    private boolean resolve(String inside, StringBuilder text, List<String> sources, Consumer<String> problem) {
        Matcher reference = REFERENCE.matcher(inside);
        if (!reference.matches()) {
            problem.accept("found ${" + inside + "}; expected " + meant(inside) + ", or $${ for a literal ${");
            return false;
        }
        String name = reference.group("name");
        String value = environment.getOrDefault(name, "");
        if (!value.isEmpty()) {
            text.append(value);
            sources.add("env " + name);
            return true;
        }
        if (reference.group("hasDefault") == null) {
            // An empty key or token is a mistake far more often than it is meant.
            problem.accept("${" + name + "} is " + (environment.containsKey(name) ? "empty" : "not set")
                    + " in the environment of the gateway; set it, or write ${" + name + ":-default}");
            return false;
        }
        text.append(reference.group("default"));
        sources.add("default of ${" + name + "}");
        return false;
    }

    private static String meant(String inside) {
        Matcher other = OF_OTHER_CLIENTS.matcher(inside);
        return other.matches() ? "${" + other.group("name") + "}" : "${NAME} or ${NAME:-default}";
    }
}
