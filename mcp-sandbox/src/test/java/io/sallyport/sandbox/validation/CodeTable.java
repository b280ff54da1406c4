package io.sallyport.sandbox.validation;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Pieces of code in a file, each under a line that begins with {@code ###}. What is before the first is for readers. */
final class CodeTable {

    private static final Pattern PLACEHOLDER = Pattern.compile("‹(?:([0-9A-F]{4})|(\\d+)\\*([^›]*))›");

    /** Code, and the words of the line above it. */
    record Entry(List<String> words, String code) {
        String word(int i) {
            return words.get(i);
        }

        @Override
        public String toString() {
            return String.join(" ", words);
        }
    }

    private CodeTable() {}

    static List<Entry> read(String name) {
        List<Entry> entries = new ArrayList<>();
        String[] sections = text(name).split("(?m)^### ");
        for (int i = 1; i < sections.length; i++) {
            String[] parts = sections[i].split("\n", 2);
            entries.add(new Entry(List.of(parts[0].strip().split("\\s+")), expanded(parts[1].stripTrailing())));
        }
        return entries;
    }

    private static String expanded(String code) {
        Matcher placeholders = PLACEHOLDER.matcher(code);
        return placeholders.replaceAll(it -> Matcher.quoteReplacement(
                it.group(1) != null
                        ? String.valueOf((char) Integer.parseInt(it.group(1), 16))
                        : it.group(3).repeat(Integer.parseInt(it.group(2)))));
    }

    private static String text(String name) {
        try (InputStream file = CodeTable.class.getResourceAsStream(name)) {
            if (file == null) {
                throw new IllegalStateException("no such file: " + name);
            }
            return new String(file.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
