package io.sallyport.interop;

import io.sallyport.upstream.Upstream;
import io.sallyport.upstream.http.HttpUpstream;

/** Streamable HTTP on both sides of the gateway. */
class SdkStreamableServerInteropTest extends SdkServerContract {

    @Override
    SdkServer server() throws Exception {
        return SdkServer.streamable();
    }

    @Override
    Upstream upstream(SdkServer server) {
        return HttpUpstream.at("sdk", server.uri("/mcp")).build();
    }
}
