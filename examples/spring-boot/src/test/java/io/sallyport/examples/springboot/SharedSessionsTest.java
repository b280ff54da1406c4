package io.sallyport.examples.springboot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Base64;
import org.junit.jupiter.api.Test;

class SharedSessionsTest {

    private static final String REMEDY = "; make one with: openssl rand -base64 32";

    @Test
    void takesAKeyOf32Bytes() {
        // When
        byte[] key = SharedSessions.keyFrom(Base64.getEncoder().encodeToString(new byte[32]) + "\n")
                .getEncoded();

        assertThat(key).isEqualTo(new byte[32]);
    }

    @Test
    void saysWhatIsWrongWithAKeyButNotTheKey() {
        assertThatThrownBy(() -> SharedSessions.keyFrom(""))
                .hasMessage("SESSION_KEY must be 32 bytes in base64, but it is not set" + REMEDY);
        assertThatThrownBy(() -> SharedSessions.keyFrom("secret!"))
                .hasMessage("SESSION_KEY must be 32 bytes in base64, but it is no base64" + REMEDY)
                .hasNoCause();
        assertThatThrownBy(() -> SharedSessions.keyFrom("c2VjcmV0"))
                .hasMessage("SESSION_KEY must be 32 bytes in base64, but it has 6 bytes" + REMEDY);
    }
}
