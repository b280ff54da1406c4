package io.sallyport.upstream.http;

import io.sallyport.protocol.McpHeaders;
import io.sallyport.protocol.ProtocolVersion;
import io.sallyport.upstream.ServerFacts;
import java.util.ArrayList;
import java.util.List;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.message.BasicHeader;
import org.jspecify.annotations.Nullable;

/**
 * One life of a session with a legacy upstream, from one {@code initialize} to the next.
 *
 * @param sessionId as the upstream gave it; null if it works without
 */
record LegacyLink(@Nullable String sessionId, ServerFacts facts) {

    /** Returns new headers that every message of the session has. */
    List<Header> headers() {
        List<Header> headers = new ArrayList<>(6);
        if (sessionId != null) {
            headers.add(new BasicHeader(McpHeaders.SESSION_ID, sessionId, true));
        }
        if (!facts.protocolVersion().equals(ProtocolVersion.V2025_03_26)) {
            // Revision 2025-06-18 introduced it.
            headers.add(new BasicHeader(McpHeaders.PROTOCOL_VERSION, facts.protocolVersion()));
        }
        return headers;
    }

    /** Never the session id: whoever has it has the session. */
    @Override
    public String toString() {
        return "LegacyLink[" + facts.protocolVersion() + (sessionId == null ? ", no session id]" : ", session id]");
    }
}
