package io.sallyport.examples.gateway;

import io.modelcontextprotocol.client.transport.HttpClientSseClientTransport;
import io.sallyport.egress.EgressGuard;
import io.sallyport.examples.gateway.Section.Value;
import io.sallyport.upstream.Upstream;
import io.sallyport.upstream.http.HttpUpstream;
import io.sallyport.upstream.sdk.SdkTransportUpstream;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpRequest;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;

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
        return target().flatMap(target -> section.attempt(
                        section.pathOf("url"),
                        () -> HttpUpstream.at(name, target.url()).egress(target.egress()))
                .map(upstream -> {
                    setHeaders(target, upstream::header);
                    return upstream;
                })
                .flatMap(upstream -> section.attempt(section.pathOf("url"), upstream::build)));
    }

    /**
     * Returns an upstream for the transport of revision 2024-11-05, which the library leaves to the official SDK; nothing
     * if there is a problem.
     */
    @SuppressWarnings("deprecation") // The transport itself is; servers of it are still there.
    Optional<Upstream> readSse() {
        return target().map(target -> {
            HttpRequest.Builder request = HttpRequest.newBuilder();
            setHeaders(target, request::header);
            URI url = target.url();
            String server = url.getScheme() + "://" + url.getRawAuthority();
            String stream = url.toString().substring(server.length());
            return SdkTransportUpstream.of(
                    name,
                    () -> HttpClientSseClientTransport.builder(server)
                            .sseEndpoint(stream)
                            .requestBuilder(request.copy())
                            .build());
        });
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

    private void setHeaders(Target target, BiFunction<String, String, ?> header) {
        target.headers()
                .forEach((key, value) -> section.attempt(
                        Section.child(section.pathOf("headers"), key), () -> header.apply(key, value.text())));
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
