package io.sallyport.gateway.internal;

import io.sallyport.protocol.ErrorCodes;
import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.McpError;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.Part;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.RequestId;
import io.sallyport.protocol.Response;
import java.util.Map;
import java.util.Optional;

/** What upstreams ask their clients. */
final class Questions {

    private Questions() {}

    /** Returns the answer to what the gateway answers itself: whether it is there. */
    static Optional<Response> answerHere(Request question) {
        return question.method().equals(Methods.PING)
                ? Optional.of(Response.resultJson(question.id(), "{}"))
                : Optional.empty();
    }

    /** Returns the answer to a question that no client can be asked. */
    static Response cannotBeAsked(Request question) {
        return Response.error(
                question.id(),
                McpError.of(ErrorCodes.METHOD_NOT_FOUND, "The client cannot be asked: " + question.method()));
    }

    /** Returns the client capability that a question needs; the question's method if it is none that we know. */
    static String capabilityFor(JsonValue input) {
        String method = input.getString("method").orElse("");
        return switch (method) {
            case Methods.ELICIT -> "elicitation";
            case Methods.SAMPLE -> "sampling";
            case Methods.ROOTS_LIST -> "roots";
            default -> method;
        };
    }

    static boolean declares(String capabilities, String capability) {
        return JsonValue.trusted(capabilities).get(capability).isPresent();
    }

    /** Returns whether a client can be asked anything at all. */
    static boolean declaresAny(String capabilities) {
        return declares(capabilities, "elicitation")
                || declares(capabilities, "sampling")
                || declares(capabilities, "roots");
    }

    /** Returns an entry of {@code inputRequests} as a request; its id is set by whoever sends it. */
    static Request of(String key, JsonValue input) {
        Map<String, JsonValue> params =
                input.get("params").map(JsonValue::members).orElse(Map.of());
        return Request.of(
                new RequestId(Json.quote(key)), input.getString("method").orElse(""), params);
    }

    /** Returns an answer as an entry of {@code inputResponses}; a refusal becomes what a user's refusal looks like. */
    static JsonValue bareResult(Response answer) {
        return answer.get(Part.RESULT).orElseGet(() -> JsonValue.trusted("{\"action\":\"cancel\"}"));
    }
}
