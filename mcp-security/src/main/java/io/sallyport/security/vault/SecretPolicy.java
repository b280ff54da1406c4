package io.sallyport.security.vault;

import static java.util.Objects.requireNonNull;

import io.sallyport.spi.SecretResolver;
import io.sallyport.upstream.Upstream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.NavigableSet;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Where a secret may be used. By default nowhere: what is not named is not allowed, and there are no wildcards. Immutable.
 *
 * <pre>{@code
 * SecretPolicy.builder()
 *         .upstreams("github")
 *         .hosts("api.githubcopilot.example")
 *         .positions(SecretPolicy.Position.HEADER)
 *         .build()
 * }</pre>
 *
 * <p>A use must be allowed by upstream and position, and by host wherever there is one; only a child process has none.
 */
public final class SecretPolicy {

    /** How many upstreams, and how many hosts, a policy names at most. */
    public static final int MOST_NAMES = 64;

    private static final byte VERSION = 1;
    private static final int REDACTED_BIT = 0x80;
    private static final int MOST_HOST_CHARS = 260;

    private static final String CHANGED = "no policy of a secret: its bytes were changed, or are something else";

    private static final Pattern HOST =
            Pattern.compile("(?:[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?|\\[[0-9a-f:.]+])(?::[1-9][0-9]{0,4})?");

    /** Where a secret stands in what is sent. */
    public enum Position {
        /** In a header of each request to an upstream. */
        HEADER(SecretResolver.Use.HEADER, 1),
        /** In the environment of a child process, where other processes of the same user can read it. */
        ENVIRONMENT(SecretResolver.Use.ENVIRONMENT, 2),
        /** In an argument of a call. */
        ARGUMENT(SecretResolver.Use.ARGUMENT, 4);

        private final String word;
        private final int bit;

        Position(String word, int bit) {
            this.word = word;
            this.bit = bit;
        }
    }

    private final NavigableSet<String> upstreams;
    private final NavigableSet<String> hosts;
    private final Set<Position> positions;
    private final boolean redacted;

    private SecretPolicy(Builder builder) {
        upstreams = Collections.unmodifiableNavigableSet(new TreeSet<>(builder.upstreams));
        hosts = Collections.unmodifiableNavigableSet(new TreeSet<>(builder.hosts));
        positions = Collections.unmodifiableSet(EnumSet.copyOf(builder.positions));
        redacted = builder.redacted;
    }

    /** Begins a policy that allows nothing. */
    public static Builder builder() {
        return new Builder();
    }

    /** Returns the policy that allows nothing. */
    public static SecretPolicy nowhere() {
        return builder().build();
    }

    /** Returns the upstreams that it may be used for, in order. */
    public Set<String> upstreams() {
        return upstreams;
    }

    /** Returns the hosts that it may be sent to, in order. */
    public Set<String> hosts() {
        return hosts;
    }

    /** Returns where it may stand. */
    public Set<Position> positions() {
        return positions;
    }

    /** Returns whether it is taken out of what upstreams say; if so, it must have at least 8 characters. */
    public boolean isRedacted() {
        return redacted;
    }

    /** Returns the stable word for what forbids a use; empty if nothing does. */
    Optional<String> refusal(SecretResolver.Use use) {
        if (!upstreams.contains(use.upstream())) {
            return Optional.of("upstream_not_allowed");
        }
        if (positions.stream().noneMatch(position -> position.word.equals(use.position()))) {
            return Optional.of("position_not_allowed");
        }
        boolean reachesNoHost = use.host().isEmpty() && !use.position().equals(SecretResolver.Use.HEADER);
        boolean isAllowedHost = use.host().map(hosts::contains).orElse(reachesNoHost);
        return isAllowedHost ? Optional.empty() : Optional.of("host_not_allowed");
    }

    /**
     * Returns it as bytes, the same for equal policies: version, flags, the upstreams and the hosts in order, each list with
     * its count and each name with its length.
     */
    public byte[] encode() {
        int flags = redacted ? REDACTED_BIT : 0;
        for (Position position : positions) {
            flags |= position.bit;
        }
        ByteBuffer out = ByteBuffer.allocate(4 + 2 * MOST_NAMES * (2 + MOST_HOST_CHARS));
        out.put(VERSION).put((byte) flags);
        put(out, upstreams);
        put(out, hosts);
        byte[] encoded = new byte[out.position()];
        out.flip().get(encoded);
        return encoded;
    }

    private static void put(ByteBuffer out, NavigableSet<String> names) {
        out.put((byte) names.size());
        for (String name : names) {
            byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
            out.putShort((short) bytes.length).put(bytes);
        }
    }

    /**
     * Returns the policy that {@link #encode} has made bytes of.
     *
     * @throws IllegalArgumentException if they are anything else, of another version among that
     */
    public static SecretPolicy decode(byte[] encoded) {
        ByteBuffer in = ByteBuffer.wrap(requireNonNull(encoded, "encoded"));
        if (in.hasRemaining() && in.get(0) != VERSION) {
            throw new IllegalArgumentException(
                    "a policy of version " + in.get(0) + " is not known here, only " + VERSION + "; update this node");
        }
        SecretPolicy policy;
        try {
            policy = read(in);
        } catch (BufferUnderflowException | IllegalArgumentException e) {
            throw new IllegalArgumentException(CHANGED, e);
        }
        // Whatever else could be read as the same policy, such as another order, was not written here.
        if (!Arrays.equals(policy.encode(), encoded)) {
            throw new IllegalArgumentException(CHANGED);
        }
        return policy;
    }

    private static SecretPolicy read(ByteBuffer in) {
        in.get();
        int flags = in.get();
        Builder builder = builder();
        builder.redacted = (flags & REDACTED_BIT) != 0;
        for (Position position : Position.values()) {
            if ((flags & position.bit) != 0) {
                builder.positions(position);
            }
        }
        return builder.upstreams(names(in)).hosts(names(in)).build();
    }

    private static String[] names(ByteBuffer in) {
        List<String> names = new ArrayList<>();
        int count = in.get() & 0xFF;
        for (int i = 0; i < count; i++) {
            byte[] name = new byte[Math.min(in.getShort() & 0xFFFF, in.remaining() + 1)];
            in.get(name);
            names.add(new String(name, StandardCharsets.US_ASCII));
        }
        return names.toArray(String[]::new);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof SecretPolicy that
                && upstreams.equals(that.upstreams)
                && hosts.equals(that.hosts)
                && positions.equals(that.positions)
                && redacted == that.redacted;
    }

    @Override
    public int hashCode() {
        return Objects.hash(upstreams, hosts, positions, redacted);
    }

    @Override
    public String toString() {
        return "SecretPolicy[upstreams " + upstreams + ", hosts " + hosts + ", positions " + positions
                + (redacted ? ", redacted]" : ", not redacted]");
    }

    /** Puts a policy together. Confined to one thread. */
    public static final class Builder {

        private final NavigableSet<String> upstreams = new TreeSet<>();
        private final NavigableSet<String> hosts = new TreeSet<>();
        private final EnumSet<Position> positions = EnumSet.noneOf(Position.class);
        private boolean redacted = true;

        private Builder() {}

        /**
         * Allows upstreams, by name. Defaults to none.
         *
         * @throws IllegalArgumentException if one is no name of an upstream, or there are more than 64
         */
        public Builder upstreams(String... names) {
            for (String name : names) {
                add(upstreams, "upstreams", Upstream.requireValidName(name));
            }
            return this;
        }

        /**
         * Allows hosts: a name or an address (IPv6 in brackets) means {@code https:} on its own port; any other port, and
         * {@code http:} on whatever port, is named, as in {@code localhost:8080}. Defaults to none.
         *
         * @throws IllegalArgumentException if one is no host, or there are more than 64
         */
        public Builder hosts(String... names) {
            for (String name : names) {
                if (name.length() > MOST_HOST_CHARS || !HOST.matcher(name).matches() || hasWrongPort(name)) {
                    throw new IllegalArgumentException(
                            "a host is a name or an address in lower case, with a port unless "
                                    + "that is the one of https:, but was \"" + name
                                    + "\"; write it like api.example or "
                                    + "localhost:8080");
                }
                add(hosts, "hosts", name);
            }
            return this;
        }

        private static boolean hasWrongPort(String name) {
            int colon = name.lastIndexOf(':');
            if (colon < name.lastIndexOf(']') || colon < 0) {
                return false;
            }
            int port = Integer.parseInt(name.substring(colon + 1));
            // Nothing would ever be sent to a host that is written so.
            return port > 65_535 || port == 443;
        }

        private static void add(Set<String> names, String what, String name) {
            if (names.size() == MOST_NAMES && !names.contains(name)) {
                throw new IllegalArgumentException("a policy names at most " + MOST_NAMES + " " + what + ", and \""
                        + name + "\" would be one more; use another secret for it");
            }
            names.add(name);
        }

        /** Allows positions. Defaults to none. */
        public Builder positions(Position... more) {
            positions.addAll(List.of(more));
            return this;
        }

        /**
         * Leaves the secret in what upstreams say, which a value of less than 8 characters needs: so short a one would be
         * found in ordinary text. By default secrets are taken out.
         */
        public Builder notRedacted() {
            redacted = false;
            return this;
        }

        /** Returns the policy. */
        public SecretPolicy build() {
            return new SecretPolicy(this);
        }
    }
}
