package io.sallyport.gateway.internal;

import io.sallyport.protocol.Era;
import io.sallyport.protocol.ErrorCodes;
import io.sallyport.protocol.Json;
import io.sallyport.protocol.Message;
import io.sallyport.protocol.MessageEdit;
import io.sallyport.protocol.MetaKeys;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.Part;
import io.sallyport.protocol.ProtocolVersion;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.Response;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Turns messages of one era into those of the other. Where both hops speak the same era, nothing is touched. */
final class EraBridge {

    /** What a client of a session has declared once, and a modern request says each time. */
    record ClientFacts(String capabilities, String info, Optional<String> logLevel) {}

    private EraBridge() {}

    /** Returns a legacy request as a modern one. */
    static Request toModern(Request request, ClientFacts client) {
        MessageEdit edit = request.edit()
                .set(Part.PARAMS_META, MetaKeys.PROTOCOL_VERSION, Json.quote(ProtocolVersion.V2026_07_28))
                .set(Part.PARAMS_META, MetaKeys.CLIENT_CAPABILITIES, client.capabilities())
                .set(Part.PARAMS_META, MetaKeys.CLIENT_INFO, client.info());
        // A session whose client has set no level gets all messages; a modern request without one gets none.
        edit.set(
                Part.PARAMS_META,
                MetaKeys.LOG_LEVEL,
                Json.quote(client.logLevel().orElse("debug")));
        return (Request) edit.apply();
    }

    /** Returns a modern request as a legacy one. */
    static Request toLegacy(Request request) {
        return (Request) request.edit()
                .remove(Part.PARAMS_META, MetaKeys.PROTOCOL_VERSION)
                .remove(Part.PARAMS_META, MetaKeys.CLIENT_CAPABILITIES)
                .remove(Part.PARAMS_META, MetaKeys.CLIENT_INFO)
                .remove(Part.PARAMS_META, MetaKeys.LOG_LEVEL)
                .apply();
    }

    /** Returns a response of an upstream as the client's era has it. */
    static Response response(Response response, Era upstream, Era client, String method) {
        if (response.isError()) {
            return error(response, upstream, client, method);
        }
        if (client == Era.LEGACY) {
            return upstream == Era.LEGACY
                    ? response
                    : (Response) response.edit()
                            .remove(Part.RESULT, "resultType")
                            .remove(Part.RESULT, "ttlMs")
                            .remove(Part.RESULT, "cacheScope")
                            .apply();
        }
        @Nullable MessageEdit edit = null;
        if (response.get(Part.RESULT, "resultType").isEmpty()) {
            edit = response.edit().set(Part.RESULT, "resultType", "\"complete\"");
        }
        boolean isComplete =
                edit != null || response.getString(Part.RESULT, "resultType").equals(Optional.of("complete"));
        if (method.equals(Methods.RESOURCES_READ)
                && isComplete
                && response.get(Part.RESULT, "ttlMs").isEmpty()) {
            edit = (edit == null ? response.edit() : edit)
                    .set(Part.RESULT, "ttlMs", "0")
                    .set(Part.RESULT, "cacheScope", "\"private\"");
        }
        Message bridged = edit == null ? response : edit.apply();
        return (Response) bridged;
    }

    /** What was not found has a code of its own in sessions, and none since. */
    private static Response error(Response response, Era upstream, Era client, String method) {
        int code = response.errorCode();
        if (client == Era.MODERN && code == ErrorCodes.RESOURCE_NOT_FOUND) {
            return withCode(response, ErrorCodes.INVALID_PARAMS);
        }
        boolean isUnknownResource = method.equals(Methods.RESOURCES_READ)
                && code == ErrorCodes.INVALID_PARAMS
                && response.get(Part.ERROR, "data")
                        .flatMap(data -> data.get("uri"))
                        .isPresent();
        return client == Era.LEGACY && upstream == Era.MODERN && isUnknownResource
                ? withCode(response, ErrorCodes.RESOURCE_NOT_FOUND)
                : response;
    }

    private static Response withCode(Response response, int code) {
        return (Response)
                response.edit().set(Part.ERROR, "code", Integer.toString(code)).apply();
    }
}
