package io.sallyport.upstream.local;

import static java.util.Objects.requireNonNull;

import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;

/** A piece of content in a result or a prompt: text, image, audio, a resource or a link to one. Immutable. */
public final class Content {

    private final Map<String, Object> json;

    private Content(String type) {
        json = new LinkedHashMap<>();
        json.put("type", type);
    }

    private Content with(String name, Object value) {
        json.put(name, requireNonNull(value, name));
        return this;
    }

    /** Returns text. */
    public static Content text(String text) {
        return new Content("text").with("text", text);
    }

    /** Returns an image; {@code data} is its bytes. */
    public static Content image(byte[] data, String mimeType) {
        return new Content("image").with("data", base64(data)).with("mimeType", mimeType);
    }

    /** Returns a sound; {@code data} is its bytes. */
    public static Content audio(byte[] data, String mimeType) {
        return new Content("audio").with("data", base64(data)).with("mimeType", mimeType);
    }

    /** Returns a resource with its contents. */
    public static Content resource(ResourceContents contents) {
        return new Content("resource").with("resource", contents.onlyPart());
    }

    /** Returns a link to a resource that the client may read. */
    public static Content link(String uri, String name) {
        return new Content("resource_link").with("uri", uri).with("name", name);
    }

    Map<String, Object> toJson() {
        return json;
    }

    static String base64(byte[] data) {
        return Base64.getEncoder().encodeToString(data);
    }
}
