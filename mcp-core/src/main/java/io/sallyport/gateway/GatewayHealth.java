package io.sallyport.gateway;

import io.sallyport.health.HealthPart;
import java.util.List;
import java.util.Map;

/**
 * How a gateway is, for operators, as far as this node knows.
 *
 * @param status {@code up}; {@code degraded} if it serves and something is not as it should be; {@code down} if it does not serve
 * @param upstreams how the upstreams are
 * @param isSessionStoreReachable whether the store of legacy sessions was reached when it was last asked
 * @param parts what else there is, by the {@linkplain HealthPart#name names} of parts and of their items
 */
public record GatewayHealth(
        String status,
        List<UpstreamStatus> upstreams,
        boolean isSessionStoreReachable,
        Map<String, Map<String, Map<String, ?>>> parts) {}
