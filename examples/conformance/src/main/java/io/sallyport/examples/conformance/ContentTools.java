package io.sallyport.examples.conformance;

import io.sallyport.upstream.local.Content;
import io.sallyport.upstream.local.ResourceContents;
import io.sallyport.upstream.local.Tool;
import io.sallyport.upstream.local.ToolResult;
import java.util.List;

/** Tools that answer at once, with each kind of content. */
final class ContentTools {

    private ContentTools() {}

    static List<Tool> all() {
        return List.of(
                Tool.named("test_simple_text")
                        .description("Returns a text.")
                        .handler(call -> ToolResult.text("A text, and nothing else.")),
                Tool.named("test_image_content")
                        .description("Returns an image.")
                        .handler(call -> ToolResult.of(Content.image(Samples.PNG, "image/png"))),
                Tool.named("test_audio_content")
                        .description("Returns a sound.")
                        .handler(call -> ToolResult.of(Content.audio(Samples.WAV, "audio/wav"))),
                Tool.named("test_embedded_resource")
                        .description("Returns a resource with its contents.")
                        .handler(call -> ToolResult.of(embedded("test://embedded-resource"))),
                Tool.named("test_multiple_content_types")
                        .description("Returns a text, an image and a resource.")
                        .handler(call -> ToolResult.of(
                                Content.text("An image and a resource:"),
                                Content.image(Samples.PNG, "image/png"),
                                embedded("test://mixed-content-resource"))),
                Tool.named("test_error_handling")
                        .description("Always fails.")
                        .handler(call -> ToolResult.error("This tool fails on purpose.")),
                contactTool(),
                headerTool());
    }

    private static Content embedded(String uri) {
        return Content.resource(ResourceContents.text(uri, "application/json", "{\"embedded\": true}"));
    }

    /** Its schema uses what JSON Schema has had since 2020-12, and has to reach clients with nothing lost. */
    private static Tool contactTool() {
        return Tool.named("json_schema_2020_12_tool")
                .description("Takes a contact, by telephone or by mail.")
                .inputSchema("""
                        {
                          "$schema": "https://json-schema.org/draft/2020-12/schema",
                          "type": "object",
                          "$defs": {
                            "address": {
                              "$anchor": "addressDef",
                              "type": "object",
                              "properties": {"street": {"type": "string"}, "city": {"type": "string"}}
                            }
                          },
                          "properties": {
                            "name": {"type": "string"},
                            "address": {"$ref": "#/$defs/address"},
                            "contactMethod": {"type": "string", "enum": ["phone", "email"]},
                            "phone": {"type": "string"},
                            "email": {"type": "string"}
                          },
                          "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
                          "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
                          "then": {"required": ["phone"]},
                          "else": {"required": ["email"]},
                          "additionalProperties": false
                        }
                        """)
                .handler(call ->
                        ToolResult.text("The contact has " + call.arguments().keySet()));
    }

    /** Its argument also travels in the header {@code Mcp-Param-Region}, where proxies can see it. */
    private static Tool headerTool() {
        return Tool.named("test_header_param")
                .description("Returns the region that it is called for.")
                .inputSchema("""
                        {
                          "type": "object",
                          "properties": {"region": {"type": "string", "x-mcp-header": "Region"}},
                          "required": ["region"]
                        }
                        """)
                .handler(call -> ToolResult.text("Called for " + call.string("region")));
    }
}
