package io.sallyport.examples.gateway;

import io.sallyport.examples.gateway.Section.Value;
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
        if (url.isEmpty() || section.problems() > before) {
            return Optional.empty();
        }
        return section.attempt(section.pathOf("url"), () -> HttpUpstream.at(name, url.get()))
                .map(upstream -> complete(upstream, headers));
    }

    private Upstream complete(HttpUpstream.Builder upstream, Map<String, Value> headers) {
        headers.forEach((header, value) -> section.attempt(
                Section.child(section.pathOf("headers"), header), () -> upstream.header(header, value.text())));
        return upstream.build();
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
