package io.sallyport.upstream.local;

import static java.util.Objects.requireNonNull;

import io.sallyport.protocol.JsonValue;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What is read from a resource: text or bytes, under its URI. Immutable. */
public final class ResourceContents {

    private final Map<String, Object> result;

    private ResourceContents(Map<String, Object> result) {
        this.result = result;
    }

    private static ResourceContents of(String uri, String mimeType, String member, String value) {
        Map<String, Object> part = new LinkedHashMap<>();
        part.put("uri", requireNonNull(uri, "uri"));
        part.put("mimeType", requireNonNull(mimeType, "mimeType"));
        part.put(member, requireNonNull(value, member));
        return new ResourceContents(Map.of("contents", List.of(part)));
    }

    /** Returns text. */
    public static ResourceContents text(String uri, String mimeType, String text) {
        return of(uri, mimeType, "text", text);
    }

    /** Returns bytes. */
    public static ResourceContents blob(String uri, String mimeType, byte[] bytes) {
        return of(uri, mimeType, "blob", Content.base64(bytes));
    }

    /**
     * Returns contents that are given as JSON, in as many parts as there are, as a server of revision 2025-11-25 answers
     * {@code resources/read}.
     *
     * @throws IllegalArgumentException if it is not a JSON object with an array {@code contents}
     */
    public static ResourceContents parse(String resultJson) {
        Map<String, Object> result = HandlerResult.objectOf(resultJson);
        if (!(result.get("contents") instanceof JsonValue parts) || parts.kind() != JsonValue.Kind.ARRAY) {
            throw new IllegalArgumentException("what is read from a resource has an array \"contents\"");
        }
        return new ResourceContents(result);
    }

    Map<String, Object> toResult() {
        return result;
    }

    /** Returns the only part, for where there is room for one. */
    Object onlyPart() {
        Object contents = requireNonNull(result.get("contents"), "contents");
        List<?> parts = contents instanceof JsonValue given ? given.elements() : (List<?>) contents;
        if (parts.size() != 1) {
            throw new IllegalArgumentException("expected contents of one part, but found " + parts.size());
        }
        return parts.get(0);
    }
}
