package io.sallyport.examples.gateway;

import io.sallyport.egress.EgressGuard;
import io.sallyport.examples.gateway.Section.Value;
import io.sallyport.upstream.Upstream;
import io.sallyport.upstream.http.HttpUpstream;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** Makes an upstream of a server that the file gives a URL for. */
final class HttpReader {

    private static final List<String> SCHEMES = List.of("http", "https");

    private final String name;
    private final Section section;

    HttpReader(String name, Section section) {
        this.name = name;
        this.section = section;
    }

    /** What both transports need. */
    private record Target(URI url, EgressGuard egress, Map<String, Value> headers) {}

    /** Returns an upstream for the present transport; nothing if there is a problem. */
    Optional<Upstream> read() {
        return read(HttpUpstream.Builder::build);
    }

    /** Returns an upstream for the transport of revision 2024-11-05; nothing if there is a problem. */
    Optional<Upstream> readSse() {
        return read(HttpUpstream.Builder::buildSse);
    }

    private Optional<Upstream> read(Function<HttpUpstream.Builder, Upstream> build) {
        return target().flatMap(target -> section.attempt(
                        section.pathOf("url"),
                        () -> HttpUpstream.at(name, target.url()).egress(target.egress()))
                .map(upstream -> {
                    target.headers()
                            .forEach((key, value) -> section.attempt(
                                    Section.child(section.pathOf("headers"), key),
                                    () -> upstream.header(key, value.text())));
                    return upstream;
                })
                .flatMap(upstream -> section.attempt(section.pathOf("url"), () -> build.apply(upstream))));
    }

    private Optional<Target> target() {
        int before = section.problems();
        List.of("args", "env", "cwd").forEach(key -> section.refuse(key, "command"));
        Optional<URI> url = section.string("url").flatMap(this::url);
        Map<String, Value> headers = section.secrets("headers");
        boolean plaintext = section.bool("allowPlaintext").orElse(false);
        boolean host = section.bool("allowHost").orElse(false);
        return url.isEmpty() || section.problems() > before
                ? Optional.empty()
                : egress(url.get(), plaintext, host).map(guard -> new Target(url.get(), guard, headers));
    }

    /** Opens no more than the file says: http beyond this machine, or a host that turns out to be in a private network. */
    private Optional<EgressGuard> egress(URI url, boolean plaintext, boolean host) {
        EgressGuard.Builder guard = EgressGuard.builder(url);
        if (plaintext) {
            guard.allowPlaintext();
        }
        if (host) {
            section.attempt(section.pathOf("allowHost"), () -> guard.allowHost(url.getHost()));
        }
        try {
            return Optional.of(guard.build());
        } catch (IllegalArgumentException e) {
            // What the library calls allowPlaintext() is a key here.
            section.problem(
                    "url", String.valueOf(e.getMessage()).replace("allowPlaintext()", "\"allowPlaintext\": true"));
            return Optional.empty();
        }
    }

    private Optional<URI> url(Value value) {
        String shown = Masking.urls(value.raw());
        section.show(section.pathOf("url"), shown, value.source());
        try {
            URI url = new URI(value.text());
            if (url.getHost() != null && SCHEMES.contains(String.valueOf(url.getScheme()))) {
                return Optional.of(url);
            }
            section.problem("url", "found " + shown + "; expected http://… or https://… with a host");
        } catch (URISyntaxException e) {
            section.problem(
                    "url",
                    "found " + shown + ", which is no URL (" + e.getReason() + " at character " + (e.getIndex() + 1)
                            + "); expected http://… or https://… with a host");
        }
        return Optional.empty();
    }
}
