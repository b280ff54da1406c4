package io.sallyport.sandbox.validation;

import static java.util.Objects.requireNonNull;

import io.sallyport.sandbox.Cancellation;
import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Sandbox;
import io.sallyport.spi.AuditSink;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Looks at code before it is run. Thread-safe.
 *
 * <p><strong>It is a second line.</strong> A list of what code must not have can be got around, always: by names that are made
 * when the code runs, by objects that somebody hands in, by what nobody has thought of. What keeps code from doing harm is the
 * sandbox that it is run in. This tells early, in words, and for the record, what honest code would not do.
 *
 * <ul>
 *   <li><em>Python</em> is parsed by the interpreter of a sandbox, the same that is to run it (where that is another, code that
 *       only one of them understands is found to be unparsable). The code is parsed there, never run: it cannot change what is
 *       found. Names that are put together of written texts are seen; those that come from anywhere else are not.
 *   <li><em>JavaScript</em> is split into tokens by a lexer: no parser is known on the JVM that takes hostile
 *       code in linear time. Escapes are decoded and texts put together, but which variable a name means is not known, and a
 *       property that is named by a value ({@code a[b]}) is not seen at all.
 *   <li><em>Commands</em> ({@link Language#SHELL}) are not looked at, in no mode: there is nothing to find in them that the next
 *       line could not write otherwise. Whoever wants none takes a sandbox without.
 * </ul>
 *
 * @since 0.1
 */
public final class CodeValidator {

    static final int MOST_FINDINGS = 100;

    private final List<Rule> rules;
    private final int maxCodeBytes;
    private final PythonChecker python;
    private final JavaScriptChecker javaScript = new JavaScriptChecker();

    private CodeValidator(Builder builder) {
        this.rules = List.copyOf(builder.rules);
        this.maxCodeBytes = builder.maxCodeBytes;
        this.python = new PythonChecker(builder.parser, of(Language.PYTHON));
    }

    private List<Rule> of(Language language) {
        return rules.stream().filter(rule -> rule.language() == language).toList();
    }

    /**
     * Returns a builder.
     *
     * @param parser runs Python: our script that parses the code. A {@code WasmSandbox} best; remains the caller's, who closes
     *     it. It is asked for some 20 milliseconds for short code, and some 10 more for each KiB
     */
    public static Builder builder(Sandbox parser) {
        return new Builder(parser);
    }

    /** Returns the rules that a validator has unless it is told otherwise. */
    public static List<Rule> defaultRules() {
        return DefaultRules.ALL;
    }

    /** Returns the rules of this validator. */
    public List<Rule> rules() {
        return rules;
    }

    /**
     * Looks at code.
     *
     * @param cancellation ends that; the code is {@linkplain Verdict#unchecked() unchecked} then
     * @return what was found; never null. Nothing in commands
     * @throws InterruptedException if the thread was interrupted
     */
    public Verdict check(Language language, String code, Cancellation cancellation) throws InterruptedException {
        requireNonNull(code, "code");
        if (language == Language.SHELL) {
            return Verdict.of(List.of());
        }
        Sightings sightings = new Sightings(code, of(language));
        if (code.length() > maxCodeBytes || code.getBytes(StandardCharsets.UTF_8).length > maxCodeBytes) {
            sightings.form("too-long", 0, "more than " + maxCodeBytes + " bytes");
            return Verdict.of(sightings.findings());
        }
        HiddenText.look(code, language, sightings);
        if (language == Language.PYTHON) {
            return python.check(code, sightings, cancellation);
        }
        javaScript.check(code, sightings);
        return Verdict.of(sightings.findings());
    }

    /** As {@link #check(Language, String, Cancellation)}, for a check that nobody will want to end. */
    public Verdict check(Language language, String code) throws InterruptedException {
        return check(language, code, new Cancellation());
    }

    /**
     * Returns a sandbox that looks at code before it gives it to another, in sessions as well.
     *
     * <p>Code that is not run has the outcome {@code REJECTED} with the type {@code UnsafeCode} and the findings as its message;
     * {@code UNAVAILABLE} with the type {@code CheckUnavailable} if there was nobody to look at it; and {@code REJECTED} with
     * the type {@code Uncheckable} if looking at it took more than it may. The time that looking takes is not counted as the
     * code's. What is refused and, in {@link ValidationMode#WARN}, what is run in spite of findings, is told the audit: who,
     * which tool, which session, by which rules, and the SHA-256 of the code; never the code.
     *
     * @param sandbox closed by the returned one
     * @param audit told on the threads that run code; what it throws is logged
     */
    public Sandbox guard(Sandbox sandbox, ValidationMode mode, AuditSink audit) {
        requireNonNull(audit, "audit");
        return mode == ValidationMode.OFF ? sandbox : new GuardedSandbox(this, sandbox, mode, audit);
    }

    static List<Finding> sorted(List<Finding> findings) {
        return findings.stream()
                .distinct()
                .sorted(Comparator.comparingInt(Finding::line).thenComparingInt(Finding::column))
                .limit(MOST_FINDINGS)
                .toList();
    }

    /** Puts a validator together. Confined to one thread. */
    public static final class Builder {

        private final Sandbox parser;
        private List<Rule> rules = new ArrayList<>(DefaultRules.ALL);
        private int maxCodeBytes = 64 * 1024;

        private Builder(Sandbox parser) {
            this.parser = requireNonNull(parser, "parser");
        }

        /** Adds a rule. */
        public Builder rule(Rule rule) {
            rules.add(requireNonNull(rule, "rule"));
            return this;
        }

        /**
         * Leaves out a rule.
         *
         * @throws IllegalArgumentException if there is none with this id
         */
        public Builder without(String id) {
            if (!rules.removeIf(rule -> rule.id().equals(id))) {
                throw new IllegalArgumentException("there is no rule '" + id + "' to leave out");
            }
            return this;
        }

        /**
         * Sets which modules Python may import, with all below them. Defaults to modules of the standard library that only
         * compute, such as {@code json}, {@code math}, {@code re}.
         *
         * @throws IllegalArgumentException if the rule that would look after it was left out
         */
        public Builder allowedModules(Set<String> modules) {
            if (rules.stream().noneMatch(rule -> rule.where() == Rule.Where.IMPORT_OTHER_THAN)) {
                throw new IllegalArgumentException("without the rule py.module, all modules are allowed");
            }
            rules = new ArrayList<>(rules.stream()
                    .map(rule -> rule.where() == Rule.Where.IMPORT_OTHER_THAN ? rule.withWords(modules) : rule)
                    .toList());
            return this;
        }

        /**
         * Sets how much code is looked at, as UTF-8; more is an error. Defaults to 64 KiB.
         *
         * @throws IllegalArgumentException if it is not positive, or more than 1 MiB
         */
        public Builder maxCodeBytes(int atMost) {
            if (atMost <= 0 || atMost > 1024 * 1024) {
                throw new IllegalArgumentException("maxCodeBytes must be 1 to 1048576, but was " + atMost);
            }
            this.maxCodeBytes = atMost;
            return this;
        }

        /**
         * Returns the validator.
         *
         * @throws IllegalArgumentException if two rules have the same id
         */
        public CodeValidator build() {
            Set<String> ids = new HashSet<>();
            for (Rule rule : rules) {
                if (!ids.add(rule.id())) {
                    throw new IllegalArgumentException("two rules have the id '" + rule.id() + "'");
                }
            }
            return new CodeValidator(this);
        }
    }
}
