package io.sallyport.session.sdk;

import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.RequestId;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What is written down of a call whose answer becomes a stream, for the node that takes the stream over if this one dies.
 *
 * @param id the client's id of it
 * @param again the request, if it may be made again because it changes nothing
 */
record CallNote(RequestId id, Optional<String> again) {

    private static final int MAX_REQUEST_BYTES = 64 * 1024;

    /** A tool's own word that it changes nothing is not enough: it may not be true. */
    private static final Set<String> CHANGE_NOTHING = Set.of(
            Methods.PING,
            Methods.TOOLS_LIST,
            Methods.PROMPTS_LIST,
            Methods.RESOURCES_LIST,
            Methods.RESOURCE_TEMPLATES_LIST,
            Methods.RESOURCES_READ,
            Methods.PROMPTS_GET,
            Methods.COMPLETE);

    static CallNote of(Request request) {
        boolean keeps = CHANGE_NOTHING.contains(request.method()) && request.size() <= MAX_REQUEST_BYTES;
        return new CallNote(
                request.id(), keeps ? Optional.of(request.onOneLine().toJson()) : Optional.empty());
    }

    String encoded() {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("id", id.token());
        again.ifPresent(request -> members.put("again", request));
        return Json.write(members);
    }

    static CallNote decoded(String encoded) {
        JsonValue members = JsonValue.trusted(encoded);
        return new CallNote(new RequestId(members.getString("id").orElseThrow()), members.getString("again"));
    }
}
