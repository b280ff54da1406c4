package io.sallyport.gateway.internal;

import static java.util.Objects.requireNonNull;

import io.sallyport.upstream.Upstream;
import java.util.Optional;

/** An upstream that is what another one is, but for what is said and heard in its sessions. */
abstract class UpstreamWrapper implements Upstream {

    private final Upstream upstream;

    UpstreamWrapper(Upstream upstream) {
        this.upstream = requireNonNull(upstream, "upstream");
    }

    final Upstream wrapped() {
        return upstream;
    }

    @Override
    public String name() {
        return upstream.name();
    }

    @Override
    public Optional<String> secretHost() {
        return upstream.secretHost();
    }

    @Override
    public boolean sharesSessions() {
        return upstream.sharesSessions();
    }

    @Override
    public boolean sessionPerClient() {
        return upstream.sessionPerClient();
    }

    @Override
    public boolean tiesSessions() {
        return upstream.tiesSessions();
    }

    @Override
    public void reset() {
        upstream.reset();
    }

    @Override
    public void close() {
        upstream.close();
    }

    @Override
    public String toString() {
        return upstream.toString();
    }
}
