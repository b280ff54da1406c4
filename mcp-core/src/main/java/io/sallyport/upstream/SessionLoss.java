package io.sallyport.upstream;

import io.sallyport.protocol.ErrorCodes;
import io.sallyport.protocol.MessageLimits;
import io.sallyport.protocol.Part;
import io.sallyport.protocol.RequestId;
import io.sallyport.protocol.Response;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Recognises that a legacy upstream has forgotten a session. The specification knows one way to say so, a 404; servers
 * in use know many more.
 */
final class SessionLoss {

    private static final Pattern WORDS =
            Pattern.compile("session.{0,80}\\b(not found|not exist|terminated|expired|invalid|"
                    + "unknown|closed|missing|required|not valid|no longer)|\\b(no valid|invalid|unknown|missing|expired|no such|no|"
                    + "bad) (mcp[- ])?session|server not initiali[sz]ed|not initiali[sz]ed");

    private static final int JSON_RPC_INVALID_REQUEST_WITHOUT_SIGN = 32600;
    private static final int SERVER_ERROR = -32000;

    private SessionLoss() {}

    /**
     * Returns whether an HTTP answer says that the session is gone, and with it that the request was not carried out.
     *
     * @param sessionId the session that the request named, if it named one
     * @param requestId the request's id; null for a notification or an answer
     */
    static boolean isTold(
            HttpReply reply, @Nullable String sessionId, @Nullable RequestId requestId, MessageLimits limits) {
        int status = reply.status();
        if (status != 404 && status != 400) {
            return false;
        }
        Optional<Response> error = reply.error(limits);
        boolean isAnswer = requestId != null
                && error.flatMap(Response::id).filter(requestId::equals).isPresent();
        if (status == 404 && sessionId != null) {
            // A server may also use 404 for a method that it does not have; then it names the request.
            return !isAnswer || error.filter(SessionLoss::speaksOfSession).isPresent();
        }
        if (error.isPresent()) {
            return speaksOfSession(error.get())
                    || sessionId != null && error.get().errorCode() == ErrorCodes.SESSION_NOT_FOUND;
        }
        return speaksOfSession(reply.text());
    }

    /** Returns whether an answer in a 200 says so. */
    static boolean isTold(Response response) {
        return response.isError() && isUsual(response.errorCode()) && speaksOfSession(response);
    }

    private static boolean isUsual(int code) {
        return code == ErrorCodes.INVALID_REQUEST
                || code == ErrorCodes.SESSION_NOT_FOUND
                || code == JSON_RPC_INVALID_REQUEST_WITHOUT_SIGN
                || code == SERVER_ERROR;
    }

    private static boolean speaksOfSession(Response response) {
        return response.getString(Part.ERROR, "message")
                .map(SessionLoss::speaksOfSession)
                .orElse(false);
    }

    private static boolean speaksOfSession(String text) {
        String words = text.length() > 2000 ? text.substring(0, 2000) : text;
        return WORDS.matcher(words.toLowerCase(Locale.ROOT)).find();
    }
}
