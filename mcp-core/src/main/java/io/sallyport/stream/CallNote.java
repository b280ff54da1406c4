package io.sallyport.stream;

import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.MalformedMessageException;
import io.sallyport.protocol.Message;
import io.sallyport.protocol.MessageLimits;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.RequestId;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What is written down of a call whose answer became a stream, for the node that takes the stream over if this one dies.
 *
 * @param id the client's id of it
 * @param upstream whose call it is; empty for what is answered here
 * @param again the request, if it may be made again because it changes nothing
 * @since 0.1
 */
public record CallNote(RequestId id, String upstream, Optional<Request> again) {

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

    /**
     * Returns the note for a request, which is part of it if it may be made again and has at most 64 KiB.
     *
     * @param upstream empty for what is answered here
     */
    public static CallNote of(Request request, String upstream) {
        boolean keeps = CHANGE_NOTHING.contains(request.method()) && request.size() <= MAX_REQUEST_BYTES;
        return new CallNote(request.id(), upstream, keeps ? Optional.of(request) : Optional.empty());
    }

    /** Returns what the log keeps with the stream. */
    public String encoded() {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("id", id.token());
        members.put("upstream", upstream);
        again.ifPresent(request -> members.put("again", request.onOneLine().toJson()));
        return Json.write(members);
    }

    /** Returns the note that was encoded, by this version or an older one. */
    public static CallNote decoded(String encoded) {
        JsonValue members = JsonValue.trusted(encoded);
        return new CallNote(
                new RequestId(members.getString("id").orElseThrow()),
                members.getString("upstream").orElse(""),
                members.getString("again").flatMap(CallNote::request));
    }

    private static Optional<Request> request(String json) {
        try {
            Message message = Message.parse(json.getBytes(StandardCharsets.UTF_8), MessageLimits.forClients());
            return message instanceof Request request ? Optional.of(request) : Optional.empty();
        } catch (MalformedMessageException e) {
            // A node with other limits has taken it; what cannot be made again has an unknown outcome.
            return Optional.empty();
        }
    }
}
