package io.sallyport.egress;

import static java.util.Objects.requireNonNull;

import io.sallyport.egress.SpecialPurposeAddresses.Finding;
import io.sallyport.egress.SpecialPurposeAddresses.Reach;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Decides where the connections of one upstream may go: by default to hosts on the internet, over TLS, on port 443.
 * Without it, whoever can put a URL or a DNS answer before the gateway reaches its neighbours, itself and the cloud's
 * metadata service with it.
 *
 * <p>A connection passes three doors, and whoever makes one uses all of them:
 *
 * <ol>
 *   <li>{@link #check(URI)} for the configured URL and for the target of each redirect, before anything is looked up;
 *   <li>{@link #resolve(String, int)} as the HTTP client's only resolver: the name is looked up once, all of its
 *       addresses are judged, and the client connects to these very addresses, so that an answer cannot change between
 *       check and use. Nothing is remembered: the next attempt looks up and judges anew;
 *   <li>{@link #check(String, SocketAddress)} when the connection stands and before anything is sent, for whatever goes
 *       around the resolver: a proxy, a socket factory, an address that was set beside the name.
 * </ol>
 *
 * <p>What is refused unless named: every address that the registries of IANA reserve for a special purpose, also when an
 * IPv6 address merely carries it (mapped, 6to4, Teredo, NAT64, ISATAP); a name of which <em>any</em> address is one;
 * addresses in unusual spellings, always.
 *
 * <p>Exceptions are named, and each opens as little as its name says:
 *
 * <ul>
 *   <li>The configured URL itself. A loopback or private address that the operator wrote there, or {@code localhost},
 *       is meant, for exactly that host and port. A <em>name</em> that turns out to be private is not: whoever answers
 *       for the name chose that, not the operator.
 *   <li>{@link Builder#allowHost}: loopback and private addresses under one name.
 *   <li>{@link Builder#allowAddresses}: a range, under any name, and the only way to link-local, metadata services and
 *       other ranges in which no service is expected.
 * </ul>
 *
 * <p>Plain {@code http} is accepted for loopback only, because elsewhere it shows the upstream's credentials to the
 * network, and a private network is no exception to that; {@link Builder#allowPlaintext} is the way to accept it. Ports
 * are 443, 80 and the configured URL's own, which serves most upstreams and keeps redirects away from databases and
 * mail servers. With an HTTP proxy it is the proxy whose address is judged here; the proxy decides about the rest.
 *
 * <p>Immutable and thread-safe, as long as its {@link HostResolver} is.
 */
public final class EgressGuard {

    private static final Set<Integer> STANDARD_PORTS = Set.of(443, 80);
    private static final int HIGHEST_PORT = 65_535;
    private static final int ANY_PORT = -1;

    private final HostResolver resolver;
    private final Set<String> hosts;
    private final List<AddressRange> addresses;
    private final Set<Integer> ports;
    private final boolean plaintext;
    private final @Nullable Named named;

    /** The host and port of the configured URL, where they are a local address that was written out. */
    private record Named(String key, int port) {}

    private EgressGuard(Builder builder, @Nullable TargetUrl configured) {
        resolver = builder.resolver;
        hosts = Set.copyOf(builder.hosts);
        addresses = List.copyOf(builder.addresses);
        plaintext = builder.plaintext;
        Set<Integer> allowedPorts = new HashSet<>(builder.ports);
        allowedPorts.addAll(STANDARD_PORTS);
        if (configured == null) {
            named = null;
        } else {
            allowedPorts.add(configured.port());
            TargetHost host = configured.host();
            boolean written = host.isLocalhost() || host.address().isPresent();
            named = written ? new Named(host.key(), configured.port()) : null;
        }
        ports = Set.copyOf(allowedPorts);
    }

    /** Returns a guard without exceptions: nothing but hosts on the internet. */
    public static EgressGuard strict() {
        return builder().build();
    }

    /**
     * Returns the guard for an upstream at a configured URL, without further exceptions.
     *
     * @throws IllegalArgumentException if the URL itself is refused; the message says why and what to do
     */
    public static EgressGuard of(URI configuredUrl) {
        return builder(configuredUrl).build();
    }

    /** Returns a builder for connections that no configured URL names, such as those to discovered endpoints. */
    public static Builder builder() {
        return new Builder(null);
    }

    /** Returns a builder for an upstream at a URL that the operator wrote into the configuration. */
    public static Builder builder(URI configuredUrl) {
        return new Builder(requireNonNull(configuredUrl, "configuredUrl"));
    }

    /**
     * Looks a host up and returns its addresses if all of them may be connected to on this port.
     *
     * @param host a name or an address, as it stands in a URL or without the brackets
     * @throws EgressRefusedException if the spelling, the port or one of the addresses is refused
     * @throws UnknownHostException if the name has no address
     */
    public InetAddress[] resolve(String host, int port) throws UnknownHostException {
        TargetHost target = TargetHost.parse(host);
        checkPort(target, port);
        return lookUp(target, port);
    }

    /**
     * As {@link #resolve(String, int)}, for HTTP clients that do not tell their resolver the port; {@link #check(String,
     * SocketAddress)} has to be called in this case, for it knows the port.
     */
    public InetAddress[] resolve(String host) throws UnknownHostException {
        return lookUp(TargetHost.parse(host), ANY_PORT);
    }

    /**
     * Checks where a new connection leads, before anything is sent through it.
     *
     * @param host the host that the connection was made for
     * @param connected the remote end as the connection tells it; what is no IP address is refused
     */
    public void check(String host, @Nullable SocketAddress connected) throws EgressRefusedException {
        TargetHost target = TargetHost.parse(host);
        if (!(connected instanceof InetSocketAddress remote) || remote.isUnresolved()) {
            throw new EgressRefusedException(
                    host, null, "the connection does not tell its remote address", "connect through TCP");
        }
        InetAddress address = remote.getAddress();
        if (target.isAddress(literal -> !literal.equals(address))) {
            throw new EgressRefusedException(
                    host,
                    address,
                    "the connection leads to " + AddressRange.text(address.getAddress()) + " instead",
                    "look for a proxy or a socket factory between here and there");
        }
        checkPort(target, remote.getPort());
        checkAddress(target, remote.getPort(), address);
    }

    /**
     * Checks what can be told of a URL without looking its host up. A URL that passes may still be refused by {@link
     * #resolve(String, int)}.
     */
    public void check(URI url) throws EgressRefusedException {
        check(TargetUrl.parse(url));
    }

    private void check(TargetUrl url) throws EgressRefusedException {
        TargetHost target = url.host();
        checkPort(target, url.port());
        if (target.address().isPresent()) {
            checkAddress(target, url.port(), target.address().get());
        } else if (target.isLocalhost()) {
            checkAddress(target, url.port(), InetAddress.getLoopbackAddress());
        }
        if (url.plaintext() && !plaintext && !url.isLoopback()) {
            throw new EgressRefusedException(
                    target.text(),
                    null,
                    "plain http shows credentials to the network",
                    "use https, or name it with allowPlaintext() for this upstream if it is meant");
        }
    }

    /** Returns what is open, for operators. */
    @Override
    public String toString() {
        return "EgressGuard[url=" + (named == null ? "none" : named.key() + ":" + named.port()) + ", hosts="
                + new TreeSet<>(hosts) + ", addresses=" + addresses + ", ports=" + new TreeSet<>(ports) + ", plaintext="
                + plaintext + "]";
    }

    private InetAddress[] lookUp(TargetHost target, int port) throws UnknownHostException {
        // An address is not looked up: what a resolver answered to it would be somebody else's choice.
        InetAddress[] found = target.address().isPresent()
                ? new InetAddress[] {target.address().get()}
                : resolver.resolve(target.text()).clone();
        if (found.length == 0) {
            throw new UnknownHostException(target.text() + ": no address");
        }
        for (InetAddress address : found) {
            checkAddress(target, port, address);
        }
        return found;
    }

    private void checkPort(TargetHost target, int port) throws EgressRefusedException {
        if (!ports.contains(port)) {
            throw new EgressRefusedException(
                    target.text(),
                    null,
                    "port " + port + " is none of " + new TreeSet<>(ports),
                    "name it with allowPort(" + port + ") for this upstream if it is meant");
        }
    }

    private void checkAddress(TargetHost target, int port, InetAddress address) throws EgressRefusedException {
        byte[] bytes = address.getAddress();
        if (target.isLocalhost() && !address.isLoopbackAddress()) {
            // RFC 6761. Plain http is accepted for this name, so it must not lead out of the machine.
            throw new EgressRefusedException(
                    target.text(),
                    address,
                    "localhost resolved to " + AddressRange.text(bytes) + ", which is not this machine",
                    "correct the hosts file or the DNS of this machine");
        }
        for (Finding finding : SpecialPurposeAddresses.find(bytes)) {
            if (!isOpen(target, port, finding)) {
                throw refusal(target, address, finding);
            }
        }
    }

    private boolean isOpen(TargetHost target, int port, Finding finding) {
        for (AddressRange range : addresses) {
            // A range that is wider than the rule does not open it: 169.254.0.0/16 is not yet the metadata service.
            if (range.contains(finding.judged()) && finding.block().range().contains(range)) {
                return true;
            }
        }
        if (finding.block().reach() == Reach.OTHER) {
            return false;
        }
        return hosts.contains(target.key())
                || named != null && named.key().equals(target.key()) && (port == ANY_PORT || port == named.port());
    }

    private static EgressRefusedException refusal(TargetHost target, InetAddress address, Finding finding) {
        String text = AddressRange.text(address.getAddress());
        String judged = AddressRange.text(finding.judged());
        String rule =
                text + (finding.embedded() ? " carries " + judged + ", which is in " : " is in ") + finding.block();
        boolean local = finding.block().reach() != Reach.OTHER;
        String range = local ? finding.block().range().toString() : judged;
        String byHost = local && target.address().isEmpty() ? "allowHost(\"" + target.key() + "\") or " : "";
        return new EgressRefusedException(
                target.text(),
                address,
                rule,
                "name it with " + byHost + "allowAddresses(\"" + range + "\") for this upstream if it is meant");
    }

    /** Collects the exceptions for one upstream. Not thread-safe. */
    public static final class Builder {

        private final @Nullable URI configuredUrl;
        private final Set<String> hosts = new LinkedHashSet<>();
        private final List<AddressRange> addresses = new ArrayList<>();
        private final Set<Integer> ports = new LinkedHashSet<>();
        private HostResolver resolver = HostResolver.system();
        private boolean plaintext;

        private Builder(@Nullable URI configuredUrl) {
            this.configuredUrl = configuredUrl;
        }

        /** Lets one host name, however it is answered, lead to loopback and private addresses. Subdomains are others. */
        public Builder allowHost(String host) {
            try {
                TargetHost target = TargetHost.parse(host);
                if (target.address().isPresent()) {
                    throw new IllegalArgumentException(host + " is an address: name it with allowAddresses");
                }
                hosts.add(target.key());
                return this;
            } catch (EgressRefusedException e) {
                throw new IllegalArgumentException(
                        "expected a host name, but was " + EgressRefusedException.quote(host), e);
            }
        }

        /**
         * Lets any name lead into a range. The range must lie within one reserved block, so that it says what is meant:
         * {@code 0.0.0.0/0} opens nothing. Blocks within it that have a rule of their own stay closed.
         *
         * @param cidr a range such as {@code 10.20.0.0/16} or {@code fd00::/8}, or one address
         */
        public Builder allowAddresses(String cidr) {
            AddressRange range = AddressRange.parse(cidr);
            if (SpecialPurposeAddresses.holding(range).isEmpty()) {
                throw new IllegalArgumentException(
                        cidr + " lies within no reserved block: either it is open anyway, or it is wider than one");
            }
            addresses.add(range);
            return this;
        }

        /** Adds a port to 443, 80 and the configured URL's own. */
        public Builder allowPort(int port) {
            if (port < 1 || port > HIGHEST_PORT) {
                throw new IllegalArgumentException("a port is 1 to " + HIGHEST_PORT + ", but was " + port);
            }
            ports.add(port);
            return this;
        }

        /** Accepts {@code http} for every target of this upstream, not for loopback alone. */
        public Builder allowPlaintext() {
            this.plaintext = true;
            return this;
        }

        /** Sets where names are looked up. Defaults to {@link HostResolver#system()}. */
        public Builder resolver(HostResolver resolver) {
            this.resolver = requireNonNull(resolver, "resolver");
            return this;
        }

        /**
         * Returns the guard.
         *
         * @throws IllegalArgumentException if the configured URL is refused even so; the message says why and what to do
         */
        public EgressGuard build() {
            if (configuredUrl == null) {
                return new EgressGuard(this, null);
            }
            try {
                TargetUrl configured = TargetUrl.parse(configuredUrl);
                EgressGuard guard = new EgressGuard(this, configured);
                guard.check(configured);
                return guard;
            } catch (EgressRefusedException e) {
                throw new IllegalArgumentException(e.getMessage(), e);
            }
        }
    }
}
