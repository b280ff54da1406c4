package io.sallyport.gateway;

import io.sallyport.gateway.internal.UpstreamHealth;
import io.sallyport.upstream.UpstreamFailure;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;

/**
 * How an upstream is, for operators: the problem may name hosts and addresses.
 *
 * @param name its name
 * @param state {@code connecting}, {@code ready}, {@code down}, {@code quarantined} or {@code closed}
 * @param since when it came into this state, by the machine's clock
 * @param problem what went wrong last, if it is not well
 * @param attempts how many tries to connect have failed in a row
 * @param retryIn how long it is until the next try, if it is not connected
 * @param remedy what can be done about the problem, beside waiting
 */
public record UpstreamStatus(
        String name,
        String state,
        Instant since,
        Optional<String> problem,
        int attempts,
        Optional<Duration> retryIn,
        Optional<String> remedy) {

    static UpstreamStatus of(String name, UpstreamHealth health) {
        boolean isQuarantined = health.lastFailure()
                .filter(failure -> failure.kind() == UpstreamFailure.Kind.QUARANTINED)
                .isPresent();
        return new UpstreamStatus(
                name,
                isQuarantined ? "quarantined" : health.state().name().toLowerCase(Locale.ROOT),
                health.since(),
                health.lastFailure().map(failure -> failure.kind() + ": " + failure.detail()),
                health.failures(),
                health.retryIn(),
                health.lastFailure().map(failure -> remedy(failure.kind())));
    }

    private static String remedy(UpstreamFailure.Kind problem) {
        return switch (problem) {
            case UNREACHABLE, INTERRUPTED ->
                "See that it runs, and can be reached from here under the name that is configured.";
            case AUTH -> "Renew the credentials that it is sent.";
            case SECRET -> "Set the secret, or allow its use for this upstream.";
            case PROTOCOL -> "See that the URL or command is that of an MCP server.";
            case TOO_LARGE -> "See what it sends; the limits for upstreams can be raised.";
            case SESSION_LOST -> "Nothing: another session is opened.";
            case OVERLOADED -> "Give it, or the gateway, more room; see what keeps it busy.";
            case QUARANTINED -> "Mend what ends its processes, then reset the upstream.";
            case INTERNAL -> "Look for the record in the log, and report it.";
        };
    }
}
