package io.sallyport.sandbox.validation;

/**
 * What a rule has found in code.
 *
 * @param rule the rule's {@linkplain Rule#id() id}
 * @param severity how bad it is
 * @param line from 1
 * @param column from 1, in characters; 1 if only the line is known
 * @param message what it is, in a sentence; may name what the code names
 */
public record Finding(String rule, Severity severity, int line, int column, String message) {

    /** How bad it is, the least first. */
    public enum Severity {
        /** It is said, and the code is run. */
        WARNING,
        /** The code is not run where findings {@linkplain ValidationMode#BLOCK block}. */
        ERROR
    }

    @Override
    public String toString() {
        return line + ":" + column + " " + rule + ": " + message;
    }
}
