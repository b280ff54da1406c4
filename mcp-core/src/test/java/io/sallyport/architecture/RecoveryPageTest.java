package io.sallyport.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RecoveryPageTest {

    @ParameterizedTest
    @ValueSource(
            strings = {"io/sallyport/gateway/internal/UpstreamManager.java", "io/sallyport/upstream/stdio/Restarts.java"
            })
    void thePicturesOnThePageAreThoseInTheCode(String source) throws IOException {
        assertThat(Pages.page("recovery.md")).contains(Pages.pictureOf(source));
    }
}
