package io.sallyport.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ArchitecturePageTest {

    private static final Path ROOT = Path.of("..");
    private static final Pattern PICTURE = Pattern.compile("```\n(.*?)```", Pattern.DOTALL);
    private static final Pattern CLASS_NAME = Pattern.compile("\\b([A-Z][a-z]+(?:[A-Z][A-Za-z]*)+|Call|Cors|Message|"
            + "Router|Filters|Exchange|Catalogue|Authenticator|Stage|Decision)\\b");

    @Test
    void eachNameInThePictureIsAClass() throws IOException {
        String page = Files.readString(ROOT.resolve("docs/architecture.md"));
        String picture =
                PICTURE.matcher(page).results().findFirst().orElseThrow().group(1);
        Set<String> named = CLASS_NAME
                .matcher(picture)
                .results()
                .map(MatchResult::group)
                .collect(Collectors.toCollection(TreeSet::new));

        Set<String> existing;
        try (Stream<Path> files = Files.walk(Path.of("src/main/java"))) {
            existing = files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".java"))
                    .map(name -> name.substring(0, name.length() - ".java".length()))
                    .collect(Collectors.toSet());
        }

        assertThat(named).hasSizeGreaterThan(25);
        assertThat(existing).containsAll(named);
    }
}
