package io.sallyport.examples.gateway;

import io.sallyport.examples.gateway.Section.Value;
import io.sallyport.upstream.EgressGuard;
import io.sallyport.upstream.HttpUpstream;
import io.sallyport.upstream.Upstream;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Makes an upstream of a server that the file gives a URL for. */
final class HttpReader {

    private static final List<String> SCHEMES = List.of("http", "https");

    private final String name;
    private final Section section;

    HttpReader(String name, Section section) {
        this.name = name;
        this.section = section;
    }

    /** Returns the upstream; nothing if there is a problem. */
    Optional<Upstream> read() {
        int before = section.problems();
        List.of("args", "env", "cwd").forEach(key -> section.refuse(key, "command"));
        Optional<URI> url = section.string("url").flatMap(this::url);
        Map<String, Value> headers = section.secrets("headers");
        boolean plaintext = section.bool("allowPlaintext").orElse(false);
        boolean host = section.bool("allowHost").orElse(false);
        if (url.isEmpty() || section.problems() > before) {
            return Optional.empty();
        }
        return egress(url.get(), plaintext, host)
                .flatMap(guard -> section.attempt(
                        section.pathOf("url"),
                        () -> HttpUpstream.at(name, url.get()).egress(guard)))
                .flatMap(upstream -> complete(upstream, headers));
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

    private Optional<Upstream> complete(HttpUpstream.Builder upstream, Map<String, Value> headers) {
        headers.forEach((header, value) -> section.attempt(
                Section.child(section.pathOf("headers"), header), () -> upstream.header(header, value.text())));
        return section.attempt(section.pathOf("url"), upstream::build);
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
