package io.sallyport.sandbox.validation;

import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import io.sallyport.sandbox.Cancellation;
import io.sallyport.sandbox.Execution;
import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Limits;
import io.sallyport.sandbox.Outcome;
import io.sallyport.sandbox.Sandbox;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has Python looked at by a script of ours ({@code checker.py}) in a sandbox. The code is an input of the script, which parses it
 * and never runs it. Thread-safe.
 *
 * <p>The script is compiled once, in the same sandbox, since that takes longer than everything else: what is given to each run
 * is what the compiler made of it, and the rules.
 */
final class PythonChecker {

    static final String UNAVAILABLE = "CheckUnavailable";
    static final String UNCHECKABLE = "Uncheckable";
    static final String CANCELLED = "Cancelled";

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.sandbox");

    private static final String PREPARE = """
            import base64, marshal
            script = compile(inputs['script'], '<checker>', 'exec')
            result = base64.b64encode(marshal.dumps((script, inputs['rules']))).decode()
            """;

    private static final String CHECK = """
            import base64, marshal
            script, rules = marshal.loads(base64.b64decode(inputs['checker']))
            names = {}
            exec(script, names)
            result = names['check'](inputs['code'], rules, inputs['most'])
            """;

    /** For 64 KiB of code less than a second is enough, unless the machine is very busy. */
    private static final Limits LIMITS = Limits.builder()
            .wallTime(Duration.ofSeconds(30))
            .cpuTime(Duration.ofSeconds(30))
            .build();

    private final Sandbox sandbox;
    private final List<Rule> rules;

    /** What the script was compiled to. */
    private volatile Optional<String> prepared = Optional.empty();

    PythonChecker(Sandbox sandbox, List<Rule> rules) {
        this.sandbox = sandbox;
        this.rules = rules;
    }

    /** Adds what is found to what was. */
    Verdict check(String code, Sightings sightings, Cancellation cancellation) throws InterruptedException {
        if (prepared.isEmpty()) {
            Outcome outcome = run(PREPARE, Map.of("script", script(), "rules", rulesAsJson()), cancellation);
            if (outcome.status() != Outcome.Status.OK) {
                return unchecked(outcome);
            }
            prepared = outcome.value().flatMap(JsonValue::asString);
        }
        Map<String, Object> inputs =
                Map.of("checker", prepared.orElse(""), "code", code, "most", CodeValidator.MOST_FINDINGS);
        Outcome outcome = run(CHECK, inputs, cancellation);
        if (outcome.status() != Outcome.Status.OK) {
            // The sandbox may have become one that compiles to something else.
            prepared = Optional.empty();
            return unchecked(outcome);
        }
        return read(outcome, sightings);
    }

    private Outcome run(String script, Map<String, Object> inputs, Cancellation cancellation)
            throws InterruptedException {
        Execution execution = Execution.of(Language.PYTHON, script)
                .inputs(JsonValue.trusted(Json.write(inputs)))
                .limits(LIMITS)
                .build();
        return sandbox.run(execution, cancellation);
    }

    private static Verdict unchecked(Outcome outcome) {
        String why = switch (outcome.status()) {
            case CANCELLED -> CANCELLED;
            case UNAVAILABLE, REJECTED -> UNAVAILABLE;
            default -> UNCHECKABLE;
        };
        LOGGER.atWarn()
                .addKeyValue("status", outcome.status())
                .addKeyValue("error", outcome.error().map(Outcome.Failure::type).orElse(""))
                .log("code could not be looked at");
        return Verdict.unchecked(why);
    }

    private Verdict read(Outcome outcome, Sightings sightings) {
        Map<String, Rule> byId = rules.stream().collect(Collectors.toMap(Rule::id, Function.identity()));
        try {
            if (outcome.value().orElseThrow().kind() != JsonValue.Kind.ARRAY) {
                throw new IllegalStateException("no findings");
            }
            for (JsonValue item : outcome.value().orElseThrow().elements()) {
                List<JsonValue> parts = item.elements();
                Rule rule = byId.get(parts.get(0).asString().orElseThrow());
                if (rule == null) {
                    return Verdict.unchecked(UNCHECKABLE);
                }
                int line = (int) parts.get(1).asLong().orElseThrow();
                int column = (int) parts.get(2).asLong().orElseThrow();
                sightings.add(rule.found(line, column, parts.get(3).asString().orElseThrow()));
            }
        } catch (RuntimeException e) {
            // Not what our script says: the sandbox is none that runs it.
            LOGGER.atWarn().addKeyValue("error", e.toString()).log("code could not be looked at");
            return Verdict.unchecked(UNCHECKABLE);
        }
        return Verdict.of(sightings.findings());
    }

    private List<Map<String, Object>> rulesAsJson() {
        return rules.stream()
                .map(rule -> Map.<String, Object>of(
                        "id", rule.id(), "where", rule.where().name(), "what", List.copyOf(rule.words())))
                .toList();
    }

    private static String script() {
        try (InputStream script = PythonChecker.class.getResourceAsStream("checker.py")) {
            if (script == null) {
                throw new IllegalStateException("missing from the class path: checker.py");
            }
            return new String(script.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
