package io.sallyport.security.vault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.security.vault.Wycheproof.Vector;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.Security;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Published vectors, through our own hands, on two providers. */
class PrimitivesTest {

    private static final HexFormat HEX = HexFormat.of();

    enum Of {
        SUN(Primitives.of(Security.getProvider("SunJCE"))),
        BOUNCY_CASTLE(Primitives.of(new BouncyCastleProvider()));

        private final Primitives primitives;

        Of(Primitives primitives) {
            this.primitives = primitives;
        }
    }

    /** What vectors say: whether ours does what each says. */
    private record Claim(String file, int vectors, Predicate<VectorOn> holds) {
        @Override
        public String toString() {
            return file;
        }
    }

    private record VectorOn(Vector vector, Primitives primitives) {}

    static List<Claim> claims() {
        return List.of(
                new Claim("aes_gcm_test.json", 316, it -> gcmHolds(it.vector(), it.primitives())),
                new Claim("hkdf_sha256_test.json", 86, it -> hkdfHolds(it.vector(), it.primitives())),
                new Claim("hmac_sha256_test.json", 174, it -> hmacHolds(it.vector(), it.primitives())),
                new Claim("aes_kwp_test.json", 254, it -> keyWrapHolds(it.vector(), it.primitives())));
    }

    @ParameterizedTest
    @MethodSource("claims")
    void everyPublishedVectorHolds(Claim claim) throws IOException {
        if (!Wycheproof.isHere()) {
            System.out.println(
                    "no folder shared/wycheproof beside the project: only the vectors in this test were run");
            return;
        }
        List<Vector> vectors = Wycheproof.vectors(claim.file());

        for (Of of : Of.values()) {
            assertThat(vectors).hasSize(claim.vectors());
            assertThat(vectors)
                    .filteredOn(vector -> !claim.holds().test(new VectorOn(vector, of.primitives)))
                    .as("on %s", of)
                    .isEmpty();
            System.out.println("wycheproof: " + claim + " on " + of + " vectors=" + vectors.size());
        }
    }

    private static boolean gcmHolds(Vector vector, Primitives primitives) {
        byte[] key = vector.bytes("key");
        byte[] iv = vector.bytes("iv");
        byte[] aad = vector.bytes("aad");
        byte[] msg = vector.bytes("msg");
        byte[] sealed = concatenated(vector.bytes("ct"), vector.bytes("tag"));
        try {
            if (vector.isValid()) {
                // Before it is opened: Bouncy Castle refuses to encrypt with the nonce that it has just seen.
                assertThat(encrypted(primitives, key, iv, aad, msg)).isEqualTo(sealed);
            }
            Optional<byte[]> opened = primitives.decrypt(key, iv, aad, sealed, 0);
            return vector.isValid() ? Arrays.equals(opened.orElseThrow(), msg) : opened.isEmpty();
        } catch (IllegalStateException refused) {
            // A nonce of no bytes.
            return !vector.isValid();
        }
    }

    private static byte[] concatenated(byte[] one, byte[] other) {
        return ByteBuffer.allocate(one.length + other.length)
                .put(one)
                .put(other)
                .array();
    }

    private static boolean hkdfHolds(Vector vector, Primitives primitives) {
        byte[] salt = vector.bytes("salt");
        byte[] extracted =
                primitives.hmac(salt.length == 0 ? new byte[Primitives.HASH_BYTES] : salt, vector.bytes("ikm"));
        int size = vector.size("size");
        if (!vector.isValid()) {
            assertThatThrownBy(() -> primitives.expand(extracted, vector.bytes("info"), size))
                    .isInstanceOf(IllegalArgumentException.class);
            return true;
        }
        assertThat(primitives.expand(extracted, vector.bytes("info"), size)).isEqualTo(vector.bytes("okm"));
        return true;
    }

    private static boolean hmacHolds(Vector vector, Primitives primitives) {
        byte[] mac = primitives.hmac(vector.bytes("key"), vector.bytes("msg"));
        byte[] tag = vector.bytes("tag");
        return vector.isValid() == ByteBuffer.wrap(mac, 0, tag.length).equals(ByteBuffer.wrap(tag));
    }

    private static boolean keyWrapHolds(Vector vector, Primitives primitives) {
        String result = vector.test().getString("result").orElseThrow();
        Optional<byte[]> unwrapped = primitives.unwrap(vector.bytes("key"), vector.bytes("ct"));
        if (result.equals("invalid")) {
            return unwrapped.isEmpty();
        }
        if (result.equals("acceptable") && unwrapped.isEmpty()) {
            // Fewer bytes than any key has.
            return true;
        }
        assertThat(unwrapped).contains(vector.bytes("msg"));
        assertThat(primitives.wrap(vector.bytes("key"), vector.bytes("msg"))).isEqualTo(vector.bytes("ct"));
        return true;
    }

    @ParameterizedTest
    @EnumSource
    void keysExpandAsInRfc5869(Of of) {
        byte[] key = HEX.parseHex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");

        assertThat(of.primitives.expand(key, HEX.parseHex("f0f1f2f3f4f5f6f7f8f9"), 42))
                .isEqualTo(HEX.parseHex(
                        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf" + "34007208d5b887185865"));
    }

    @ParameterizedTest
    @EnumSource
    void galoisCounterModeIsAsInNistsExamples(Of of) {
        // Test case 16 of McGrew and Viega, which NIST's examples took over.
        byte[] key = HEX.parseHex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
        byte[] iv = HEX.parseHex("cafebabefacedbaddecaf888");
        byte[] aad = HEX.parseHex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
        byte[] plaintext = HEX.parseHex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");

        assertThat(encrypted(of.primitives, key, iv, aad, plaintext))
                .isEqualTo(HEX.parseHex("522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                        + "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
                        + "76fc6ece0f4e1768cddf8853bb2d551b"));
    }

    @Test
    void noMoreKeyMaterialIsMadeThanThereIs() {
        assertThatThrownBy(() -> Primitives.ofJdk().expand(new byte[32], new byte[0], 8161))
                .hasMessageContaining("8161");
    }

    private static byte[] encrypted(Primitives primitives, byte[] key, byte[] iv, byte[] aad, byte[] plaintext) {
        byte[] encrypted = new byte[plaintext.length + Primitives.TAG_BYTES];
        primitives.encrypt(key, iv, aad, plaintext, encrypted, 0);
        return encrypted;
    }
}
