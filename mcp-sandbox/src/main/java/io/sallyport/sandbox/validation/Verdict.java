package io.sallyport.sandbox.validation;

import java.util.List;
import java.util.Optional;

/** What was found in code. That nothing was found does not mean that the code is safe. Immutable. */
public final class Verdict {

    private final List<Finding> findings;
    private final Optional<String> unchecked;

    private Verdict(List<Finding> findings, Optional<String> unchecked) {
        this.findings = List.copyOf(findings);
        this.unchecked = unchecked;
    }

    static Verdict of(List<Finding> findings) {
        return new Verdict(findings, Optional.empty());
    }

    static Verdict unchecked(String why) {
        return new Verdict(List.of(), Optional.of(why));
    }

    /** Returns what was found, in the order of the code; the first hundred of it. */
    public List<Finding> findings() {
        return findings;
    }

    /** Returns why the code could not be looked at, as a stable word such as {@code Busy}; empty if it was. */
    public Optional<String> unchecked() {
        return unchecked;
    }

    /** Returns whether the code is not to be run: an error was found, or it could not be looked at. */
    public boolean isRejection() {
        return unchecked.isPresent()
                || findings.stream().anyMatch(finding -> finding.severity() == Finding.Severity.ERROR);
    }

    @Override
    public String toString() {
        return "Verdict[" + unchecked.map(why -> "unchecked: " + why).orElse(findings.toString()) + "]";
    }
}
