package io.sallyport.upstream.http;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.Optional;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import javax.security.auth.x500.X500Principal;

/**
 * A certificate authority that lives as long as a test. The JDK has no public way to make certificates, and starting its
 * {@code keytool} takes longer than all tests; the little DER that is needed is written here (RFC 5280, section 4.1).
 */
final class TestCertificates {

    static final char[] PASSWORD = "changeit".toCharArray();

    private static final String ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2";
    private static final String BASIC_CONSTRAINTS = "2.5.29.19";
    private static final String ALTERNATIVE_NAMES = "2.5.29.17";
    private static final byte[] TRUE = {1, 1, (byte) 0xFF};
    private static final DateTimeFormatter UTC_TIME = DateTimeFormatter.ofPattern("yyMMddHHmmss'Z'");

    private static final X500Principal AUTHORITY = new X500Principal("CN=Test Authority");

    private final KeyPair authorityKeys = keys();
    private final X509Certificate authority;

    TestCertificates() throws Exception {
        Instant now = Instant.now();
        authority = sign(AUTHORITY, authorityKeys, now, Optional.empty(), AUTHORITY, authorityKeys.getPrivate());
    }

    X509Certificate authority() {
        return authority;
    }

    String authorityPem() throws Exception {
        return "-----BEGIN CERTIFICATE-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(authority.getEncoded())
                + "\n-----END CERTIFICATE-----\n";
    }

    /** Returns a key with a certificate that the authority has signed, valid for a day from then on. */
    KeyStore issue(String subject, String host, Instant from) throws Exception {
        KeyPair keys = keys();
        X509Certificate certificate =
                sign(new X500Principal(subject), keys, from, Optional.of(host), AUTHORITY, authorityKeys.getPrivate());
        return store(keys, certificate, authority);
    }

    /** Returns a key with a certificate that nobody has signed but itself. */
    KeyStore selfSigned(String subject, String host) throws Exception {
        KeyPair keys = keys();
        X500Principal name = new X500Principal(subject);
        return store(keys, sign(name, keys, Instant.now(), Optional.of(host), name, keys.getPrivate()));
    }

    /** Returns what a server with this key needs; it trusts clients that the authority has signed. */
    SSLContext serverContext(KeyStore key) throws Exception {
        KeyManagerFactory keyManagers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keyManagers.init(key, PASSWORD);
        KeyStore anchors = emptyStore();
        anchors.setCertificateEntry("authority", authority);
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(anchors);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keyManagers.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }

    private static KeyPair keys() throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        return generator.generateKeyPair();
    }

    private static KeyStore emptyStore() throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        return store;
    }

    private static KeyStore store(KeyPair keys, Certificate... chain) throws Exception {
        KeyStore store = emptyStore();
        store.setKeyEntry("key", keys.getPrivate(), PASSWORD, chain);
        return store;
    }

    /** Makes a certificate for a host, or for an authority if there is none. */
    private static X509Certificate sign(
            X500Principal subject,
            KeyPair keys,
            Instant from,
            Optional<String> host,
            X500Principal issuer,
            PrivateKey issuerKey)
            throws Exception {
        byte[] algorithm = sequence(oid(ECDSA_WITH_SHA256));
        byte[] extension = host.isPresent()
                ? sequence(oid(ALTERNATIVE_NAMES), der(0x04, sequence(alternativeName(host.get()))))
                : sequence(oid(BASIC_CONSTRAINTS), TRUE, der(0x04, sequence(TRUE)));
        byte[] body = sequence(
                der(0xA0, der(0x02, new byte[] {2})),
                der(0x02, new BigInteger(63, new SecureRandom()).toByteArray()),
                algorithm,
                issuer.getEncoded(),
                sequence(time(from.minus(Duration.ofMinutes(1))), time(from.plus(Duration.ofDays(1)))),
                subject.getEncoded(),
                keys.getPublic().getEncoded(),
                der(0xA3, sequence(extension)));
        Signature signature = Signature.getInstance("SHA256withECDSA");
        signature.initSign(issuerKey);
        signature.update(body);
        byte[] whole = sequence(body, algorithm, der(0x03, new byte[] {0}, signature.sign()));
        return (X509Certificate)
                CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(whole));
    }

    private static byte[] alternativeName(String host) throws Exception {
        boolean isAddress = Character.isDigit(host.charAt(0));
        return isAddress
                ? der(0x87, InetAddress.getByName(host).getAddress())
                : der(0x82, host.getBytes(StandardCharsets.US_ASCII));
    }

    private static byte[] time(Instant instant) {
        return der(0x17, UTC_TIME.format(instant.atOffset(ZoneOffset.UTC)).getBytes(StandardCharsets.US_ASCII));
    }

    private static byte[] oid(String dotted) {
        String[] arcs = dotted.split("\\.");
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(Integer.parseInt(arcs[0]) * 40 + Integer.parseInt(arcs[1]));
        for (int i = 2; i < arcs.length; i++) {
            int arc = Integer.parseInt(arcs[i]);
            for (int shift = 28; shift > 0; shift -= 7) {
                if (arc >>> shift != 0) {
                    out.write(arc >>> shift & 0x7F | 0x80);
                }
            }
            out.write(arc & 0x7F);
        }
        return der(0x06, out.toByteArray());
    }

    private static byte[] sequence(byte[]... parts) {
        return der(0x30, parts);
    }

    private static byte[] der(int tag, byte[]... parts) {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            content.writeBytes(part);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(tag);
        int length = content.size();
        if (length < 0x80) {
            out.write(length);
        } else if (length < 0x100) {
            out.write(0x81);
            out.write(length);
        } else {
            out.write(0x82);
            out.write(length >> 8);
            out.write(length);
        }
        out.writeBytes(content.toByteArray());
        return out.toByteArray();
    }
}
