package io.sallyport.catalogue;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which URIs may have come out of a URI template (RFC 6570): the text between its expressions has to stand there, in
 * order, and what an expression became may be anything. That suffices to say which upstream is meant.
 *
 * <p>Upstreams write templates and clients URIs, so no regular expression is made of them: one with many expressions
 * would take an attacker's URI for hours. Here a look takes one pass.
 */
final class UriTemplate {

    private static final Pattern EXPRESSION = Pattern.compile("\\{([^{}]*)}");

    /** Expressions that begin with one of these may come to nothing (RFC 6570, section 3.2). */
    private static final String MAY_BE_EMPTY = "?&#;./";

    /** What comes before, between and after the expressions: one more than there are expressions. */
    private final List<String> literals = new ArrayList<>();

    /** The fewest characters that each expression becomes. */
    private final List<Integer> fewest = new ArrayList<>();

    UriTemplate(String template) {
        int end = 0;
        for (Matcher expressions = EXPRESSION.matcher(template); expressions.find(); end = expressions.end()) {
            literals.add(template.substring(end, expressions.start()));
            String expression = expressions.group(1);
            fewest.add(!expression.isEmpty() && MAY_BE_EMPTY.indexOf(expression.charAt(0)) >= 0 ? 0 : 1);
        }
        literals.add(template.substring(end));
    }

    boolean matches(String uri) {
        int last = literals.size() - 1;
        if (last == 0) {
            return uri.equals(literals.get(0));
        }
        if (!uri.startsWith(literals.get(0))) {
            return false;
        }
        int at = literals.get(0).length();
        for (int i = 1; i < last; i++) {
            // The first place is the best one: it leaves the most for what follows.
            int from = at + fewest.get(i - 1);
            int found = from > uri.length() ? -1 : uri.indexOf(literals.get(i), from);
            if (found < 0) {
                return false;
            }
            at = found + literals.get(i).length();
        }
        String ending = literals.get(last);
        return uri.endsWith(ending) && uri.length() - ending.length() >= at + fewest.get(last - 1);
    }
}
