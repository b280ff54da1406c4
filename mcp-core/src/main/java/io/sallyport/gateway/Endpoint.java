package io.sallyport.gateway;

import static java.util.Objects.requireNonNull;

import io.sallyport.catalogue.EndpointCatalogue;
import io.sallyport.catalogue.Exposure;
import io.sallyport.catalogue.Kind;
import io.sallyport.gateway.internal.EndpointSettings;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * A path that a gateway serves, with its own choice of upstreams and names. Each method returns a changed copy.
 *
 * <pre>{@code
 * Endpoint.at("/mcp")
 *     .upstreams("github", "files")
 *     .tool("files", "write_file", Exposure.HIDDEN)
 *     .tool("github", "search_code", Exposure.AS_IT_IS.name("search"))
 * }</pre>
 */
public final class Endpoint {

    private record Definition(String upstream, Kind kind, String name) {}

    private final String path;
    private final List<String> upstreams;
    private final boolean transparent;
    private final boolean hideWhenDown;
    private final Map<Definition, Exposure> exposures;
    private final Optional<String> title;
    private final Optional<String> instructions;

    private Endpoint(
            String path,
            List<String> upstreams,
            boolean transparent,
            boolean hideWhenDown,
            Map<Definition, Exposure> exposures,
            Optional<String> title,
            Optional<String> instructions) {
        this.path = path;
        this.upstreams = upstreams;
        this.transparent = transparent;
        this.hideWhenDown = hideWhenDown;
        this.exposures = exposures;
        this.title = title;
        this.instructions = instructions;
    }

    /**
     * Returns an endpoint of all upstreams, with names of the form {@code upstream__name}.
     *
     * @param path within the web application, such as {@code /mcp}
     */
    public static Endpoint at(String path) {
        if (!path.matches("(/[A-Za-z0-9._~-]+)+")) {
            throw new IllegalArgumentException("a path is like \"/mcp\" or \"/team/mcp\", but was \"" + path + "\"");
        }
        return new Endpoint(path, List.of(), false, false, Map.of(), Optional.empty(), Optional.empty());
    }

    /**
     * Returns this endpoint with these upstreams only, in this order.
     *
     * @throws IllegalArgumentException if there is none, or one stands twice
     */
    public Endpoint upstreams(String... names) {
        // None would mean all: a host that reads the names from somewhere must not open everything by reading nothing.
        if (names.length == 0) {
            throw new IllegalArgumentException(
                    "endpoint " + path + " needs an upstream; without upstreams(…) it has all of them");
        }
        Set<String> seen = new HashSet<>();
        for (String name : names) {
            if (!seen.add(name)) {
                throw new IllegalArgumentException("endpoint " + path + " names \"" + name + "\" twice");
            }
        }
        return new Endpoint(path, List.of(names), transparent, hideWhenDown, exposures, title, instructions);
    }

    /**
     * Returns this endpoint with the names of its only upstream as they are, and that upstream's own name and
     * instructions.
     */
    public Endpoint transparent() {
        return new Endpoint(path, upstreams, true, hideWhenDown, exposures, title, instructions);
    }

    /**
     * Returns this endpoint without what upstreams offer while they cannot be reached. By default it stays listed, as
     * it was last, and calls fail at once with a clear error.
     */
    public Endpoint hideWhenDown() {
        return new Endpoint(path, upstreams, transparent, true, exposures, title, instructions);
    }

    /** Returns this endpoint with a tool of an upstream renamed, described otherwise, or hidden. */
    public Endpoint tool(String upstream, String name, Exposure exposure) {
        return with(new Definition(upstream, Kind.TOOL, name), exposure);
    }

    /** Returns this endpoint with a prompt of an upstream renamed, described otherwise, or hidden. */
    public Endpoint prompt(String upstream, String name, Exposure exposure) {
        return with(new Definition(upstream, Kind.PROMPT, name), exposure);
    }

    private Endpoint with(Definition definition, Exposure exposure) {
        Map<Definition, Exposure> all = new HashMap<>(exposures);
        all.put(definition, requireNonNull(exposure, "exposure"));
        Set<String> names = new HashSet<>();
        all.forEach((other, its) -> its.configuredName().ifPresent(name -> {
            if (!names.add(other.kind() + " " + name)) {
                throw new IllegalArgumentException(
                        "two definitions are named \"" + name + "\" at " + path + "; give one of them another name");
            }
        }));
        return new Endpoint(path, upstreams, transparent, hideWhenDown, Map.copyOf(all), title, instructions);
    }

    /** Returns this endpoint with a title that clients show. */
    public Endpoint title(String text) {
        return new Endpoint(path, upstreams, transparent, hideWhenDown, exposures, Optional.of(text), instructions);
    }

    /** Returns this endpoint with what models are told of it, in place of what its upstreams say. */
    public Endpoint instructions(String text) {
        return new Endpoint(path, upstreams, transparent, hideWhenDown, exposures, title, Optional.of(text));
    }

    /** Returns the path. */
    public String path() {
        return path;
    }

    EndpointSettings resolve(List<String> known) {
        List<String> used = upstreams.isEmpty() ? known : upstreams;
        Set<String> unknown = new TreeSet<>(used);
        known.forEach(unknown::remove);
        exposures.keySet().stream()
                .map(Definition::upstream)
                .filter(upstream -> !used.contains(upstream))
                .forEach(unknown::add);
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException("endpoint " + path + " names upstreams that it does not have: " + unknown
                    + "; its upstreams are " + used + ", the gateway's " + known);
        }
        if (transparent && used.size() != 1) {
            throw new IllegalArgumentException(
                    "endpoint " + path + " is transparent, which needs exactly one upstream, but has " + used
                            + "; name one with upstreams(…)");
        }
        return new EndpointSettings(path, List.copyOf(used), new Names(), hideWhenDown, title, instructions);
    }

    private final class Names implements EndpointCatalogue.Naming {

        private final Set<String> configured = new HashSet<>();

        Names() {
            exposures.forEach((definition, exposure) ->
                    exposure.configuredName().ifPresent(name -> configured.add(definition.kind() + " " + name)));
        }

        @Override
        public boolean isTransparent() {
            return transparent;
        }

        @Override
        public Exposure exposure(String upstream, Kind kind, String name) {
            return exposures.getOrDefault(new Definition(upstream, kind, name), Exposure.AS_IT_IS);
        }

        @Override
        public boolean isConfigured(Kind kind, String exposed) {
            return configured.contains(kind + " " + exposed);
        }

        @Override
        public Set<String> namesOf(String upstream, Kind kind) {
            return exposures.keySet().stream()
                    .filter(definition -> definition.upstream().equals(upstream) && definition.kind() == kind)
                    .map(Definition::name)
                    .collect(Collectors.toSet());
        }
    }
}
