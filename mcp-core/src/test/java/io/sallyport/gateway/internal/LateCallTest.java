package io.sallyport.gateway.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LateCallTest {

    private final List<String> done = new ArrayList<>();
    private final LateCall late = new LateCall();

    @Test
    void isMadeUnlessItWasGivenUpBefore() {
        late.cancel("too slow");
        late.unlessCancelled(() -> done.add("made"));

        assertThat(done).isEmpty();
    }

    @Test
    void isGivenUpAfterItWasMade() {
        late.unlessCancelled(() -> late.began(reason -> done.add(reason)));
        late.cancel("not wanted");

        assertThat(done).containsExactly("not wanted");
    }

    @Test
    void isGivenUpAsSoonAsItIsMadeIfThatCameInBetween() {
        late.unlessCancelled(() -> {
            late.cancel("not wanted");
            late.began(reason -> done.add(reason));
        });

        assertThat(done).containsExactly("not wanted");
    }
}
