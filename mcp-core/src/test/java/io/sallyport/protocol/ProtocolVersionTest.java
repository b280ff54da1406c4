package io.sallyport.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProtocolVersionTest {

    @Test
    void servesTheseRevisions() {
        assertThat(ProtocolVersion.LEGACY).containsExactly("2025-03-26", "2025-06-18", "2025-11-25");
        assertThat(ProtocolVersion.MODERN).containsExactly("2026-07-28");
        assertThat(ProtocolVersion.LEGACY)
                .allMatch(ProtocolVersion::isServedLegacy)
                .noneMatch(ProtocolVersion::isServedModern)
                .noneMatch(ProtocolVersion::namesModernEra);
        assertThat(ProtocolVersion.MODERN)
                .allMatch(ProtocolVersion::isServedModern)
                .noneMatch(ProtocolVersion::isServedLegacy)
                .allMatch(ProtocolVersion::namesModernEra);
    }

    @ParameterizedTest
    @ValueSource(strings = {"2026-07-28", "2026-07-29", "2026-08-01", "2027-01-01", "9999-12-31"})
    void dateFromTheFirstStatelessRevisionOnNamesTheModernEra(String version) {
        assertThat(ProtocolVersion.namesModernEra(version)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "2026-07-27",
                "2025-11-25",
                "2024-11-05",
                "0000-00-00",
                "",
                "draft",
                "latest",
                "DRAFT-2026",
                "2026-07-28 ",
                " 2026-07-28",
                "2026-07-2",
                "2026-07-280",
                "2026/07/28",
                "20260728xx",
                "2026-07_28",
                "+026-07-28",
                "\u0662\u0660\u0662\u0667-01-01",
                "9999-99-9:"
            })
    void anythingElseDoesNot(String version) {
        assertThat(ProtocolVersion.namesModernEra(version)).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "2025-03-26, 2025-03-26",
        "2025-06-18, 2025-06-18",
        "2025-11-25, 2025-11-25",
        "2024-11-05, 2025-11-25",
        "2026-07-28, 2025-11-25",
        "latest, 2025-11-25",
        "'', 2025-11-25"
    })
    void initializeIsAnsweredWithWhatWasAskedForOrTheLatestWithSessions(String requested, String answered) {
        assertThat(ProtocolVersion.negotiateLegacy(requested)).isEqualTo(answered);
    }

    @Test
    void requestWithoutHeaderIsTakenToSpeakTheFirstRevision() {
        assertThat(ProtocolVersion.ASSUMED_WITHOUT_HEADER).isEqualTo("2025-03-26");
    }
}
