package io.sallyport.architecture;

import io.sallyport.filter.Refusal;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The page {@code docs/runbook.md}: its texts are written by hand, what stands in the code is taken from there. Each
 * word of a refusal has a heading with its codes, each incident a text with the tests that are tagged with it.
 */
final class Runbook {

    private static final String INCIDENTS = "\n## Incidents\n";
    private static final Pattern WORD = Pattern.compile("(?m)^### `(\\w+)`$");
    private static final Pattern INCIDENT = Pattern.compile("(?m)^\\*\\*([SX]\\d+)\\*\\* ?(.*)$");

    /** By number, S before X. */
    private static final Comparator<String> BY_NUMBER = Comparator.<String>comparingInt(id -> id.charAt(0))
            .thenComparingInt(id -> Integer.parseInt(id.substring(1)));

    private final String beforeWords;
    private final Map<String, String> words = new TreeMap<>();
    private final String beforeIncidents;
    private final Map<String, String> incidents = new TreeMap<>(BY_NUMBER);

    /** Reads the texts of a page. */
    Runbook(String page) {
        String upper = page.substring(0, page.indexOf(INCIDENTS));
        String lower = page.substring(page.indexOf(INCIDENTS));
        beforeWords = upper.split(WORD.pattern(), 2)[0];
        List<String> sections = Arrays.asList(upper.split(WORD.pattern(), -1));
        Matcher heading = WORD.matcher(upper);
        for (int i = 1; heading.find(); i++) {
            // The first paragraph is not a text: it is taken from the code.
            String[] paragraphs = sections.get(i).strip().split("\n\n", 2);
            words.put(heading.group(1), paragraphs.length == 2 ? paragraphs[1].strip() : "");
        }
        beforeIncidents = lower.split(INCIDENT.pattern(), 2)[0];
        INCIDENT.matcher(lower).results().forEach(found -> incidents.put(found.group(1), found.group(2)));
    }

    /** Returns what has no text. */
    List<String> unwritten() {
        return java.util.stream.Stream.concat(words.entrySet().stream(), incidents.entrySet().stream())
                .filter(entry -> entry.getValue().isBlank())
                .map(Map.Entry::getKey)
                .toList();
    }

    /** Returns the page as it has to be for this code, with these tests by incident. */
    String with(Map<String, ? extends Iterable<String>> tests) {
        StringBuilder page = new StringBuilder(beforeWords);
        for (Refusal.Kind kind : Refusal.Kind.values()) {
            page.append("### `%s`\n\n".formatted(kind.word()))
                    .append("JSON-RPC code %d, HTTP status %d, %s.\n\n"
                            .formatted(
                                    kind.code(),
                                    kind.status(),
                                    kind.retryable() ? "another try makes sense" : "not to be repeated as it is"))
                    .append(words.getOrDefault(kind.word(), ""))
                    .append("\n\n");
        }
        page.setLength(page.length() - 1);
        page.append(beforeIncidents);
        Map<String, Iterable<String>> sorted = new TreeMap<>(BY_NUMBER);
        sorted.putAll(tests);
        page.append(sorted.entrySet().stream()
                .map(entry -> "**%s** %s\nShown by `%s`.\n"
                        .formatted(
                                entry.getKey(),
                                incidents.getOrDefault(entry.getKey(), ""),
                                String.join("`, `", entry.getValue())))
                .collect(Collectors.joining("\n")));
        return page.toString();
    }
}
