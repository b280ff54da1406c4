package io.sallyport.security.vault;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.StringWriter;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.SecureRandom;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.RSAPrivateCrtKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.KeySpec;
import java.util.Map;
import java.util.stream.IntStream;
import javax.crypto.BadPaddingException;
import javax.crypto.Cipher;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.EncryptedPrivateKeyInfo;
import org.bouncycastle.asn1.pkcs.EncryptionScheme;
import org.bouncycastle.asn1.pkcs.KeyDerivationFunc;
import org.bouncycastle.asn1.pkcs.PBES2Parameters;
import org.bouncycastle.asn1.pkcs.PBKDF2Params;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.asn1.x9.ECNamedCurveTable;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.bouncycastle.crypto.util.ScryptConfig;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.jcajce.JcaMiscPEMGenerator;
import org.bouncycastle.openssl.jcajce.JcePEMEncryptorBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.pkcs.PKCS8EncryptedPrivateKeyInfoBuilder;
import org.bouncycastle.pkcs.jcajce.JcePKCSPBEOutputEncryptorBuilder;
import org.bouncycastle.util.io.pem.PemObject;
import org.bouncycastle.util.io.pem.PemObjectGenerator;
import org.bouncycastle.util.io.pem.PemWriter;

/** An RSA key and an EC key, new each time, in files of all the kinds that OpenSSL writes, and keys that will not do. */
final class PemFiles {

    static final String CURVE = "1.2.840.10045.3.1.7"; // prime256v1

    private static final Provider BOUNCY_CASTLE = new BouncyCastleProvider();
    private static final int ITERATIONS = 2048;
    private static final int MOST_TRIES = 100_000;

    private final RSAPrivateCrtKey rsa;
    private final ECPrivateKey ec;
    private final char[] password;
    private final byte[] salt = new byte[8];
    private final byte[] iv = new byte[16];
    private final byte[] encryptedOnce;
    private final Map<String, byte[]> files;

    PemFiles(char[] password) throws GeneralSecurityException, IOException, OperatorCreationException {
        this.password = password.clone();
        SecureRandom random = new SecureRandom();
        random.nextBytes(salt);
        random.nextBytes(iv);

        KeyPair rsaPair = rsa(2048);
        KeyPair ecPair = ec("prime256v1");
        rsa = (RSAPrivateCrtKey) rsaPair.getPrivate();
        ec = (ECPrivateKey) ecPair.getPrivate();
        ASN1ObjectIdentifier curve = new ASN1ObjectIdentifier(CURVE);
        byte[] rsaInfo = rsa.getEncoded();
        byte[] ecInfo = info(ecPair, curve);
        byte[] short160 = info(ec("secp160r1"), ECNamedCurveTable.getOID("secp160r1"));
        encryptedOnce = cipher(Cipher.ENCRYPT_MODE, password, 1).doFinal(ecInfo);

        files = Map.ofEntries(
                Map.entry("rsa.pem", pem("PRIVATE KEY", rsaInfo)),
                Map.entry("rsa-pkcs1.pem", pem("RSA PRIVATE KEY", inner(rsaInfo))),
                Map.entry("rsa-encrypted.pem", encrypted(rsaInfo, ITERATIONS)),
                Map.entry("rsa-scrypt.pem", scrypt(rsaInfo)),
                Map.entry("rsa-old-encryption.pem", oldEncryption(rsa)),
                Map.entry(
                        "rsa-short.pem",
                        pem("PRIVATE KEY", rsa(1024).getPrivate().getEncoded())),
                Map.entry("public.pem", pem("PUBLIC KEY", rsaPair.getPublic().getEncoded())),
                Map.entry("ec.pem", pem("PRIVATE KEY", ecInfo)),
                Map.entry("ec-sec1.pem", sec1(ecPair, curve)),
                Map.entry("ec-encrypted.pem", encrypted(ecInfo, ITERATIONS)),
                Map.entry("ec-one-iteration.pem", encrypted(ecInfo, 1)),
                Map.entry("ec-explicit.pem", pem("PRIVATE KEY", info(ecPair, ECNamedCurveTable.getByOID(curve)))),
                Map.entry("ec-short.pem", pem("PRIVATE KEY", short160)),
                Map.entry(
                        "ed25519.pem",
                        pem(
                                "PRIVATE KEY",
                                KeyPairGenerator.getInstance("Ed25519")
                                        .generateKeyPair()
                                        .getPrivate()
                                        .getEncoded())));
    }

    /** Returns the key of the files {@code rsa*.pem} that will do. */
    RSAPrivateCrtKey rsa() {
        return rsa;
    }

    /** Returns the key, on {@link #CURVE}, of the files {@code ec*.pem} that will do. */
    ECPrivateKey ec() {
        return ec;
    }

    byte[] content(String name) {
        return files.get(name).clone();
    }

    /**
     * Returns numbers that make, after {@code prefix}, wrong passwords with which what {@code ec-one-iteration.pem} is
     * decrypted to ends like something that was encrypted, as with one of 256 passwords.
     */
    IntStream unlucky(String prefix, int count) {
        return IntStream.range(0, MOST_TRIES)
                .filter(number -> isPadded((prefix + number).toCharArray()))
                .limit(count);
    }

    private boolean isPadded(char[] wrong) {
        try {
            cipher(Cipher.DECRYPT_MODE, wrong, 1).doFinal(encryptedOnce);
            return true;
        } catch (BadPaddingException expected) {
            return false;
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    private static KeyPair rsa(int bits) throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(bits);
        return generator.generateKeyPair();
    }

    private static KeyPair ec(String curve) throws GeneralSecurityException {
        // The JDK knows no curve below 256 bits any more.
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC", BOUNCY_CASTLE);
        generator.initialize(new ECGenParameterSpec(curve));
        return generator.generateKeyPair();
    }

    /** As OpenSSL does it: the curve (its name, or all its numbers) outside only, the public key inside. */
    private static byte[] info(KeyPair pair, ASN1Encodable curve) throws IOException {
        return new PrivateKeyInfo(
                        new AlgorithmIdentifier(X9ObjectIdentifiers.id_ecPublicKey, curve), ecPrivateKey(pair, null))
                .getEncoded();
    }

    private static org.bouncycastle.asn1.sec.ECPrivateKey ecPrivateKey(KeyPair pair, ASN1Encodable curve) {
        ECPrivateKey key = (ECPrivateKey) pair.getPrivate();
        return new org.bouncycastle.asn1.sec.ECPrivateKey(
                key.getParams().getOrder().bitLength(),
                key.getS(),
                SubjectPublicKeyInfo.getInstance(pair.getPublic().getEncoded()).getPublicKeyData(),
                curve);
    }

    private static byte[] sec1(KeyPair pair, ASN1ObjectIdentifier curve) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.write(pem("EC PARAMETERS", curve.getEncoded()));
        all.write(pem("EC PRIVATE KEY", ecPrivateKey(pair, curve).getEncoded()));
        return all.toByteArray();
    }

    private static byte[] inner(byte[] info) throws IOException {
        return PrivateKeyInfo.getInstance(info)
                .parsePrivateKey()
                .toASN1Primitive()
                .getEncoded();
    }

    /** Encrypts by the JDK, so that Bouncy Castle does not read only what it has written itself. */
    private byte[] encrypted(byte[] info, int iterations) throws GeneralSecurityException, IOException {
        PBKDF2Params derivation = new PBKDF2Params(
                salt, iterations, new AlgorithmIdentifier(PKCSObjectIdentifiers.id_hmacWithSHA256, DERNull.INSTANCE));
        PBES2Parameters parameters = new PBES2Parameters(
                new KeyDerivationFunc(PKCSObjectIdentifiers.id_PBKDF2, derivation),
                new EncryptionScheme(NISTObjectIdentifiers.id_aes256_CBC, new DEROctetString(iv)));
        return pem(
                "ENCRYPTED PRIVATE KEY",
                new EncryptedPrivateKeyInfo(
                                new AlgorithmIdentifier(PKCSObjectIdentifiers.id_PBES2, parameters),
                                cipher(Cipher.ENCRYPT_MODE, password, iterations)
                                        .doFinal(info))
                        .getEncoded());
    }

    private Cipher cipher(int mode, char[] secret, int iterations) throws GeneralSecurityException {
        KeySpec from = new PBEKeySpec(secret, salt, iterations, 256);
        byte[] key = SecretKeyFactory.getInstance("PBKDF2WithHmacSHA256")
                .generateSecret(from)
                .getEncoded();
        Cipher cipher = Cipher.getInstance("AES/CBC/PKCS5Padding");
        cipher.init(mode, new SecretKeySpec(key, "AES"), new IvParameterSpec(iv));
        return cipher;
    }

    private byte[] scrypt(byte[] info) throws IOException, OperatorCreationException {
        ScryptConfig config =
                new ScryptConfig.Builder(16_384, 8, 1).withSaltLength(8).build();
        return pem(
                "ENCRYPTED PRIVATE KEY",
                new PKCS8EncryptedPrivateKeyInfoBuilder(info)
                        .build(new JcePKCSPBEOutputEncryptorBuilder(config, NISTObjectIdentifiers.id_aes256_CBC)
                                .setProvider(BOUNCY_CASTLE)
                                .build(password))
                        .getEncoded());
    }

    private byte[] oldEncryption(PrivateKey key) throws IOException {
        return pem(new JcaMiscPEMGenerator(
                key,
                new JcePEMEncryptorBuilder("AES-256-CBC")
                        .setProvider(BOUNCY_CASTLE)
                        .build(password)));
    }

    private static byte[] pem(String type, byte[] content) throws IOException {
        return pem(new PemObject(type, content));
    }

    private static byte[] pem(PemObjectGenerator object) throws IOException {
        StringWriter text = new StringWriter();
        try (PemWriter writer = new PemWriter(text)) {
            writer.writeObject(object);
        }
        return text.toString().getBytes(US_ASCII);
    }
}
