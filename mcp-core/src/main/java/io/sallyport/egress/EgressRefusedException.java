package io.sallyport.egress;

import static java.util.Objects.requireNonNull;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A connection that the {@link EgressGuard} does not let an upstream make. The message is for operators: it names the
 * host, the address, the rule and the remedy. None of it may reach a client, to whom addresses tell how the network
 * behind the gateway looks; user info, paths and queries of a URL are never in it.
 *
 * <p>An {@link UnknownHostException}, because that is all that the resolver hook of an HTTP client may throw, and
 * because clients do not retry it: a refusal stays one.
 */
public final class EgressRefusedException extends UnknownHostException {

    private static final long serialVersionUID = 1L;

    private static final int LONGEST_QUOTE = 100;

    private final String host;
    private final @Nullable InetAddress address;
    private final String rule;
    private final String remedy;

    EgressRefusedException(String host, @Nullable InetAddress address, String rule, String remedy) {
        super("connection to " + quote(host) + " refused by the egress guard: " + rule + "; " + remedy);
        this.host = requireNonNull(host, "host");
        this.address = address;
        this.rule = requireNonNull(rule, "rule");
        this.remedy = requireNonNull(remedy, "remedy");
    }

    /** Returns the host as it was asked for. It may come from an upstream, so it may hold anything: do not print it. */
    public String host() {
        return host;
    }

    /** Returns the address that was refused; empty if what is wrong is the URL, the spelling or the port. */
    public Optional<InetAddress> address() {
        return Optional.ofNullable(address);
    }

    /** Returns what was found and which rule that breaks. */
    public String rule() {
        return rule;
    }

    /** Returns what to configure if the connection is meant. */
    public String remedy() {
        return remedy;
    }

    /** Makes text of unknown origin fit for one line of a log: hosts come from redirects, too. */
    static String quote(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        int length = Math.min(text.length(), LONGEST_QUOTE);
        for (int i = 0; i < length; i++) {
            char c = text.charAt(i);
            if (c > ' ' && c < 0x7f && c != '"' && c != '\\') {
                quoted.append(c);
            } else {
                quoted.append(String.format("\\u%04x", (int) c));
            }
        }
        return quoted.append(length < text.length() ? "…\"" : "\"").toString();
    }
}
