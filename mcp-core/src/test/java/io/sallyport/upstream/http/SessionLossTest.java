package io.sallyport.upstream.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.McpError;
import io.sallyport.protocol.MessageLimits;
import io.sallyport.protocol.RequestId;
import io.sallyport.protocol.Response;
import io.sallyport.testing.Incident;
import java.nio.charset.StandardCharsets;
import org.apache.hc.core5.http.message.BasicHttpResponse;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Incident("X6")
class SessionLossTest {

    private static final RequestId ID = RequestId.of(5);
    private static final MessageLimits LIMITS = MessageLimits.forUpstreams();

    private static boolean isTold(int status, String body, String sessionId) {
        HttpReply reply = new HttpReply(new BasicHttpResponse(status), body.getBytes(StandardCharsets.UTF_8));
        return SessionLoss.isTold(reply, sessionId, ID, LIMITS);
    }

    private static String error(String id, int code, String message) {
        return "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"error\":{\"code\":" + code + ",\"message\":\"" + message
                + "\"}}";
    }

    @ParameterizedTest
    @CsvSource({
        "404, null, -32001, Session not found",
        "404, 5, -32001, Session not found",
        "404, \"x\", -32603, whatever",
        "400, null, -32600, Session not found",
        "400, 5, -32600, Session has been terminated",
        "400, null, -32001, Anything",
        "400, null, -32000, Bad Request: No valid session ID provided",
        "400, null, -32000, Bad Request: Mcp-Session-Id header is required: invalid session",
        "400, null, 32600, Session terminated",
        "400, null, -32000, Bad Request: Server not initialized",
    })
    void recognisesARefusalByItsError(int status, String id, int code, String message) {
        assertThat(isTold(status, error(id, code, message), "s")).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "404, ''",
        "404, <html>Not found</html>",
        "400, session not found",
        "400, Invalid session ID",
        "400, Unknown session abc",
        "400, The Mcp-Session-Id is missing or has expired",
    })
    void recognisesARefusalByItsText(int status, String body) {
        assertThat(isTold(status, body, "s")).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "404, 5, -32601, Method not found",
        "400, 5, -32602, Invalid params: the session argument is required",
        "400, null, -32700, Parse error",
        "500, null, -32001, Session not found",
        "401, null, -32001, Session expired",
    })
    void takesOtherErrorsForWhatTheyAre(int status, String id, int code, String message) {
        assertThat(isTold(status, error(id, code, message), "s")).isFalse();
    }

    @Test
    void doesNotTakeA404ForALostSessionWhereThereWasNone() {
        assertThat(isTold(404, "", null)).isFalse();
        assertThat(isTold(400, error("null", -32000, "Server not initialized"), null))
                .as("a server without session ids may still want to be initialized")
                .isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "true, 32600, Session terminated",
        "true, -32600, Session terminated",
        "true, -32000, Session not found",
        "true, -32001, Error: Session not found.",
        "true, -32000, Invalid session ID",
        "true, -32600, Server not initialized",
        "false, -32000, Browser session 42 not found",
        "false, -32602, Session not found",
        "false, -32000, The session argument is invalid",
    })
    void recognisesAnAnswerThatSaysSoAndLeavesThoseOfToolsAlone(boolean isTold, int code, String message) {
        assertThat(SessionLoss.isTold(Response.error(ID, McpError.of(code, message))))
                .isEqualTo(isTold);
    }
}
