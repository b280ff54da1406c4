package io.sallyport.upstream.local;

import io.sallyport.protocol.ErrorCodes;
import io.sallyport.protocol.McpError;
import java.util.Map;

/** Thrown by a handler to answer with a JSON-RPC error. For tools, {@link ToolResult#error} is what models can use. */
public final class CallException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final transient McpError error;

    /** Creates the exception for an error. */
    public CallException(McpError error) {
        super(error.message());
        this.error = error;
    }

    /** Returns an exception for parameters that do not fit, with one sentence for the client. */
    public static CallException invalidParams(String message) {
        return new CallException(McpError.of(ErrorCodes.INVALID_PARAMS, message));
    }

    /** Returns an exception for a client that lacks a capability (revision 2026-07-28). */
    static CallException missingCapability(String capability) {
        return new CallException(new McpError(
                ErrorCodes.MISSING_CLIENT_CAPABILITY,
                "This needs the client capability \"" + capability + "\"",
                Map.of("requiredCapabilities", Map.of(capability, Map.of()))));
    }

    /** Returns an exception for a request state that was not given out for such a call. */
    static CallException invalidState() {
        return new CallException(new McpError(
                ErrorCodes.INVALID_PARAMS,
                "params.requestState is not valid for this call",
                Map.of("state", "invalid")));
    }

    /** Returns the error. */
    public McpError error() {
        return error;
    }
}
