package io.sallyport.gateway;

import java.util.Optional;

/**
 * How an upstream is, for operators: the detail may name hosts and addresses.
 *
 * @param name its name
 * @param state {@code connecting}, {@code ready}, {@code down} or {@code closed}
 * @param problem what went wrong last, if it is not well
 */
public record UpstreamStatus(String name, String state, Optional<String> problem) {}
