package io.sallyport.upstream.http;

import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.McpHeaders;
import io.sallyport.protocol.ProtocolVersion;
import io.sallyport.upstream.ServerFacts;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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

    /** Returns what another node needs to go on with this session; nothing if the upstream keeps none. */
    Optional<String> handle() {
        return Optional.ofNullable(sessionId)
                .map(id -> Json.write(
                        Map.of("id", id, "version", facts.protocolVersion(), "logging", facts.has("logging"))));
    }

    /** Returns the session that another node has opened; nothing if it is told in a form that this one does not know. */
    static Optional<LegacyLink> read(String handle, String upstream) {
        try {
            return Optional.of(of(JsonValue.trusted(handle), upstream));
        } catch (RuntimeException unknown) {
            return Optional.empty();
        }
    }

    private static LegacyLink of(JsonValue members, String upstream) {
        boolean logs = members.get("logging").flatMap(JsonValue::asBoolean).orElse(false);
        ServerFacts facts = new ServerFacts(
                members.getString("version").orElseThrow(),
                JsonValue.trusted(Json.write(Map.of("name", upstream, "version", ""))),
                JsonValue.trusted(logs ? "{\"logging\":{}}" : "{}"),
                Optional.empty());
        return new LegacyLink(members.getString("id").orElseThrow(), facts);
    }

    /** Never the session id: whoever has it has the session. */
    @Override
    public String toString() {
        return "LegacyLink[" + facts.protocolVersion() + (sessionId == null ? ", no session id]" : ", session id]");
    }
}
