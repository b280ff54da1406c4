package io.sallyport.examples.conformance;

import io.sallyport.protocol.Json;
import io.sallyport.upstream.local.Resource;
import io.sallyport.upstream.local.ResourceContents;
import java.util.List;
import java.util.Map;

/** A text, some bytes, a template, and a resource to watch. */
final class Resources {

    private Resources() {}

    static List<Resource> all() {
        return List.of(
                Resource.at("test://static-text")
                        .name("A text")
                        .description("A text that never changes.")
                        .mimeType("text/plain")
                        .reader((uri, call) -> ResourceContents.text(uri, "text/plain", "A text that never changes.")),
                Resource.at("test://static-binary")
                        .name("An image")
                        .description("An image that never changes.")
                        .mimeType("image/png")
                        .reader((uri, call) -> ResourceContents.blob(uri, "image/png", Samples.PNG)),
                Resource.at("test://watched-resource")
                        .name("A text to watch")
                        .description("A text that somebody may watch.")
                        .mimeType("text/plain")
                        .reader((uri, call) -> ResourceContents.text(uri, "text/plain", "Nothing has happened.")),
                Resource.template("test://template/{id}/data")
                        .name("Data by id")
                        .description("Says which id it was asked for.")
                        .mimeType("application/json")
                        .reader((uri, call) -> ResourceContents.text(
                                uri, "application/json", Json.write(Map.of("id", call.string("id"))))));
    }
}
