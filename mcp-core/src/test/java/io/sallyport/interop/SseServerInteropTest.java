package io.sallyport.interop;

import io.sallyport.upstream.Upstream;
import io.sallyport.upstream.http.HttpUpstream;

/** HTTP with SSE, deprecated since revision 2025-03-26, behind the gateway. */
class SseServerInteropTest extends SdkServerContract {

    @Override
    SdkServer server() throws Exception {
        return SdkServer.sse();
    }

    @Override
    Upstream upstream(SdkServer server) {
        return HttpUpstream.at("sdk", server.uri("/sse")).buildSse();
    }
}
