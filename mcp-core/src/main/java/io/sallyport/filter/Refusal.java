package io.sallyport.filter;

import static java.util.Objects.requireNonNull;

import io.sallyport.protocol.ErrorCodes;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Why a request is not carried out, in a form that clients can act on: it becomes a JSON-RPC error whose {@code data}
 * carries {@code code, component, cause, retryable, retryAfterMs, remedy, correlationId}. Immutable.
 *
 * <p>All texts go to the client; host names, addresses and secrets do not belong into them.
 */
public final class Refusal {

    /** The kinds of refusals: one table of words, codes and statuses. */
    public enum Kind {
        /** No credential, or none that holds. */
        UNAUTHENTICATED("unauthenticated", ErrorCodes.UNAUTHENTICATED, 401, false),
        /** Refused by authorization or policy. */
        FORBIDDEN("forbidden", ErrorCodes.FORBIDDEN, 403, false),
        /** Refused by a rate limit. */
        RATE_LIMITED("rate_limited", ErrorCodes.RATE_LIMITED, 429, true),
        /** No room in this gateway just now. */
        OVERLOADED("overloaded", ErrorCodes.OVERLOADED, 503, true),
        /** The gateway ends, or a store that it needs is not there. */
        UNAVAILABLE("unavailable", ErrorCodes.OVERLOADED, 503, true),
        /** The upstream cannot be reached. */
        UPSTREAM_UNAVAILABLE("upstream_unavailable", ErrorCodes.UPSTREAM_UNAVAILABLE, 200, true),
        /** The upstream has no room for more, or the gateway has none left for it. */
        UPSTREAM_OVERLOADED("upstream_overloaded", ErrorCodes.OVERLOADED, 200, true),
        /** The upstream answered something that is no MCP. */
        UPSTREAM_PROTOCOL("upstream_protocol", ErrorCodes.UPSTREAM_UNAVAILABLE, 200, false),
        /** The upstream refused our credentials. */
        UPSTREAM_AUTH("upstream_auth", ErrorCodes.UPSTREAM_UNAVAILABLE, 200, false),
        /** A secret that the upstream needs has no value, or may not be used there. */
        SECRET_UNAVAILABLE("secret_unavailable", ErrorCodes.UPSTREAM_UNAVAILABLE, 200, false),
        /** The upstream lost the state that the call relied on. */
        UPSTREAM_STATE_LOST("upstream_state_lost", ErrorCodes.UPSTREAM_STATE_LOST, 200, true),
        /** The call may or may not have been carried out. */
        OUTCOME_UNKNOWN("outcome_unknown", ErrorCodes.OUTCOME_UNKNOWN, 200, false),
        /** The time allowed is over. */
        DEADLINE_EXCEEDED("deadline_exceeded", ErrorCodes.DEADLINE_EXCEEDED, 200, false),
        /** The session is unknown here, or has ended (legacy). */
        SESSION_NOT_FOUND("session_not_found", ErrorCodes.SESSION_NOT_FOUND, 404, false),
        /** A fault of the gateway. */
        INTERNAL("internal", ErrorCodes.INTERNAL_ERROR, 200, false);

        private final String word;
        private final int code;
        private final int status;
        private final boolean retryable;

        Kind(String word, int code, int status, boolean retryable) {
            this.word = word;
            this.code = code;
            this.status = status;
            this.retryable = retryable;
        }

        /** Returns the stable word, which has a heading in the runbook. */
        public String word() {
            return word;
        }

        /** Returns the JSON-RPC error code. */
        public int code() {
            return code;
        }

        /**
         * Returns the HTTP status while none has been sent; 200 where the endpoint itself is well and the client should
         * read the error in the body.
         */
        public int status() {
            return status;
        }

        /** Returns whether the same request may well be carried out later. */
        public boolean retryable() {
            return retryable;
        }
    }

    private static final Pattern HEADER_NAME = Pattern.compile("[A-Za-z0-9!#$%&'*+.^_`|~-]+");
    private static final Pattern HEADER_VALUE = Pattern.compile("[ -~]*");

    private final Kind kind;
    private final String component;
    private final String message;
    private final Optional<Duration> retryAfter;
    private final Optional<String> remedy;
    private final Map<String, String> headers;

    private Refusal(
            Kind kind,
            String component,
            String message,
            Optional<Duration> retryAfter,
            Optional<String> remedy,
            Map<String, String> headers) {
        this.kind = requireNonNull(kind, "kind");
        this.component = requireNonNull(component, "component");
        this.message = requireNonNull(message, "message");
        this.retryAfter = retryAfter;
        this.remedy = remedy;
        this.headers = headers;
    }

    /**
     * Returns a refusal.
     *
     * @param component what refuses: {@code gateway}, the name of a filter, the name of an upstream
     * @param message one sentence for the client
     */
    public static Refusal of(Kind kind, String component, String message) {
        return new Refusal(kind, component, message, Optional.empty(), Optional.empty(), Map.of());
    }

    /** Returns a refusal by policy, with one sentence for the client. */
    public static Refusal forbidden(String message) {
        return of(Kind.FORBIDDEN, "policy", message);
    }

    /** Returns a refusal by a rate limit that lets the client in again after so long. */
    public static Refusal rateLimited(String message, Duration retryAfter) {
        return of(Kind.RATE_LIMITED, "limits", message).retryAfter(retryAfter);
    }

    /** Returns this refusal with the time after which another try makes sense. */
    public Refusal retryAfter(Duration delay) {
        return new Refusal(kind, component, message, Optional.of(delay), remedy, headers);
    }

    /** Returns this refusal with what the client, or whoever runs it, can do about it. */
    public Refusal remedy(String text) {
        return new Refusal(kind, component, message, retryAfter, Optional.of(text), headers);
    }

    /**
     * Returns this refusal with a header for the HTTP answer, in the place of one of that name. It is sent if the refusal is
     * the whole answer, and not if it comes as an event of a stream. What the gateway says itself ({@code Content-Type},
     * {@code Retry-After}) goes before what is said here.
     *
     * @throws IllegalArgumentException if the name is none of a header, or the value has more than visible ASCII and spaces
     */
    public Refusal header(String name, String value) {
        if (!HEADER_NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("name must be one of a header, but was \"" + name + "\"");
        }
        if (!HEADER_VALUE.matcher(value).matches()) {
            throw new IllegalArgumentException(
                    "the value of " + name + " must have nothing but visible ASCII and spaces; encode what it says");
        }
        Map<String, String> more = new LinkedHashMap<>(headers);
        more.put(name, value);
        return new Refusal(kind, component, message, retryAfter, remedy, Collections.unmodifiableMap(more));
    }

    /** Returns the kind. */
    public Kind kind() {
        return kind;
    }

    /** Returns what refuses. */
    public String component() {
        return component;
    }

    /** Returns the sentence for the client. */
    public String message() {
        return message;
    }

    /** Returns the time after which another try makes sense, if it is known. */
    public Optional<Duration> retryAfter() {
        return retryAfter;
    }

    /** Returns what can be done about it, if something can. */
    public Optional<String> remedy() {
        return remedy;
    }

    /** Returns the headers for the HTTP answer, beside those that the gateway sets. */
    public Map<String, String> headers() {
        return headers;
    }

    @Override
    public String toString() {
        return "Refusal[" + kind.word() + " by " + component + ": " + message + "]";
    }
}
