package io.sallyport.sandbox.remote;

import static java.util.Objects.requireNonNull;

import io.sallyport.egress.EgressGuard;
import io.sallyport.sandbox.Gate;
import io.sallyport.sandbox.Language;
import io.sallyport.spi.ClusterBus;
import java.net.URI;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Puts a {@link MicrosandboxSandbox} together. Confined to one thread. */
public final class MicrosandboxBuilder {

    private static final Pattern NAMESPACE = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,62}");
    private static final int MOST_CPUS = 255;
    private static final long MEBIBYTE = 1024L * 1024;

    private final URI url;
    private final Map<Language, String> images = new EnumMap<>(Map.of(
            Language.PYTHON, "microsandbox/python",
            Language.JAVASCRIPT, "microsandbox/node",
            Language.SHELL, "microsandbox/python"));
    private @Nullable ApiKey key;
    private @Nullable String owner;
    private @Nullable String namespace;
    private @Nullable EgressGuard egress;
    private @Nullable ClusterBus bus;
    private int cpus = 1;
    private long baseMemoryBytes = 256 * MEBIBYTE;
    private int concurrency = 8;
    private Duration patience = Duration.ofSeconds(10);
    private Duration connectTimeout = Duration.ofSeconds(5);
    private Duration requestTimeout = Duration.ofSeconds(10);
    private Duration startTimeout = Duration.ofMinutes(3);
    private Duration executionTimeout = Duration.ofMinutes(5);
    private Duration lease = Duration.ofSeconds(30);

    MicrosandboxBuilder(URI url) {
        this.url = Urls.base(url);
    }

    /**
     * Sets who owns the machines: the stable name of this gateway, 1 to 22 of {@code a-z}, {@code 0-9} and {@code -}. What
     * bears this name and comes from an earlier life is stopped at the start. There is no default.
     *
     * <p>Without a {@link #clusterBus} no two gateways that live at the same time may have the same: each would stop the
     * other's machines when it starts.
     *
     * @throws IllegalArgumentException if that is no such name
     */
    public MicrosandboxBuilder owner(String owner) {
        new MachineNames(owner);
        this.owner = owner;
        return this;
    }

    /**
     * Sets what tells the lives of gateways that share an owner's name: what lives is left alone. Defaults to none. It is the
     * host's, who closes it.
     */
    public MicrosandboxBuilder clusterBus(ClusterBus bus) {
        this.bus = requireNonNull(bus, "bus");
        return this;
    }

    /**
     * Sets where the server's API key comes from. It is asked at each request, so that a key that was replaced is used from
     * then on; the array is cleared after use, and its text never logged. Defaults to none, for servers that run with {@code
     * --dev}.
     */
    public MicrosandboxBuilder apiKey(Supplier<char[]> source) {
        this.key = new ApiKey(requireNonNull(source, "source"), 1);
        return this;
    }

    /**
     * Sets the namespace, for servers that have those. Defaults to the owner's name. Give each gateway its own: the server
     * loses entries when two start machines in one at the same time.
     *
     * @throws IllegalArgumentException if it is not 1 to 63 letters, digits, {@code -} and {@code _}, the first a letter or
     *     digit
     */
    public MicrosandboxBuilder namespace(String namespace) {
        if (!NAMESPACE.matcher(namespace).matches()) {
            throw new IllegalArgumentException(
                    "namespace must be 1 to 63 letters, digits, - and _, the first a letter or digit, but was \""
                            + namespace + "\"");
        }
        this.namespace = namespace;
        return this;
    }

    /**
     * Sets the image of the machines for a language. Defaults to {@code microsandbox/python}, for commands, too, and {@code
     * microsandbox/node}. It needs {@code sh}, {@code mktemp}, {@code mkfifo}, {@code head}, {@code wc}, {@code tr}, {@code
     * base64}, and {@code python3} or {@code node} (16 or later).
     *
     * @throws IllegalArgumentException if it is empty
     */
    public MicrosandboxBuilder image(Language language, String image) {
        if (image.isBlank()) {
            throw new IllegalArgumentException("image must not be empty, but was \"" + image + "\"");
        }
        images.put(requireNonNull(language, "language"), image);
        return this;
    }

    /**
     * Sets how many processors a machine has. Defaults to 1.
     *
     * @throws IllegalArgumentException if it is not 1 to 255
     */
    public MicrosandboxBuilder cpus(int cpus) {
        if (cpus < 1 || cpus > MOST_CPUS) {
            throw new IllegalArgumentException("cpus must be 1 to " + MOST_CPUS + ", but was " + cpus);
        }
        this.cpus = cpus;
        return this;
    }

    /**
     * Sets how much memory a machine has beside what code may have: for its kernel and the interpreter. Defaults to 256 MiB.
     *
     * @throws IllegalArgumentException if it is less than 1 MiB, or more than 1 TiB
     */
    public MicrosandboxBuilder baseMemoryBytes(long bytes) {
        if (bytes < MEBIBYTE || bytes > MEBIBYTE * MEBIBYTE) {
            throw new IllegalArgumentException("baseMemoryBytes must be 1 MiB to 1 TiB, but was " + bytes);
        }
        this.baseMemoryBytes = bytes;
        return this;
    }

    /**
     * Sets how many machines there may be at once, those of sessions and those that are being stopped included. Defaults to 8.
     *
     * @throws IllegalArgumentException if it is not 1 to 1000
     */
    public MicrosandboxBuilder concurrency(int atMost) {
        if (atMost < 1 || atMost > 1000) {
            throw new IllegalArgumentException("concurrency must be 1 to 1000, but was " + atMost);
        }
        this.concurrency = atMost;
        return this;
    }

    /**
     * Sets how long code waits for others to end, when there are as many machines as may be. Defaults to 10 seconds.
     *
     * @throws IllegalArgumentException if it is negative, or more than 7 days
     */
    public MicrosandboxBuilder patience(Duration patience) {
        this.patience = Gate.patience(patience);
        return this;
    }

    /**
     * Sets how long it may take to connect. Defaults to 5 seconds.
     *
     * @throws IllegalArgumentException if it is not positive, or more than an hour
     */
    public MicrosandboxBuilder connectTimeout(Duration atMost) {
        this.connectTimeout = Urls.checked("connectTimeout", atMost);
        return this;
    }

    /**
     * Sets how long a request may take that neither starts a machine nor runs code, with all of its answer. Defaults to 10
     * seconds.
     *
     * @throws IllegalArgumentException if it is not positive, or more than an hour
     */
    public MicrosandboxBuilder requestTimeout(Duration atMost) {
        this.requestTimeout = Urls.checked("requestTimeout", atMost);
        return this;
    }

    /**
     * Sets how long it may take until a machine answers that is being started. Defaults to 3 minutes, for the server may have
     * to fetch the image. Code's own time begins then.
     *
     * @throws IllegalArgumentException if it is not positive, or more than an hour
     */
    public MicrosandboxBuilder startTimeout(Duration atMost) {
        this.startTimeout = Urls.checked("startTimeout", atMost);
        return this;
    }

    /**
     * Sets how long code may take at the most, whatever its limits say. Defaults to 5 minutes.
     *
     * @throws IllegalArgumentException if it is not positive, or more than an hour
     */
    public MicrosandboxBuilder executionTimeout(Duration atMost) {
        this.executionTimeout = Urls.checked("executionTimeout", atMost);
        return this;
    }

    /** Sets how long this life counts on the bus without a word of it; at least 3 ms. For tests, which have less time. */
    MicrosandboxBuilder lease(Duration lease) {
        this.lease = lease;
        return this;
    }

    /**
     * Sets where connections may lead. Defaults to the server's URL: written-out loopback and private addresses, and names on
     * the internet over TLS. Other names, and plain HTTP beyond this machine, have to be allowed by name.
     */
    public MicrosandboxBuilder egress(EgressGuard guard) {
        this.egress = requireNonNull(guard, "guard");
        return this;
    }

    /**
     * Returns the sandbox. Asks the server for the machines of this owner, with the key; if it does not answer that, {@link
     * MicrosandboxSandbox#capabilities()} says why, and it is asked again until it does.
     *
     * @throws IllegalStateException if there is no owner
     * @throws IllegalArgumentException if the URL is refused; the message says why and what to do
     * @throws InterruptedException if the thread was interrupted
     */
    public MicrosandboxSandbox build() throws InterruptedException {
        if (owner == null) {
            throw new IllegalStateException("owner is missing: whose the machines are, such as the gateway's name");
        }
        MicrosandboxSandbox sandbox = new MicrosandboxSandbox(this);
        try {
            sandbox.begin();
            return sandbox;
        } catch (InterruptedException | RuntimeException e) {
            sandbox.close();
            throw e;
        }
    }

    MicrosandboxSettings settings() {
        return new MicrosandboxSettings(
                namespace == null ? owner() : namespace,
                Map.copyOf(images),
                cpus,
                baseMemoryBytes,
                concurrency,
                patience,
                requestTimeout,
                startTimeout,
                executionTimeout);
    }

    URI url() {
        return url;
    }

    String owner() {
        return requireNonNull(owner, "owner");
    }

    Optional<ApiKey> key() {
        return Optional.ofNullable(key);
    }

    Optional<ClusterBus> bus() {
        return Optional.ofNullable(bus);
    }

    Duration connectTimeout() {
        return connectTimeout;
    }

    Duration lease() {
        return lease;
    }

    EgressGuard guard() {
        return egress == null ? EgressGuard.of(url) : egress;
    }
}
