package io.sallyport.upstream.http;

import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * Decides as another trust manager does, and says what an operator has to know of a refusal: the chain that was
 * presented, which rule it failed, and against which anchors. Those who get only "PKIX path building failed" switch
 * certificate checks off.
 */
final class ExplainingTrustManager extends X509ExtendedTrustManager {

    private static final int MAX_CERTIFICATES = 5;
    private static final int MAX_NAME_CHARS = 200;

    /** Carries the explanation. */
    static final class UntrustedException extends CertificateException {

        private static final long serialVersionUID = 1L;

        UntrustedException(String explanation, CertificateException cause) {
            super(explanation, cause);
        }
    }

    private final X509ExtendedTrustManager decides;
    private final String trusted;

    ExplainingTrustManager(X509ExtendedTrustManager decides, String trusted) {
        this.decides = decides;
        this.trusted = trusted;
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        try {
            decides.checkServerTrusted(chain, authType, engine);
        } catch (CertificateException refused) {
            throw new UntrustedException(explain(chain, refused), refused);
        }
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        try {
            decides.checkServerTrusted(chain, authType, socket);
        } catch (CertificateException refused) {
            throw new UntrustedException(explain(chain, refused), refused);
        }
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        try {
            decides.checkServerTrusted(chain, authType);
        } catch (CertificateException refused) {
            throw new UntrustedException(explain(chain, refused), refused);
        }
    }

    private String explain(X509Certificate[] chain, CertificateException refused) {
        StringBuilder text = new StringBuilder(rule(chain, refused))
                .append("; checked against ")
                .append(trusted);
        for (int i = 0; i < Math.min(chain.length, MAX_CERTIFICATES); i++) {
            X509Certificate certificate = chain[i];
            text.append("; certificate ")
                    .append(i + 1)
                    .append(" of ")
                    .append(chain.length)
                    .append(": subject ")
                    .append(name(certificate.getSubjectX500Principal().getName()))
                    .append(", issuer ")
                    .append(name(certificate.getIssuerX500Principal().getName()))
                    .append(", valid until ")
                    .append(certificate.getNotAfter().toInstant());
        }
        return text.toString();
    }

    private static String rule(X509Certificate[] chain, CertificateException refused) {
        for (Throwable cause = refused; cause != null; cause = cause.getCause()) {
            if (cause instanceof CertificateExpiredException) {
                return "a certificate has expired";
            }
            if (cause instanceof CertificateNotYetValidException) {
                return "a certificate is not valid yet";
            }
        }
        boolean isSelfSigned =
                chain.length == 1 && chain[0].getSubjectX500Principal().equals(chain[0].getIssuerX500Principal());
        return isSelfSigned
                ? "the certificate is self-signed and not among the trust anchors"
                : "no path from the certificate to a trust anchor (" + refused.getMessage() + ")";
    }

    /** The peer chose it; in a log it stays one line of bounded length. */
    private static String name(String distinguishedName) {
        String line = distinguishedName.replaceAll("[^\\x20-\\x7E]", "?");
        return line.length() <= MAX_NAME_CHARS ? line : line.substring(0, MAX_NAME_CHARS) + "…";
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        decides.checkClientTrusted(chain, authType, engine);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        decides.checkClientTrusted(chain, authType, socket);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        decides.checkClientTrusted(chain, authType);
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return decides.getAcceptedIssuers();
    }
}
