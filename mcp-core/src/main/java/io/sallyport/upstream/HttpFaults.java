package io.sallyport.upstream;

import io.sallyport.upstream.UpstreamFailure.Kind;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.channels.UnresolvedAddressException;
import java.util.concurrent.RejectedExecutionException;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.apache.hc.core5.http.ConnectionClosedException;
import org.apache.hc.core5.http.HttpException;

/** Says in an operator's words why a connection failed, so that nobody has to guess between DNS, firewall and TLS. */
final class HttpFaults {

    private HttpFaults() {}

    /** Returns the failure of a look-up. */
    static UpstreamFailure lookUp(String host, Throwable cause) {
        if (cause instanceof RejectedExecutionException) {
            return UpstreamFailure.notSent(Kind.OVERLOADED, "no thread to look up " + host);
        }
        String detail = cause.getClass() == UnknownHostException.class
                ? "DNS: cannot resolve " + host + " (" + cause.getMessage() + ")"
                : "cannot connect to " + host + ": " + cause.getMessage();
        return UpstreamFailure.notSent(Kind.UNREACHABLE, detail);
    }

    /** Returns what kept a connection to one address from being made. */
    static String connect(String where, Exception cause) {
        if (cause instanceof SSLException tls) {
            return tls(where, tls);
        }
        if (cause instanceof SocketTimeoutException) {
            return "time-out: " + where + " did not accept a connection within " + cause.getMessage();
        }
        if (cause instanceof NoRouteToHostException) {
            return "no route to " + where;
        }
        if (cause instanceof ConnectException) {
            return "refused: " + where + " does not listen (" + cause.getMessage() + ")";
        }
        if (cause instanceof UnknownHostException || cause instanceof UnresolvedAddressException) {
            return "DNS: cannot resolve " + where;
        }
        return "cannot connect to " + where + ": " + cause;
    }

    private static String tls(String where, SSLException cause) {
        Throwable root = cause;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        if (cause instanceof SSLPeerUnverifiedException) {
            return "TLS: the certificate is not for this host: " + where + ": " + cause.getMessage();
        }
        if (root instanceof java.security.cert.CertificateException
                || root instanceof java.security.cert.CertPathValidatorException
                || root instanceof java.security.cert.CertPathBuilderException) {
            return "TLS: the certificate of " + where + " is not trusted: " + root.getMessage();
        }
        return "TLS: handshake with " + where + " failed: " + root.getMessage();
    }

    /** Returns the failure of an exchange whose connection stood. */
    static UpstreamFailure exchange(HttpEngine engine, Exception cause, HttpAttempt attempt) {
        String host = engine.host();
        if (!attempt.hasBegunRequest()) {
            return UpstreamFailure.notSent(
                    Kind.UNREACHABLE,
                    "the connection to " + host + " was closed before the request was sent: " + cause);
        }
        if (cause instanceof SSLException tls) {
            return UpstreamFailure.maybeExecuted(Kind.INTERRUPTED, tls(host, tls));
        }
        if (cause instanceof HttpException) {
            return UpstreamFailure.maybeExecuted(Kind.PROTOCOL, host + " does not speak HTTP: " + cause.getMessage());
        }
        String when = attempt.hasBegunAnswer() ? "in the middle of the answer" : "before an answer came";
        String what = cause instanceof ConnectionClosedException
                ? "closed the connection"
                : cause instanceof SocketException ? "reset the connection" : "broke the connection (" + cause + ")";
        return UpstreamFailure.maybeExecuted(Kind.INTERRUPTED, host + " " + what + " " + when);
    }
}
