package io.sallyport.security.vault;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.security.vault.Envelope.Flaw;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * A ciphertext of AES-GCM that opens under two keys, as whoever knows both can make one (Dodis et al., "Fast Message
 * Franking"; Albertini et al., "How to Abuse and Fix Authenticated Encryption Without Key Commitment").
 */
class SalamanderTest {

    private static final SealContext CONTEXT = new SealContext("acme", "upstreams", "github", "secret");
    private static final int BLOCK = 16;
    private static final int CIPHERTEXT_AT = 88;

    private final Primitives primitives = Primitives.ofJdk();
    private final SecureRandom random = new SecureRandom();
    private final DataKey one = DataKey.random(random);

    /** Under the same name: what names a key is written by whoever can write the row. */
    private final DataKey other = new DataKey(one.id(), LocalKeks.randomKey());

    private byte[] salamander;
    private byte[] authenticated;

    @BeforeEach
    void makeOne() throws GeneralSecurityException {
        // All but the ciphertext is as the envelope itself makes it, under the first key.
        salamander = new Envelope(primitives, random).seal(one, CONTEXT, new byte[BLOCK]);
        authenticated = SealContext.lengthPrefixed(Arrays.copyOf(salamander, CIPHERTEXT_AT), CONTEXT.bytes());
        Tag first = new Tag(messageKey(one));
        Tag second = new Tag(messageKey(other));
        // Tag i is known_i + block * h_i^2: one equation for one block.
        Element block = first.known()
                .plus(second.known())
                .times(first.h()
                        .times(first.h())
                        .plus(second.h().times(second.h()))
                        .inverse());
        byte[] tag = first.known().plus(block.times(first.h()).times(first.h())).bytes();
        ByteBuffer.wrap(salamander, CIPHERTEXT_AT, 2 * BLOCK).put(block.bytes()).put(tag);
    }

    private byte[] messageKey(DataKey key) {
        byte[] label = "mcp-vault/v1".getBytes(StandardCharsets.US_ASCII);
        return key.use(bytes ->
                primitives.expand(bytes, SealContext.lengthPrefixed(label, Arrays.copyOf(salamander, 44)), 32));
    }

    private boolean opensRaw(DataKey key) {
        return primitives
                .decrypt(
                        messageKey(key),
                        Arrays.copyOfRange(salamander, 44, 56),
                        authenticated,
                        salamander,
                        CIPHERTEXT_AT)
                .isPresent();
    }

    @Test
    void galoisCounterModeAloneOpensItUnderBothKeys() {
        assertThat(opensRaw(one)).isTrue();
        assertThat(opensRaw(other)).isTrue();
    }

    @Test
    void theEnvelopeOpensItUnderNoOtherKeyThanItIsCommittedTo() {
        Envelope envelope = new Envelope(primitives, random);

        assertThat(envelope.open(id -> other, CONTEXT, salamander).flaw()).isEqualTo(Flaw.OTHER_KEY);
    }

    /** The tag under one key, but for the one block that is to be found. */
    private final class Tag {

        private final Cipher cipher;

        Tag(byte[] key) throws GeneralSecurityException {
            cipher = Cipher.getInstance("AES/ECB/NoPadding");
            cipher.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(key, "AES"));
        }

        Element h() throws GeneralSecurityException {
            return Element.of(cipher.doFinal(new byte[BLOCK]));
        }

        Element known() throws GeneralSecurityException {
            Element h = h();
            Element sum = Element.ZERO;
            int blocks = (authenticated.length + BLOCK - 1) / BLOCK;
            byte[] padded = Arrays.copyOf(authenticated, blocks * BLOCK);
            for (int i = 0; i < blocks; i++) {
                sum = sum.plus(Element.of(Arrays.copyOfRange(padded, i * BLOCK, (i + 1) * BLOCK)))
                        .times(h);
            }
            // The block in question has nothing here; then the lengths.
            byte[] lengths = ByteBuffer.allocate(BLOCK)
                    .putLong((long) authenticated.length * Byte.SIZE)
                    .putLong(BLOCK * Byte.SIZE)
                    .array();
            sum = sum.times(h).plus(Element.of(lengths)).times(h);
            byte[] counter =
                    ByteBuffer.allocate(BLOCK).put(salamander, 44, 12).putInt(1).array();
            return sum.plus(Element.of(cipher.doFinal(counter)));
        }
    }

    /** An element of the field of SP 800-38D, 6.3: its first bit is the coefficient of the lowest power. */
    private record Element(long left, long right) {

        private static final Element ZERO = new Element(0, 0);
        private static final Element ONE = new Element(Long.MIN_VALUE, 0);

        static Element of(byte[] block) {
            ByteBuffer words = ByteBuffer.wrap(block);
            return new Element(words.getLong(), words.getLong());
        }

        byte[] bytes() {
            return ByteBuffer.allocate(BLOCK).putLong(left).putLong(right).array();
        }

        Element plus(Element that) {
            return new Element(left ^ that.left, right ^ that.right);
        }

        Element times(Element that) {
            Element product = ZERO;
            Element power = that;
            for (int i = 0; i < 128; i++) {
                long word = i < 64 ? left : right;
                if ((word << i % 64) < 0) {
                    product = product.plus(power);
                }
                boolean isReduced = (power.right & 1) != 0;
                power = new Element(power.left >>> 1, power.left << 63 | power.right >>> 1);
                if (isReduced) {
                    power = new Element(power.left ^ 0xE1L << 56, power.right);
                }
            }
            return product;
        }

        /** Its power of 2^128 - 2. */
        Element inverse() {
            Element result = ONE;
            Element power = this;
            for (int i = 1; i < 128; i++) {
                power = power.times(power);
                result = result.times(power);
            }
            return result;
        }
    }
}
