package io.sallyport.upstream.local;

import static java.util.Objects.requireNonNull;

import java.util.LinkedHashMap;
import java.util.Map;

/** What is read from a resource: text or bytes, under its URI. Immutable. */
public final class ResourceContents {

    private final Map<String, Object> json = new LinkedHashMap<>();

    private ResourceContents(String uri, String mimeType, String member, String value) {
        json.put("uri", requireNonNull(uri, "uri"));
        json.put("mimeType", requireNonNull(mimeType, "mimeType"));
        json.put(member, requireNonNull(value, member));
    }

    /** Returns text. */
    public static ResourceContents text(String uri, String mimeType, String text) {
        return new ResourceContents(uri, mimeType, "text", text);
    }

    /** Returns bytes. */
    public static ResourceContents blob(String uri, String mimeType, byte[] bytes) {
        return new ResourceContents(uri, mimeType, "blob", Content.base64(bytes));
    }

    Map<String, Object> toJson() {
        return json;
    }
}
