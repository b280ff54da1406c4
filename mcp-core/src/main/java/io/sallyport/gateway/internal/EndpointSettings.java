package io.sallyport.gateway.internal;

import io.sallyport.catalogue.EndpointCatalogue;
import java.util.List;
import java.util.Optional;

/**
 * What the engine has to know of an endpoint.
 *
 * @param path where it is served, such as {@code /mcp}
 * @param upstreams the names of its upstreams, in order
 * @param naming how it exposes what they offer
 * @param hideWhenDown whether what an upstream offers goes away while it cannot be reached
 * @param title what it calls itself if it is made of several upstreams
 * @param instructions what models are told, in place of what upstreams say
 */
public record EndpointSettings(
        String path,
        List<String> upstreams,
        EndpointCatalogue.Naming naming,
        boolean hideWhenDown,
        Optional<String> title,
        Optional<String> instructions) {}
