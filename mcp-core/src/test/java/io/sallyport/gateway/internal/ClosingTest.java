package io.sallyport.gateway.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ClosingTest {

    private final List<String> ended = new ArrayList<>();

    private void end(String what) {
        if (what.equals("broken")) {
            throw new IllegalStateException("it does not end");
        }
        ended.add(what);
    }

    @Test
    void whatFailsToEndDoesNotKeepWhatComesAfterItAlive() {
        Closing.inOrder(() -> end("first"), () -> end("broken"), () -> end("last"));

        assertThat(ended).containsExactly("first", "last");
    }

    @Test
    void oneOfManyThatFailsToEndDoesNotKeepTheOthersAlive() {
        Closing.each(List.of("first", "broken", "last"), this::end);

        assertThat(ended).containsExactly("first", "last");
    }
}
