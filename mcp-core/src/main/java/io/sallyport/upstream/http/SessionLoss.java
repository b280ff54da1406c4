package io.sallyport.upstream.http;

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

    private static final String GONE = "(not found|does not exist|not exist|terminated|expired|invalid|unknown|closed|"
            + "missing|required|not valid|no longer)";
    private static final String NO_SESSION =
            "(no valid|invalid|unknown|missing|expired|no such|bad|no) (mcp[- ])?session";

    /** Anywhere in what a refused HTTP request was answered with. */
    private static final Pattern IN_REFUSAL =
            Pattern.compile("session\\b.{0,80}\\b" + GONE + "|\\b" + NO_SESSION + "|\\bnot initiali[sz]ed");

    /**
     * As the message of an error in a 200, which a tool may have written too: a tool that has sessions of its own says
     * which one it did not find, and somewhere in a sentence.
     */
    private static final Pattern AS_ANSWER = Pattern.compile("^((bad request|error|invalid request): )?"
            + "((mcp[- ])?session (id )?(is |has been |was )?" + GONE + "|" + NO_SESSION
            + "( id)?( provided)?|server not initiali[sz]ed)[.!]?$");

    private static final int JSON_RPC_INVALID_REQUEST_WITHOUT_SIGN = 32600;
    private static final int SERVER_ERROR = -32000;
    private static final int MAX_CHARS = 2000;

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
            return !isAnswer || error.filter(SessionLoss::isTold).isPresent();
        }
        if (error.isEmpty()) {
            return IN_REFUSAL.matcher(beginning(reply.text())).find();
        }
        int code = error.get().errorCode();
        boolean speaksOfSession =
                isUsual(code) && IN_REFUSAL.matcher(message(error.get())).find();
        return speaksOfSession || sessionId != null && code == ErrorCodes.SESSION_NOT_FOUND;
    }

    /** Returns whether an answer in a 200 says so. */
    static boolean isTold(Response response) {
        return response.isError()
                && isUsual(response.errorCode())
                && AS_ANSWER.matcher(message(response)).find();
    }

    private static boolean isUsual(int code) {
        return code == ErrorCodes.INVALID_REQUEST
                || code == ErrorCodes.SESSION_NOT_FOUND
                || code == JSON_RPC_INVALID_REQUEST_WITHOUT_SIGN
                || code == SERVER_ERROR;
    }

    private static String message(Response response) {
        return beginning(response.getString(Part.ERROR, "message").orElse(""));
    }

    private static String beginning(String text) {
        return text.substring(0, Math.min(text.length(), MAX_CHARS)).trim().toLowerCase(Locale.ROOT);
    }
}
