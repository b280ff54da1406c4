package io.sallyport.sandbox.validation;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What is found in one piece of code, by the rules for its language. Confined to one thread. */
final class Sightings {

    private final String code;
    private final Map<Rule.Where, Map<String, List<Rule>>> byWord = new HashMap<>();
    private final List<Finding> findings = new ArrayList<>();

    // Where lines were counted to. Most is found in the order of the code, or else it is counted again.
    private int counted;
    private int line = 1;
    private int lineStart;

    Sightings(String code, List<Rule> rules) {
        this.code = code;
        for (Rule rule : rules) {
            Map<String, List<Rule>> words = byWord.computeIfAbsent(rule.where(), where -> new HashMap<>());
            rule.words()
                    .forEach(word ->
                            words.computeIfAbsent(word, it -> new ArrayList<>()).add(rule));
        }
    }

    /** Notes what all rules find that look there for that word. */
    void word(Rule.Where where, String word, int offset, String detail) {
        List<Rule> rules = byWord.getOrDefault(where, Map.of()).getOrDefault(word, List.of());
        if (rules.isEmpty() || findings.size() >= CodeValidator.MOST_FINDINGS) {
            return;
        }
        countTo(offset);
        for (Rule rule : rules) {
            findings.add(rule.found(line, offset - lineStart + 1, detail));
        }
    }

    void form(String form, int offset, String detail) {
        word(Rule.Where.FORM, form, offset, detail);
    }

    void add(Finding finding) {
        findings.add(finding);
    }

    List<Finding> findings() {
        return CodeValidator.sorted(findings);
    }

    private void countTo(int offset) {
        if (offset < counted) {
            counted = 0;
            line = 1;
            lineStart = 0;
        }
        for (; counted < offset; counted++) {
            char c = code.charAt(counted);
            boolean isEnd = c == '\n' || c == '\u2028' || c == '\u2029';
            if (isEnd || (c == '\r' && (counted + 1 == code.length() || code.charAt(counted + 1) != '\n'))) {
                line++;
                lineStart = counted + 1;
            }
        }
    }
}
