package io.sallyport.examples.gateway;

import io.sallyport.examples.gateway.Section.Value;
import io.sallyport.upstream.Upstream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Makes an upstream of one server of the file. Confined to one thread. */
final class ServerReader {

    private static final List<String> HTTP = List.of("http", "streamablehttp");
    private static final List<String> STDIO = List.of("stdio", "local");

    private final String name;
    private final Section section;
    private final Problems problems;
    private final int problemsBefore;

    ServerReader(String name, Section section, Problems problems) {
        this.name = name;
        this.section = section;
        this.problems = problems;
        this.problemsBefore = problems.count();
    }

    /** Returns whether the file says that the server is not to be used. */
    boolean isDisabled() {
        Optional<Boolean> disabled = section.bool("disabled");
        Optional<Boolean> enabled = section.bool("enabled");
        return disabled.orElse(false) || !enabled.orElse(true);
    }

    /** Returns the server; nothing if there is a problem. */
    Optional<ConfiguredServer> read() {
        String valid = validName();
        Optional<String> kind = kind();
        List<String> hidden = hiddenTools();
        Optional<Upstream> upstream = kind.flatMap(found -> switch (found) {
            case "stdio" -> new StdioReader(valid, section).read();
            case "sse" -> new HttpReader(valid, section).readSse();
            default -> new HttpReader(valid, section).read();
        });
        return hasProblem()
                ? Optional.empty()
                : upstream.map(made -> new ConfiguredServer(kind.orElseThrow(), made, hidden));
    }

    private boolean hasProblem() {
        return problems.count() > problemsBefore;
    }

    /** Returns the name, or one in its place that lets the rest of the server be looked at. */
    private String validName() {
        try {
            return Upstream.requireValidName(name);
        } catch (IllegalArgumentException e) {
            String fit = name.replaceAll("[^A-Za-z0-9]+", "-").replaceAll("^-|-$", "");
            problems.add(
                    section.path(),
                    "found the name \"" + name + "\"; expected 1 to 32 letters, digits, - and single _"
                            + (fit.isEmpty() || fit.length() > 32 ? "" : ", for instance \"" + fit + "\""));
            return "unnamed";
        }
    }

    private List<String> hiddenTools() {
        List<String> hidden = new ArrayList<>();
        for (String key : List.of("disabledTools", "excludeTools")) {
            List<Value> tools = section.strings(key);
            for (int i = 0; i < tools.size(); i++) {
                Value tool = tools.get(i);
                hidden.add(tool.text());
                section.show(Section.child(section.pathOf(key), i), tool.raw(), tool.source());
            }
        }
        return hidden;
    }

    /** Returns {@code stdio}, {@code http} or {@code sse}. */
    private Optional<String> kind() {
        String key = section.has("type") ? "type" : "transport";
        if (section.has("type") && section.has("transport")) {
            section.problem("transport", "says the same as type; remove one of them");
        }
        return section.has(key) ? section.string(key).flatMap(type -> kind(key, type)) : kindByKeys();
    }

    private Optional<String> kindByKeys() {
        boolean hasCommand = section.has("command");
        if (hasCommand && section.has("url")) {
            problems.add(section.path(), "found both command and url; expected one of them");
            return Optional.empty();
        }
        if (!hasCommand && !section.has("url")) {
            // After a mistyped key it would only repeat what has been said.
            if (!hasProblem()) {
                problems.add(section.path(), "found neither command nor url; expected one of them");
            }
            return Optional.empty();
        }
        // Clients that are not told the transport find it out; servers of the older one are at /sse nearly always.
        boolean older = !hasCommand && section.endsWith("url", "/sse");
        String kind = hasCommand ? "stdio" : older ? "sse" : "http";
        String reason = hasCommand ? "command" : older ? "url, which ends in /sse" : "url";
        section.show(section.pathOf("type"), kind, "default, because of " + reason);
        return Optional.of(kind);
    }

    private Optional<String> kind(String key, Value type) {
        section.show(section.pathOf(key), type.raw(), type.source());
        String word = type.text().toLowerCase(Locale.ROOT).replaceAll("[-_]", "");
        if (STDIO.contains(word)) {
            return fits(key, "command", "url") ? Optional.of("stdio") : Optional.empty();
        }
        if (HTTP.contains(word)) {
            return fits(key, "url", "command") ? Optional.of("http") : Optional.empty();
        }
        if (word.equals("sse")) {
            return fits(key, "url", "command") ? Optional.of("sse") : Optional.empty();
        }
        section.problem(key, "found " + type.raw() + "; expected stdio, http, streamable-http or sse");
        return Optional.empty();
    }

    private boolean fits(String key, String needed, String foreign) {
        if (section.has(foreign)) {
            section.problem(key, "found " + foreign + " beside it; expected " + needed + " instead");
            return false;
        }
        if (!section.has(needed)) {
            section.problem(key, "found no " + needed + " beside it; expected one");
            return false;
        }
        return true;
    }
}
