package io.sallyport.sandbox.validation;

import static java.util.Objects.requireNonNull;

import io.sallyport.sandbox.Language;
import java.util.Set;

/**
 * What code should not have in it: words, and where they would be. Hosts add their own to {@link
 * CodeValidator#defaultRules() ours}, or leave some of ours out. Immutable.
 */
public final class Rule {

    /** Longer words are in no code. */
    static final int MOST_CHARS = 200;

    /** Where in code a rule looks for its words. */
    public enum Where {
        /** Names of variables and functions, of whoever declares them. */
        NAME,
        /**
         * Names of attributes or properties, however they are written: {@code a.b}, {@code a['b']} in JavaScript, patterns,
         * fields of format strings, names that are imported from a module.
         */
        ATTRIBUTE,
        /** Names of functions, classes, methods, attributes or properties that the code defines. */
        DEFINITION,
        /** Texts that are written in the code as a whole, or put together of written ones in ways that can be seen. */
        TEXT,
        /** Python modules that are imported and are <em>none</em> of the words. A package stands for what is below it. */
        IMPORT_OTHER_THAN,
        /** Python names with two underscores at either end that are <em>none</em> of the words, wherever they are. */
        DUNDER_OTHER_THAN,
        /** Forms of code that the checkers know by a word. There are no others than those of our own rules. */
        FORM
    }

    private final String id;
    private final Finding.Severity severity;
    private final Language language;
    private final Where where;
    private final Set<String> words;
    private final String message;

    private Rule(
            String id, Finding.Severity severity, Language language, Where where, Set<String> words, String message) {
        this.id = requireNonNull(id, "id");
        this.severity = requireNonNull(severity, "severity");
        this.language = requireNonNull(language, "language");
        this.where = requireNonNull(where, "where");
        this.words = Set.copyOf(words);
        this.message = requireNonNull(message, "message");
    }

    /**
     * Returns a rule.
     *
     * @param id for findings, logs and the audit; unique among those that a validator has, such as {@code acme.no-pandas}
     * @param language {@link Language#PYTHON} or {@link Language#JAVASCRIPT}
     * @param words of at most 200 characters
     * @param message why code should not have it, in a sentence that whoever wrote the code gets to read
     * @throws IllegalArgumentException if the id is empty, a word is too long, the language is no other than those two, or
     *     has no such place
     */
    public static Rule of(
            String id, Finding.Severity severity, Language language, Where where, Set<String> words, String message) {
        if (id.isBlank() || id.length() > MOST_CHARS) {
            throw new IllegalArgumentException("id must have 1 to " + MOST_CHARS + " characters, but was '" + id + "'");
        }
        for (String word : words) {
            if (word.length() > MOST_CHARS) {
                throw new IllegalArgumentException("words must have at most " + MOST_CHARS + " characters, but " + id
                        + " had one of " + word.length());
            }
        }
        boolean isOfPython = where == Where.IMPORT_OTHER_THAN || where == Where.DUNDER_OTHER_THAN;
        if (language != Language.PYTHON && (isOfPython || language != Language.JAVASCRIPT)) {
            throw new IllegalArgumentException(
                    where + " is nothing in " + language.word() + ", as rule " + id + " has it");
        }
        return new Rule(id, severity, language, where, words, message);
    }

    /** Returns what it is called in findings. */
    public String id() {
        return id;
    }

    /** Returns how bad it is what it finds. */
    public Finding.Severity severity() {
        return severity;
    }

    /** Returns the language that it is for. */
    public Language language() {
        return language;
    }

    /** Returns where it looks. */
    public Where where() {
        return where;
    }

    /** Returns what it looks for, or what it lets be. */
    public Set<String> words() {
        return words;
    }

    /** Returns why code should not have it. */
    public String message() {
        return message;
    }

    Rule withWords(Set<String> others) {
        return of(id, severity, language, where, others, message);
    }

    Finding found(int line, int column, String detail) {
        return new Finding(id, severity, line, column, detail.isEmpty() ? message : message + ": " + detail);
    }

    @Override
    public String toString() {
        return "Rule[" + id + ", " + severity + ", " + where + "]";
    }
}
