package io.sallyport.examples.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NginxSettingsTest {

    private static final Pattern BLOCK = Pattern.compile("```nginx\n(.*?)```", Pattern.DOTALL);

    @TempDir
    Path folder;

    @Test
    void areThoseOfThePageOnSessions() throws Exception {
        Matcher page = BLOCK.matcher(Files.readString(Path.of("../../docs/sessions.md")));
        assertThat(page.find()).isTrue();

        // When
        String settings = Files.readString(Cluster.nginxSettings(folder, 8000, List.of(8001, 8002)));

        String shown =
                page.group(1).replace("10.0.0.1:8080", "127.0.0.1:8001").replace("10.0.0.2:8080", "127.0.0.1:8002");
        assertThat(lines(settings))
                .filteredOn(line -> !line.startsWith("listen "))
                .containsSequence(lines(shown));
    }

    /** Returns the lines, without what only people read. */
    private static List<String> lines(String settings) {
        return Stream.of(settings.split("\n"))
                .map(line -> line.replaceFirst("#.*", "").strip())
                .filter(line -> !line.isEmpty())
                .toList();
    }
}
