package io.sallyport.architecture;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What pages of the documentation say that stands in the code as well. */
public final class Pages {

    private static final Path DOCS = Path.of("../docs");
    private static final Pattern PICTURE = Pattern.compile(" \\* <pre>\n(.*?) \\* </pre>", Pattern.DOTALL);
    private static final Pattern CODE = Pattern.compile("`([^`]+)`");

    private Pages() {}

    /** Returns the first picture in the documentation of a class, each line without what is before and behind it. */
    public static String pictureOf(String source) throws IOException {
        Matcher picture =
                PICTURE.matcher(Files.readString(Path.of("src/main/java").resolve(source)));
        if (!picture.find()) {
            throw new AssertionError("no picture in " + source);
        }
        return aligned(picture.group(1).replaceAll("(?m)^ \\*", ""));
    }

    /** Returns a page, each line without what is before and behind it. */
    public static String page(String name) throws IOException {
        return aligned(Files.readString(DOCS.resolve(name)));
    }

    private static String aligned(String text) {
        return text.lines().map(String::strip).collect(Collectors.joining("\n", "", "\n"));
    }

    /** Returns what stands as code in the first column of the table that follows a line. */
    public static List<String> membersAfter(String line, String page) throws IOException {
        String table = page(page).split(Pattern.quote(line + "\n\n"), 2)[1].split("\n\n", 2)[0];
        return table.lines()
                .map(row -> row.split("\\|")[1])
                .flatMap(cell -> CODE.matcher(cell).results())
                .map((MatchResult code) -> code.group(1))
                .toList();
    }
}
