package io.sallyport.security.vault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.security.vault.Envelope.Flaw;
import io.sallyport.security.vault.Envelope.Opened;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EnvelopeTest {

    private static final SecureRandom RANDOM = new SecureRandom();
    private static final SealContext CONTEXT = new SealContext("acme", "upstreams", "github", "secret");
    private static final byte[] PLAINTEXT = "hunter2-of-a-test".getBytes(StandardCharsets.UTF_8);

    private final Envelope envelope = new Envelope(Primitives.ofJdk(), RANDOM);
    private final DataKey key = DataKey.random(RANDOM);
    private final byte[] sealed = envelope.seal(key, CONTEXT, PLAINTEXT);

    private Opened open(byte[] presented) {
        return open(CONTEXT, presented);
    }

    private Opened open(SealContext context, byte[] presented) {
        return envelope.open(id -> id == key.id() ? key : null, context, presented);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 15, 16, 1024, Envelope.MOST_PLAINTEXT_BYTES})
    void whatWasSealedOpens(int bytes) {
        byte[] plaintext = new byte[bytes];
        RANDOM.nextBytes(plaintext);

        byte[] it = envelope.seal(key, CONTEXT, plaintext);

        assertThat(it).hasSize(bytes + Envelope.OVERHEAD);
        assertThat(open(it).plaintext()).isEqualTo(plaintext);
    }

    @Test
    void moreThanAMebibyteIsNotSealed() {
        assertThatThrownBy(() -> envelope.seal(key, CONTEXT, new byte[Envelope.MOST_PLAINTEXT_BYTES + 1]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("1048577");
    }

    @Test
    void theSameIsNeverSealedTheSameWay() {
        Set<ByteBuffer> all = new HashSet<>();
        for (int i = 0; i < 1000; i++) {
            byte[] it = envelope.seal(key, CONTEXT, PLAINTEXT);
            all.add(ByteBuffer.wrap(it, 12, 44));
        }

        assertThat(all).hasSize(1000);
    }

    @Test
    void noBitOfItCanBeChanged() {
        int flips = 0;
        for (int i = 0; i < sealed.length * Byte.SIZE; i++) {
            byte[] flipped = sealed.clone();
            flipped[i / Byte.SIZE] ^= (byte) (1 << i % Byte.SIZE);

            assertThat(open(flipped).plaintext()).as("bit %d", i).isNull();
            flips++;
        }

        assertThat(flips).isEqualTo((Envelope.OVERHEAD + PLAINTEXT.length) * Byte.SIZE);
        System.out.println("envelope: flips=" + flips + " opened=0");
    }

    @Test
    void noPartOfItOpens() {
        for (int length = 0; length < sealed.length; length++) {
            assertThat(open(Arrays.copyOf(sealed, length)).plaintext())
                    .as("%d bytes", length)
                    .isNull();
        }
        System.out.println("envelope: truncations=" + sealed.length + " opened=0");
    }

    @Test
    void nothingCanBeAddedToIt() {
        for (int at = 0; at <= sealed.length; at++) {
            ByteBuffer longer = ByteBuffer.allocate(sealed.length + 1);
            longer.put(sealed, 0, at).put((byte) 0).put(sealed, at, sealed.length - at);

            assertThat(open(longer.array()).plaintext()).as("a byte at %d", at).isNull();
        }
    }

    @Test
    void itOpensForNothingElseThanItWasSealedFor() {
        List<SealContext> others = List.of(
                new SealContext("other", "upstreams", "github", "secret"),
                new SealContext("acme", "other", "github", "secret"),
                new SealContext("acme", "upstreams", "other", "secret"),
                new SealContext("acme", "upstreams", "github", "other"),
                // The same letters, cut elsewhere.
                new SealContext("acmeu", "pstreams", "github", "secret"),
                new SealContext("acme", "upstreamsg", "ithub", "secret"),
                new SealContext("acme", "upstreams", "githubs", "ecret"),
                new SealContext("", "acmeupstreams", "github", "secret"));

        assertThat(others)
                .allSatisfy(other -> assertThat(open(other, sealed).flaw()).isEqualTo(Flaw.FORGED));
    }

    @Test
    void anotherKeyUnderTheSameNameIsRecognized() {
        DataKey other = new DataKey(key.id(), new byte[DataKey.BYTES]);

        assertThat(envelope.open(id -> other, CONTEXT, sealed).flaw()).isEqualTo(Flaw.OTHER_KEY);
    }

    @Test
    void aKeyThatIsNotHereIsNotGuessed() {
        assertThat(envelope.open(id -> null, CONTEXT, sealed).flaw()).isEqualTo(Flaw.UNKNOWN_KEY);
    }

    @Test
    void onlyTheKeyThatTheHeaderNamesIsAskedFor() {
        Set<Long> asked = new HashSet<>();

        envelope.open(
                id -> {
                    asked.add(id);
                    return key;
                },
                CONTEXT,
                sealed);

        assertThat(asked).containsExactly(key.id());
    }

    @Test
    void anotherSuiteIsRefusedAndNotTried() {
        byte[] other = sealed.clone();
        other[Envelope.SUITE_AT] = 2;

        assertThat(open(other).flaw()).isEqualTo(Flaw.UNKNOWN_SUITE);
    }

    @Test
    void aLaterVersionIsRefusedAndSaidToBeOne() {
        byte[] later = sealed.clone();
        later[Envelope.SUITE_AT - 1] = 2;

        assertThat(open(later).flaw()).isEqualTo(Flaw.UNKNOWN_VERSION);
    }

    @Test
    void aDestroyedKeyOpensAndSealsNothing() {
        key.destroy();

        assertThatIllegalStateException().isThrownBy(() -> open(sealed));
        assertThatIllegalStateException().isThrownBy(() -> envelope.seal(key, CONTEXT, new byte[1]));
    }
}
