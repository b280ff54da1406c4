package io.sallyport.upstream.http;

import io.sallyport.spi.SecretResolver;
import io.sallyport.upstream.UpstreamException;
import io.sallyport.upstream.internal.SecretTemplate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.message.BasicHeader;

/** The headers that an operator has set, which may hold references to secrets. Immutable. */
final class OperatorHeaders {

    private record Named(String name, SecretTemplate value) {}

    private final List<Named> all;

    private OperatorHeaders(List<Named> all) {
        this.all = List.copyOf(all);
    }

    static OperatorHeaders none() {
        return new OperatorHeaders(List.of());
    }

    /**
     * Returns these and another one.
     *
     * @throws IllegalArgumentException if an operator may not set it, or a reference in it is none
     */
    OperatorHeaders with(String name, String value) {
        HeaderRules.requireSettable(name, value);
        List<Named> more = new ArrayList<>(all);
        more.add(new Named(name, SecretTemplate.parse("header " + name, value)));
        return new OperatorHeaders(more);
    }

    boolean needSecrets() {
        return all.stream().anyMatch(header -> header.value().needsSecrets());
    }

    /**
     * Returns them as they are sent. May block if they need secrets.
     *
     * @param host where they are sent, see {@link HttpSettings#secretHost}
     * @throws UpstreamException if a secret has no value, or one that no header may hold
     */
    List<Header> resolve(SecretResolver secrets, String upstream, String host) {
        SecretResolver.Use use = new SecretResolver.Use(upstream, Optional.of(host), SecretResolver.Use.HEADER);
        List<Header> resolved = new ArrayList<>(all.size());
        for (Named header : all) {
            String value = header.value().resolve(secrets, use);
            if (!HeaderRules.isPrintable(value)) {
                // A line break in it would begin another header.
                throw header.value().unfit("holds characters that no header may hold");
            }
            resolved.add(new BasicHeader(header.name(), value, true));
        }
        return resolved;
    }

    /** Never a value. */
    @Override
    public String toString() {
        return "OperatorHeaders" + all.stream().map(Named::name).toList();
    }
}
