package io.sallyport.upstream.sdk;

import io.modelcontextprotocol.client.transport.McpHttpClientTransportAuthorizationException;
import io.modelcontextprotocol.spec.McpTransportException;
import io.modelcontextprotocol.spec.McpTransportSessionNotFoundException;
import io.sallyport.upstream.UpstreamException;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamFailure.Kind;
import java.io.IOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.net.http.HttpConnectTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;

/** What the exceptions of the SDK's transports mean. */
final class SdkFaults {

    /** The SDK has no exception of its own for a status; it says {@code HTTP code: 404} and the like. */
    private static final Pattern STATUS = Pattern.compile("(?:code|status|stream)\\D{0,10}(\\d{3})\\b");

    private static final int MAX_DETAIL_CHARS = 300;

    private static final List<Class<? extends Throwable>> NEVER_CONNECTED = List.of(
            ConnectException.class,
            HttpConnectTimeoutException.class,
            UnknownHostException.class,
            UnresolvedAddressException.class,
            SSLException.class);

    private SdkFaults() {}

    static UpstreamException exception(Throwable thrown) {
        return new UpstreamException(failure(thrown));
    }

    static boolean isSessionLost(Throwable thrown) {
        return has(thrown, McpTransportSessionNotFoundException.class);
    }

    static UpstreamFailure failure(Throwable thrown) {
        String detail = detail(thrown);
        if (isSessionLost(thrown)) {
            return UpstreamFailure.notSent(Kind.SESSION_LOST, detail);
        }
        if (has(thrown, McpHttpClientTransportAuthorizationException.class)) {
            return UpstreamFailure.notSent(Kind.AUTH, detail);
        }
        if (NEVER_CONNECTED.stream().anyMatch(type -> has(thrown, type))) {
            return UpstreamFailure.notSent(Kind.UNREACHABLE, detail);
        }
        Optional<UpstreamFailure> refused = causes(thrown)
                .filter(McpTransportException.class::isInstance)
                .flatMap(cause -> status(cause).stream())
                .findFirst()
                .map(status -> refused(status, detail));
        if (refused.isPresent()) {
            return refused.get();
        }
        if (detail.toLowerCase(Locale.ROOT).contains("maximum allowed size")) {
            return UpstreamFailure.maybeExecuted(Kind.TOO_LARGE, detail);
        }
        boolean cut = has(thrown, IOException.class) && !has(thrown, McpTransportException.class);
        return UpstreamFailure.maybeExecuted(cut ? Kind.INTERRUPTED : Kind.PROTOCOL, detail);
    }

    /** The SDK puts whole bodies into it. */
    private static String detail(Throwable thrown) {
        String text = String.valueOf(thrown);
        return text.length() <= MAX_DETAIL_CHARS ? text : text.substring(0, MAX_DETAIL_CHARS) + "…";
    }

    private static UpstreamFailure refused(int status, String detail) {
        return switch (status) {
            case 401, 403 -> UpstreamFailure.notSent(Kind.AUTH, detail);
            // Where messages go to, this is how an upstream says that it does not know the session.
            case 404 -> UpstreamFailure.notSent(Kind.SESSION_LOST, detail);
            case 413 -> UpstreamFailure.notSent(Kind.TOO_LARGE, detail);
            case 429, 503 -> UpstreamFailure.notSent(Kind.OVERLOADED, detail);
            default -> new UpstreamFailure(Kind.PROTOCOL, detail, status >= 500);
        };
    }

    private static Optional<Integer> status(Throwable thrown) {
        Matcher matcher = STATUS.matcher(String.valueOf(thrown.getMessage()));
        return matcher.find() ? Optional.of(Integer.valueOf(matcher.group(1))) : Optional.empty();
    }

    private static boolean has(Throwable thrown, Class<? extends Throwable> type) {
        return causes(thrown).anyMatch(type::isInstance);
    }

    private static Stream<Throwable> causes(Throwable thrown) {
        // Bounded: somebody may have made a circle of them.
        return Stream.iterate(thrown, cause -> cause != null, Throwable::getCause)
                .limit(20);
    }
}
