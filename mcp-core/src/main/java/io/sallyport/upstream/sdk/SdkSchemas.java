package io.sallyport.upstream.sdk;

import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.json.schema.JsonSchemaValidator;
import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpSchema.CallToolRequest;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Checks what goes into a tool and what comes out of it against its schemas, as the SDK's server does. */
final class SdkSchemas {

    private final McpJsonMapper mapper;
    private final Optional<JsonSchemaValidator> validator;

    SdkSchemas(McpJsonMapper mapper, Optional<JsonSchemaValidator> validator) {
        this.mapper = mapper;
        this.validator = validator;
    }

    SdkHandlers.Handler<CallToolRequest, CallToolResult> checked(
            McpSchema.Tool tool, SdkHandlers.Handler<CallToolRequest, CallToolResult> handler) {
        return (exchange, request) -> {
            Optional<String> refused = problem(tool.inputSchema(), request.arguments());
            if (refused.isPresent()) {
                return failure("The arguments do not fit the tool's input schema: " + refused.get());
            }
            CallToolResult result = handler.handle(exchange, request);
            return result == null ? null : checked(tool, result);
        };
    }

    private CallToolResult checked(McpSchema.Tool tool, CallToolResult result) throws IOException {
        if (tool.outputSchema() == null || Boolean.TRUE.equals(result.isError())) {
            return result;
        }
        if (result.structuredContent() == null) {
            return failure("The tool declares an output schema, but returned no structured content.");
        }
        Optional<String> wrong = problem(tool.outputSchema(), result.structuredContent());
        if (wrong.isPresent()) {
            return failure("What the tool returned does not fit its output schema: " + wrong.get());
        }
        if (!result.content().isEmpty()) {
            return result;
        }
        // Clients of revisions before 2025-06-18 know only this.
        String text = mapper.writeValueAsString(result.structuredContent());
        return new CallToolResult(
                List.of(McpSchema.TextContent.builder(text).build()),
                result.isError(),
                result.structuredContent(),
                result.meta());
    }

    private Optional<String> problem(@Nullable Map<String, Object> schema, Object value) {
        if (schema == null || schema.isEmpty() || validator.isEmpty()) {
            return Optional.empty();
        }
        JsonSchemaValidator.ValidationResponse answer = validator.get().validate(schema, value);
        return answer.valid() ? Optional.empty() : Optional.of(answer.errorMessage());
    }

    private static CallToolResult failure(String text) {
        return CallToolResult.builder(
                        List.of(McpSchema.TextContent.builder(text).build()))
                .isError(true)
                .build();
    }
}
