package io.sallyport.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class MethodsTest {

    @Test
    void differByEra() {
        assertThat(Methods.requests(Era.LEGACY))
                .containsExactly(
                        "completion/complete",
                        "initialize",
                        "logging/setLevel",
                        "ping",
                        "prompts/get",
                        "prompts/list",
                        "resources/list",
                        "resources/read",
                        "resources/subscribe",
                        "resources/templates/list",
                        "resources/unsubscribe",
                        "tools/call",
                        "tools/list");
        assertThat(Methods.requests(Era.MODERN))
                .containsExactly(
                        "completion/complete",
                        "prompts/get",
                        "prompts/list",
                        "resources/list",
                        "resources/read",
                        "resources/templates/list",
                        "server/discover",
                        "subscriptions/listen",
                        "tools/call",
                        "tools/list");
    }

    @ParameterizedTest
    @EnumSource(Era.class)
    void areRecognised(Era era) {
        assertThat(Methods.requests(era)).allMatch(method -> Methods.isRequest(era, method));
        assertThat(List.of("listTools", "tools/List", "", "notifications/cancelled", "tasks/get"))
                .noneMatch(method -> Methods.isRequest(era, method));
    }

    @Test
    void doNotLeakIntoTheOtherEra() {
        assertThat(List.of("initialize", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe"))
                .noneMatch(method -> Methods.isRequest(Era.MODERN, method));
        assertThat(List.of("server/discover", "subscriptions/listen"))
                .noneMatch(method -> Methods.isRequest(Era.LEGACY, method));
    }
}
