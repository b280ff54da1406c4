package io.sallyport.sandbox.validation;

/** What becomes of code in which something is found. */
public enum ValidationMode {
    /** Code is not looked at. */
    OFF,
    /** Code is run, and what was found is recorded. So it is if the code could not be looked at. */
    WARN,
    /** Code is not run if a finding is an {@link Finding.Severity#ERROR}, or if it could not be looked at. */
    BLOCK
}
