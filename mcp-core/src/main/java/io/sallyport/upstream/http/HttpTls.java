package io.sallyport.upstream.http;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.apache.hc.client5.http.ssl.DefaultClientTlsStrategy;
import org.apache.hc.client5.http.ssl.DefaultHostnameVerifier;
import org.apache.hc.client5.http.ssl.HostnameVerificationPolicy;
import org.apache.hc.core5.http.nio.ssl.TlsStrategy;
import org.jspecify.annotations.Nullable;

/** Whom an upstream trusts and who it says it is. There is no way to trust everybody. Confined to one thread. */
final class HttpTls {

    private List<X509Certificate> anchors = List.of();
    private KeyManager @Nullable [] keys;

    boolean isConfigured() {
        return !anchors.isEmpty() || keys != null;
    }

    void trust(List<X509Certificate> certificates) {
        if (certificates.isEmpty()) {
            throw new IllegalArgumentException("no trust anchor was given");
        }
        anchors = List.copyOf(certificates);
    }

    /** Reads certificates from a file. */
    static List<X509Certificate> read(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            List<X509Certificate> certificates = new ArrayList<>();
            for (Certificate certificate :
                    CertificateFactory.getInstance("X.509").generateCertificates(in)) {
                certificates.add((X509Certificate) certificate);
            }
            return certificates;
        } catch (IOException | GeneralSecurityException e) {
            throw new IllegalArgumentException("cannot read certificates from " + file + ": " + e, e);
        }
    }

    void identify(KeyStore store, char[] password) {
        try {
            KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            factory.init(store, password);
            keys = factory.getKeyManagers();
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException("cannot use the client certificate: " + e.getMessage(), e);
        }
    }

    TlsStrategy strategy() {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys, new TrustManager[] {trustManager()}, null);
            return new DefaultClientTlsStrategy(
                    context, HostnameVerificationPolicy.CLIENT, new DefaultHostnameVerifier());
        } catch (IOException | GeneralSecurityException e) {
            throw new IllegalStateException("this Java runtime has no usable TLS: " + e, e);
        }
    }

    private TrustManager trustManager() throws GeneralSecurityException, IOException {
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(anchors.isEmpty() ? null : storeOf(anchors));
        for (TrustManager manager : factory.getTrustManagers()) {
            if (manager instanceof X509ExtendedTrustManager x509) {
                String trusted = anchors.isEmpty()
                        ? "the trust store of this Java runtime"
                        : "the " + anchors.size() + " trust anchor(s) configured for this upstream";
                return new ExplainingTrustManager(x509, trusted);
            }
        }
        throw new GeneralSecurityException("no X.509 trust manager");
    }

    private static KeyStore storeOf(List<X509Certificate> certificates) throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        for (int i = 0; i < certificates.size(); i++) {
            store.setCertificateEntry("anchor-" + i, certificates.get(i));
        }
        return store;
    }
}
