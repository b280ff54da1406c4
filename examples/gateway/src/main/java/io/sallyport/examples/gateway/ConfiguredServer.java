package io.sallyport.examples.gateway;

import io.sallyport.upstream.Upstream;
import java.util.List;

/**
 * A server of the file, ready to be put behind the gateway.
 *
 * @param kind {@code stdio}, {@code http}, {@code sse} or {@code local}
 * @param hiddenTools tools that the file takes away
 */
record ConfiguredServer(String kind, Upstream upstream, List<String> hiddenTools) {

    ConfiguredServer {
        hiddenTools = List.copyOf(hiddenTools);
    }

    String name() {
        return upstream.name();
    }
}
