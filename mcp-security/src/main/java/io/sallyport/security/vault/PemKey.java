package io.sallyport.security.vault;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import org.bouncycastle.asn1.ASN1BitString;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.ASN1TaggedObject;
import org.bouncycastle.asn1.BERTags;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.pkcs.RSAPrivateKey;
import org.bouncycastle.asn1.sec.ECPrivateKey;
import org.bouncycastle.asn1.x9.ECNamedCurveTable;
import org.bouncycastle.asn1.x9.X962Parameters;
import org.bouncycastle.asn1.x9.X9ECParameters;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.PEMEncryptedKeyPair;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JceOpenSSLPKCS8DecryptorProviderBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.pkcs.PKCS8EncryptedPrivateKeyInfo;
import org.bouncycastle.pkcs.PKCSException;
import org.jspecify.annotations.Nullable;

/**
 * A key that is derived from a private key in a PEM file. Needs Bouncy Castle; nobody else refers to it.
 *
 * <p>The key-encryption key is HMAC-SHA-256 (HKDF-Extract), with {@code mcp-vault/kek-from-pem/v1} for salt, of
 * {@code LP("RSA", modulus, the larger prime)} or {@code LP("EC", the curve's object identifier in ASCII, the private number)};
 * numbers in as few bytes as {@link BigInteger#toByteArray()} needs. So it depends on the key alone, not on how the file
 * encodes or encrypts it.
 *
 * <p>Data keys are not encrypted to the public key, as one might expect: everybody may have that, and could put a data key
 * that he knows in the place of ours. Whoever unwraps has to have the private key anyway, and who has it can do both.
 */
final class PemKey {

    private static final int MOST_BYTES = 64 * 1024;
    private static final int FEWEST_RSA_BITS = 2048;
    private static final int FEWEST_EC_BITS = 256;

    private static final byte[] LABEL = "mcp-vault/kek-from-pem/v1".getBytes(StandardCharsets.US_ASCII);

    private static final String CONVERT = "openssl pkcs8 -topk8 -v2 aes-256-cbc makes it one that is";

    private PemKey() {}

    /** Returns the key, which is the caller's to erase. */
    static byte[] read(Primitives primitives, Path file, char @Nullable [] password) throws KekUnavailableException {
        byte[] content = KeyFile.read(file, MOST_BYTES);
        char[] copy = password == null ? null : password.clone();
        byte[] number = new byte[0];
        try {
            number = material(file, privateKey(file, content, copy));
            return primitives.hmac(LABEL, number);
        } finally {
            Arrays.fill(content, (byte) 0);
            Arrays.fill(number, (byte) 0);
            if (copy != null) {
                Arrays.fill(copy, '\0');
            }
        }
    }

    private static PrivateKeyInfo privateKey(Path file, byte[] content, char @Nullable [] password)
            throws KekUnavailableException {
        Object found = onlyKey(file, content);
        if (found instanceof PEMEncryptedKeyPair) {
            throw new KekUnavailableException("the private key in " + file + " is encrypted in the old way of OpenSSL, "
                    + "which is weak, and has to be in PKCS#8; " + CONVERT);
        }
        if (found instanceof PKCS8EncryptedPrivateKeyInfo encrypted) {
            if (password == null) {
                throw new KekUnavailableException(
                        "the private key in " + file + " is encrypted, and there is no password; give it");
            }
            return decrypted(file, encrypted, password);
        }
        if (password != null) {
            throw new KekUnavailableException("the private key in " + file + " is not encrypted, though there is a "
                    + "password for it; " + CONVERT);
        }
        return found instanceof PEMKeyPair pair ? pair.getPrivateKeyInfo() : (PrivateKeyInfo) found;
    }

    private static Object onlyKey(Path file, byte[] content) throws KekUnavailableException {
        Object only = null;
        // Exceptions of the parser may quote what they could not read: they are not passed on.
        try (PEMParser parser =
                new PEMParser(new InputStreamReader(new ByteArrayInputStream(content), StandardCharsets.US_ASCII))) {
            for (Object next = parser.readObject(); next != null; next = parser.readObject()) {
                if (isKey(next)) {
                    if (only != null) {
                        throw new KekUnavailableException(
                                "there are several private keys in " + file + "; leave one in it");
                    }
                    only = next;
                }
            }
        } catch (IOException | RuntimeException e) {
            throw new KekUnavailableException(
                    file + " is no PEM file, or a damaged one; put it back from where it is kept");
        }
        if (only == null) {
            throw new KekUnavailableException("there is no private key in " + file
                    + " that begins with -----BEGIN PRIVATE KEY----- or -----BEGIN ENCRYPTED PRIVATE KEY-----; set the "
                    + "path right, or put the file back from where it is kept");
        }
        return only;
    }

    private static boolean isKey(Object found) {
        return found instanceof PrivateKeyInfo
                || found instanceof PKCS8EncryptedPrivateKeyInfo
                || found instanceof PEMKeyPair
                || found instanceof PEMEncryptedKeyPair;
    }

    private static PrivateKeyInfo decrypted(Path file, PKCS8EncryptedPrivateKeyInfo encrypted, char[] password)
            throws KekUnavailableException {
        try {
            return encrypted.decryptPrivateKeyInfo(new JceOpenSSLPKCS8DecryptorProviderBuilder()
                    .setProvider(new BouncyCastleProvider())
                    .build(password));
        } catch (PKCSException | OperatorCreationException | RuntimeException e) {
            throw new KekUnavailableException("the password does not open the private key in " + file
                    + ", or the file is damaged; set the right one");
        }
    }

    private static byte[] material(Path file, PrivateKeyInfo key) throws KekUnavailableException {
        ASN1ObjectIdentifier algorithm = key.getPrivateKeyAlgorithm().getAlgorithm();
        try {
            if (algorithm.equals(PKCSObjectIdentifiers.rsaEncryption)) {
                return ofRsa(file, RSAPrivateKey.getInstance(key.parsePrivateKey()));
            }
            if (algorithm.equals(X9ObjectIdentifiers.id_ecPublicKey)) {
                return ofEc(
                        file,
                        X962Parameters.getInstance(key.getPrivateKeyAlgorithm().getParameters()),
                        ECPrivateKey.getInstance(key.parsePrivateKey()));
            }
        } catch (IOException | RuntimeException e) {
            throw new KekUnavailableException(
                    "the private key in " + file + " is damaged; put the file back from where it is kept");
        }
        throw new KekUnavailableException("the private key in " + file + " is neither RSA nor EC, but " + algorithm
                + "; openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 makes one that will do");
    }

    private static byte[] ofRsa(Path file, RSAPrivateKey key) throws KekUnavailableException {
        BigInteger modulus = key.getModulus();
        BigInteger one = key.getPrime1();
        BigInteger other = key.getPrime2();
        if (modulus.bitLength() < FEWEST_RSA_BITS) {
            throw tooShort(file, modulus.bitLength(), "an RSA key", FEWEST_RSA_BITS);
        }
        if (!one.multiply(other).equals(modulus) || one.min(other).bitLength() < FEWEST_RSA_BITS / 4) {
            throw new KekUnavailableException("the numbers of the private key in " + file
                    + " do not belong together; put the file back from where it is kept");
        }
        return joined("RSA", modulus.toByteArray(), one.max(other).toByteArray());
    }

    private static byte[] ofEc(Path file, X962Parameters parameters, ECPrivateKey key) throws KekUnavailableException {
        if (!parameters.isNamedCurve()) {
            throw new KekUnavailableException("the private key in " + file
                    + " is on a curve of its own; openssl ecparam -name prime256v1 -genkey makes one on a known curve");
        }
        ASN1ObjectIdentifier name = ASN1ObjectIdentifier.getInstance(parameters.getParameters());
        X9ECParameters curve = ECNamedCurveTable.getByOID(name);
        if (curve == null) {
            throw new KekUnavailableException("the private key in " + file + " is on the unknown curve " + name
                    + "; openssl ecparam -name prime256v1 -genkey makes one on a known curve");
        }
        if (curve.getN().bitLength() < FEWEST_EC_BITS) {
            throw tooShort(file, curve.getN().bitLength(), "an EC key", FEWEST_EC_BITS);
        }
        BigInteger number = key.getKey();
        if (number.signum() <= 0 || number.compareTo(curve.getN()) >= 0 || !belongsTo(key, number, curve)) {
            throw new KekUnavailableException("the numbers of the private key in " + file
                    + " do not belong together; put the file back from where it is kept");
        }
        return joined("EC", name.getId().getBytes(StandardCharsets.US_ASCII), number.toByteArray());
    }

    /** Returns whether the public key is the private one's, if the file has it, as most do. */
    private static boolean belongsTo(ECPrivateKey key, BigInteger number, X9ECParameters curve) {
        for (ASN1Encodable part : ASN1Sequence.getInstance(key.toASN1Primitive())) {
            // What is neither would be a public key of which the tag has been damaged.
            if (part instanceof ASN1TaggedObject tagged
                    && (tagged.getTagClass() != BERTags.CONTEXT_SPECIFIC || tagged.getTagNo() > 1)) {
                return false;
            }
        }
        ASN1BitString point = key.getPublicKey();
        return point == null
                || curve.getG().multiply(number).equals(curve.getCurve().decodePoint(point.getOctets()));
    }

    private static KekUnavailableException tooShort(Path file, int bits, String what, int fewest) {
        return new KekUnavailableException("the private key in " + file + " has " + bits + " bits, and " + what
                + " has to have " + fewest + "; make a longer one");
    }

    private static byte[] joined(String kind, byte[] one, byte[] secret) {
        byte[] all = SealContext.lengthPrefixed(kind.getBytes(StandardCharsets.US_ASCII), one, secret);
        Arrays.fill(secret, (byte) 0);
        return all;
    }
}
