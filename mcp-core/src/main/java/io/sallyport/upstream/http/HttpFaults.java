package io.sallyport.upstream.http;

import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamFailure.Kind;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.apache.hc.core5.http.ConnectionClosedException;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.http.MessageConstraintException;

/** Says in an operator's words why a connection failed, so that nobody has to guess between DNS, firewall and TLS. */
final class HttpFaults {

    private HttpFaults() {}

    /** Returns the failure of a look-up. */
    static UpstreamFailure lookUp(String host, Throwable cause) {
        if (cause instanceof RejectedExecutionException) {
            return UpstreamFailure.notSent(Kind.OVERLOADED, "there is no thread to look up " + host);
        }
        // A refusal of the egress guard is one of its subclasses, and says so itself.
        String detail = cause.getClass() == UnknownHostException.class
                ? "DNS: cannot resolve " + host + " (" + cause.getMessage() + ")"
                : String.valueOf(cause.getMessage());
        return UpstreamFailure.notSent(Kind.UNREACHABLE, detail);
    }

    /** Returns what kept a connection to one address from being made. */
    static String connect(String where, Exception cause, Duration limit) {
        if (cause instanceof SSLException tls) {
            return "TLS: " + where + ": " + tls(tls);
        }
        if (cause instanceof SocketTimeoutException) {
            return "time-out: " + where + " did not accept a connection, or not agree on TLS, within "
                    + limit.toMillis() + " ms";
        }
        if (cause instanceof NoRouteToHostException) {
            return "no route to " + where;
        }
        if (cause instanceof ConnectException) {
            return "refused: nothing listens at " + where;
        }
        return "cannot connect to " + where + ": " + cause;
    }

    private static String tls(SSLException failure) {
        Throwable root = failure;
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof ExplainingTrustManager.UntrustedException untrusted) {
                return "the certificate is not trusted: " + untrusted.getMessage();
            }
            root = cause;
        }
        String message = String.valueOf(root.getMessage());
        if (failure instanceof SSLPeerUnverifiedException) {
            return "the certificate is for another host: " + message;
        }
        return explain(message) + " (" + message + ")";
    }

    private static String explain(String message) {
        if (message.contains("plaintext connection") || message.contains("Unsupported or unrecognized SSL message")) {
            return "there is no TLS at this port";
        }
        if (message.contains("protocol_version") || message.contains("protocols are disabled")) {
            return "no version of TLS in common";
        }
        if (wantsCertificate(message)) {
            return "the client certificate is missing or not accepted";
        }
        if (message.contains("handshake_failure")) {
            return "no cipher in common, or a client certificate is missing";
        }
        if (message.contains("unrecognized_name")) {
            return "the server does not know the host name (SNI)";
        }
        if (message.contains("no_application_protocol")) {
            return "the server does not speak HTTP/1.1 (ALPN)";
        }
        return "the handshake failed";
    }

    private static boolean wantsCertificate(String message) {
        return message.contains("certificate_required")
                || message.contains("bad_certificate")
                || message.contains("certificate_unknown")
                || message.contains("unknown_ca");
    }

    /** Returns the failure of an exchange whose connection stood. */
    static UpstreamFailure exchange(HttpSettings settings, Exception cause, HttpAttempt attempt) {
        String host = settings.host();
        if (cause instanceof SSLException tls) {
            // With TLS 1.3 a server looks at the client's certificate after the client has begun to send.
            boolean isRefused = !attempt.hasBegunRequest()
                    || !attempt.hasBegunAnswer() && wantsCertificate(String.valueOf(tls.getMessage()));
            String detail = "TLS: " + host + ": " + tls(tls);
            return isRefused
                    ? UpstreamFailure.notSent(Kind.UNREACHABLE, detail)
                    : UpstreamFailure.maybeExecuted(Kind.INTERRUPTED, detail);
        }
        if (!attempt.hasBegunRequest()) {
            return UpstreamFailure.notSent(
                    Kind.UNREACHABLE,
                    settings.isTls()
                            ? "TLS: " + host
                                    + " closed the connection during the handshake: there is no TLS at this port, or"
                                    + " no version or cipher in common"
                            : "the connection to " + host + " was closed before the request was sent");
        }
        if (cause instanceof MessageConstraintException) {
            return UpstreamFailure.maybeExecuted(
                    Kind.TOO_LARGE, "the headers of the answer are larger than allowed: " + cause.getMessage());
        }
        if (cause instanceof HttpException) {
            return UpstreamFailure.maybeExecuted(Kind.PROTOCOL, host + " does not speak HTTP: " + cause.getMessage());
        }
        String when = attempt.hasBegunAnswer() ? "in the middle of the answer" : "before an answer came";
        String what = cause instanceof ConnectionClosedException
                ? "closed the connection"
                : cause instanceof SocketException
                                || String.valueOf(cause.getMessage()).contains("reset")
                        ? "reset the connection"
                        : "broke the connection (" + cause + ")";
        return UpstreamFailure.maybeExecuted(Kind.INTERRUPTED, host + " " + what + " " + when);
    }
}
