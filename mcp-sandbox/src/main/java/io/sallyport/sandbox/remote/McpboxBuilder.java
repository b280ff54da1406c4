package io.sallyport.sandbox.remote;

import static java.util.Objects.requireNonNull;

import io.sallyport.egress.EgressGuard;
import io.sallyport.sandbox.Gate;
import java.net.URI;
import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Puts a {@link McpboxSandbox} together. Confined to one thread. */
public final class McpboxBuilder {

    private final URI url;
    private final Supplier<char[]> key;
    private @Nullable EgressGuard egress;
    private int concurrency = 4;
    private Duration patience = Duration.ofSeconds(10);
    private Duration connectTimeout = Duration.ofSeconds(5);
    private Duration requestTimeout = Duration.ofSeconds(10);
    private Duration executionTimeout = Duration.ofMinutes(5);
    private Duration checkInterval = Duration.ofSeconds(10);

    McpboxBuilder(URI url, Supplier<char[]> key) {
        this.url = Urls.base(url);
        this.key = requireNonNull(key, "key");
    }

    /**
     * Sets how much code may run at once. Defaults to 4.
     *
     * @throws IllegalArgumentException if it is not 1 to 1000
     */
    public McpboxBuilder concurrency(int atMost) {
        if (atMost < 1 || atMost > 1000) {
            throw new IllegalArgumentException("concurrency must be 1 to 1000, but was " + atMost);
        }
        this.concurrency = atMost;
        return this;
    }

    /**
     * Sets how long code waits for others to end, when as much runs as may. Defaults to 10 seconds.
     *
     * @throws IllegalArgumentException if it is negative, or more than 7 days
     */
    public McpboxBuilder patience(Duration patience) {
        this.patience = Gate.patience(patience);
        return this;
    }

    /**
     * Sets how long it may take to connect. Defaults to 5 seconds.
     *
     * @throws IllegalArgumentException if it is not positive, or more than an hour
     */
    public McpboxBuilder connectTimeout(Duration atMost) {
        this.connectTimeout = Urls.checked("connectTimeout", atMost);
        return this;
    }

    /**
     * Sets how long a request may take that runs no code, with all of its answer. Defaults to 10 seconds.
     *
     * @throws IllegalArgumentException if it is not positive, or more than an hour
     */
    public McpboxBuilder requestTimeout(Duration atMost) {
        this.requestTimeout = Urls.checked("requestTimeout", atMost);
        return this;
    }

    /**
     * Sets how long code and tools may take at the most, whatever their limits say. Defaults to 5 minutes, which is also what
     * the service allows at the most.
     *
     * @throws IllegalArgumentException if it is not positive, or more than an hour
     */
    public McpboxBuilder executionTimeout(Duration atMost) {
        this.executionTimeout = Urls.checked("executionTimeout", atMost);
        return this;
    }

    /**
     * Sets how often the service is asked whether what was registered is still there. Defaults to 10 seconds.
     *
     * @throws IllegalArgumentException if it is not positive, or more than an hour
     */
    public McpboxBuilder checkInterval(Duration interval) {
        this.checkInterval = Urls.checked("checkInterval", interval);
        return this;
    }

    /**
     * Sets where connections may lead. Defaults to the service's URL: written-out loopback and private addresses, and names
     * on the internet over TLS. Other names, and plain HTTP beyond this machine, have to be allowed by name.
     */
    public McpboxBuilder egress(EgressGuard guard) {
        this.egress = requireNonNull(guard, "guard");
        return this;
    }

    /**
     * Returns the sandbox. Asks the service for its servers, with the key; if it does not answer that, {@link
     * McpboxSandbox#capabilities()} says why, and it is asked again until it does.
     *
     * @throws IllegalArgumentException if the URL is refused; the message says why and what to do
     * @throws InterruptedException if the thread was interrupted
     */
    public McpboxSandbox build() throws InterruptedException {
        McpboxSandbox sandbox = new McpboxSandbox(this);
        try {
            sandbox.begin();
            return sandbox;
        } catch (InterruptedException | RuntimeException e) {
            sandbox.close();
            throw e;
        }
    }

    URI url() {
        return url;
    }

    Supplier<char[]> key() {
        return key;
    }

    EgressGuard guard() {
        return egress == null ? EgressGuard.of(url) : egress;
    }

    int concurrency() {
        return concurrency;
    }

    Duration patience() {
        return patience;
    }

    Duration connectTimeout() {
        return connectTimeout;
    }

    Duration requestTimeout() {
        return requestTimeout;
    }

    Duration executionTimeout() {
        return executionTimeout;
    }

    Duration checkInterval() {
        return checkInterval;
    }
}
