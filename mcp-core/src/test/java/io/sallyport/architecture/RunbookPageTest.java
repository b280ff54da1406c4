package io.sallyport.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The page is kept in step with the tests of the whole tree, also of modules that come after this one. */
class RunbookPageTest {

    private static final String SETTING = "sallyport.runbook";
    private static final Path ROOT = Path.of("..");
    private static final Path PAGE = ROOT.resolve("docs/runbook.md");
    private static final Path CODE = Path.of("src/main/java");
    private static final Path TESTS = Path.of("src/test/java");
    private static final Pattern WORD = Pattern.compile("put\\(\"code\"|\"code\", \"");
    private static final Pattern TAG = Pattern.compile("@Incident\\(\"([SX]\\d+)\"\\)");

    /** What a tag belongs to: a type or a method. */
    private static final Pattern TAGGED = Pattern.compile("(?:class|interface) (\\w+)|void (\\w+)\\(");

    @Test
    void saysWhatTheCodeAndTheTestsSay() throws IOException {
        String page = Files.readString(PAGE);
        String expected = new Runbook(page).with(taggedTests());
        if ("update".equals(System.getProperty(SETTING))) {
            Files.writeString(PAGE, expected);
            page = expected;
        }

        assertThat(page)
                .as("docs/runbook.md is behind the code; write it anew, give each new entry its text, and commit it:"
                        + " ./mvnw test -pl mcp-core -Dtest=RunbookPageTest -D" + SETTING + "=update")
                .isEqualTo(expected);
        assertThat(new Runbook(page).unwritten())
                .as("entries of docs/runbook.md without a text")
                .isEmpty();
    }

    /** Whoever gives an error a word of its own would give it one that the page does not have. */
    @Test
    void onlyRefusalsHaveWords() throws IOException {
        SortedSet<String> found = new TreeSet<>();
        for (Path folder : foldersOf(CODE)) {
            try (Stream<Path> files = Files.walk(folder)) {
                files.filter(file -> file.toString().endsWith(".java"))
                        .filter(file -> WORD.matcher(read(file)).find())
                        .forEach(file -> found.add(file.getFileName().toString()));
            }
        }

        // In the others it is code that is to be run.
        assertThat(found)
                .containsExactly(
                        "Errors.java",
                        "ExecuteTool.java",
                        "McpError.java",
                        "McpboxSandbox.java",
                        "MicrosandboxRun.java");
    }

    private static SortedMap<String, SortedSet<String>> taggedTests() throws IOException {
        SortedMap<String, SortedSet<String>> tests = new TreeMap<>();
        for (Path folder : foldersOf(TESTS)) {
            try (Stream<Path> files = Files.walk(folder)) {
                files.filter(file -> file.toString().endsWith(".java")).forEach(file -> addTags(file, tests));
            }
        }
        return tests;
    }

    private static List<Path> foldersOf(Path kind) throws IOException {
        try (Stream<Path> modules = Files.walk(ROOT, 3)) {
            return modules.filter(file -> file.endsWith("pom.xml"))
                    .map(pom -> pom.resolveSibling(kind))
                    .filter(Files::isDirectory)
                    .toList();
        }
    }

    private static void addTags(Path file, SortedMap<String, SortedSet<String>> tests) {
        String source = read(file);
        String type = file.getFileName().toString().replace(".java", "");
        Matcher tag = TAG.matcher(source);
        while (tag.find()) {
            Matcher tagged = TAGGED.matcher(source);
            if (!tagged.find(tag.end())) {
                throw new AssertionError("a tag that belongs to nothing in " + file);
            }
            String name = tagged.group(2) == null ? type : type + "." + tagged.group(2);
            tests.computeIfAbsent(tag.group(1), id -> new TreeSet<>()).add(name);
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
