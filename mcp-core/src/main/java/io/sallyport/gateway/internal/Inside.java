package io.sallyport.gateway.internal;

import io.sallyport.spi.Authenticator;
import java.util.function.BooleanSupplier;

/**
 * What the servlet has to reach of a gateway, and nobody else.
 *
 * @param engine everything behind the servlet
 * @param guard who may come in at all
 * @param authenticator who finds out who sends a request
 * @param serving whether requests are served
 * @param draining whether what is under way may still end
 */
public record Inside(
        Engine engine,
        HttpGuard guard,
        Authenticator authenticator,
        BooleanSupplier serving,
        BooleanSupplier draining) {}
