package io.sallyport.interop;

import io.modelcontextprotocol.client.transport.HttpClientSseClientTransport;
import io.sallyport.upstream.Upstream;
import io.sallyport.upstream.sdk.SdkTransportUpstream;
import java.time.Duration;

/** HTTP with SSE, deprecated since revision 2025-03-26, behind the gateway through the SDK's own transport for it. */
class SdkSseServerInteropTest extends SdkServerContract {

    @Override
    SdkServer server() throws Exception {
        return SdkServer.sse();
    }

    @Override
    @SuppressWarnings("deprecation") // That is the point.
    Upstream upstream(SdkServer server) {
        return SdkTransportUpstream.of(
                        "sdk",
                        () -> HttpClientSseClientTransport.builder(
                                        server.uri("").toString())
                                .build())
                .pingAfter(Duration.ofSeconds(2));
    }
}
