package io.sallyport.upstream.http;

import io.sallyport.protocol.MalformedMessageException;
import io.sallyport.protocol.Message;
import io.sallyport.protocol.MessageLimits;
import io.sallyport.protocol.Response;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamFailure.Kind;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Optional;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpResponse;

/**
 * An HTTP answer that is not simply a 200 with messages in it.
 *
 * @param head its status and headers
 * @param body the body; its beginning if that was too long
 */
record HttpReply(HttpResponse head, byte[] body) {

    static final String JSON = "application/json";
    static final String EVENTS = "text/event-stream";

    private static final Duration A_DAY = Duration.ofDays(1);

    private static final String HTML = "a body that begins like HTML or XML";
    private static final String LOOK_AT_URL = "; does the URL end in the path of the MCP endpoint?";

    int status() {
        return head.getCode();
    }

    boolean isSuccess() {
        return status() >= 200 && status() < 300;
    }

    static String header(HttpResponse head, String name) {
        Header header = head.getFirstHeader(name);
        return header == null || header.getValue() == null ? "" : header.getValue();
    }

    /** Returns the content type in lower case, without parameters. */
    static String mediaType(HttpResponse head) {
        String value = header(head, "Content-Type");
        int semicolon = value.indexOf(';');
        return (semicolon < 0 ? value : value.substring(0, semicolon)).trim().toLowerCase(Locale.ROOT);
    }

    /** Returns the JSON-RPC error in the body, if there is one. */
    Optional<Response> error(MessageLimits limits) {
        try {
            return Message.parse(body, limits) instanceof Response response && response.isError()
                    ? Optional.of(response)
                    : Optional.empty();
        } catch (MalformedMessageException notAMessage) {
            return Optional.empty();
        }
    }

    /** Returns the body as text, to look for words in it; it is shown to nobody. */
    String text() {
        return new String(body, StandardCharsets.UTF_8);
    }

    /** Returns what this answer says of a request that it ought to have answered with a message. */
    UpstreamFailure failure() {
        int status = status();
        if (status == 401 || status == 403) {
            String challenge = header(head, "WWW-Authenticate");
            return UpstreamFailure.notSent(
                    Kind.AUTH, describe() + (challenge.isEmpty() ? "" : ", WWW-Authenticate: " + clip(challenge)));
        }
        if (status == 429 || status == 503) {
            String retryAfter = header(head, "Retry-After");
            UpstreamFailure busy = UpstreamFailure.notSent(
                    Kind.OVERLOADED, describe() + (retryAfter.isEmpty() ? "" : ", Retry-After: " + clip(retryAfter)));
            return retryAfter().map(busy::retryAfter).orElse(busy);
        }
        if (status >= 300 && status < 400) {
            return UpstreamFailure.notSent(
                    Kind.PROTOCOL,
                    describe() + ", a redirect to " + clip(header(head, "Location"))
                            + "; redirects are not followed: configure the URL that it leads to");
        }
        if (status == 404 || status == 405) {
            return UpstreamFailure.notSent(Kind.PROTOCOL, describe() + ": this is not an MCP endpoint" + LOOK_AT_URL);
        }
        if (status == 502 || status == 504) {
            // A proxy between here and there; nobody knows how far the request came.
            return UpstreamFailure.maybeExecuted(Kind.INTERRUPTED, describe());
        }
        // A page comes from something that is no MCP server, and carried nothing out. Who knows what others did.
        boolean isPage = mediaType(head).contains("html") || beginning().equals(HTML);
        String expected = describe() + "; expected 200 with " + JSON + " or " + EVENTS + (isPage ? LOOK_AT_URL : "");
        return status >= 500 || isSuccess() && !isPage
                ? UpstreamFailure.maybeExecuted(Kind.PROTOCOL, expected)
                : UpstreamFailure.notSent(Kind.PROTOCOL, expected);
    }

    /** Returns after how long the upstream wants to be asked again, at most a day, if it says so in a way we read. */
    Optional<Duration> retryAfter() {
        String value = header(head, "Retry-After").trim();
        try {
            // A date counts from the upstream's own: its clock need not be ours.
            Duration delay = value.matches("[0-9]{1,9}")
                    ? Duration.ofSeconds(Long.parseLong(value))
                    : Duration.between(date(header(head, "Date")), date(value));
            return Optional.of(delay.isNegative() ? Duration.ZERO : delay.compareTo(A_DAY) > 0 ? A_DAY : delay);
        } catch (DateTimeException neitherSecondsNorDate) {
            return Optional.empty();
        }
    }

    private static Instant date(String value) {
        return Instant.from(DateTimeFormatter.RFC_1123_DATE_TIME.parse(value.trim()));
    }

    /** Returns status, content type and what kind of bytes the body begins with; nothing of the body itself. */
    String describe() {
        String type = header(head, "Content-Type");
        return "HTTP " + status() + ", " + (type.isEmpty() ? "no Content-Type" : clip(type)) + ", " + beginning();
    }

    private String beginning() {
        int start = 0;
        while (start < body.length && Character.isWhitespace(body[start])) {
            start++;
        }
        if (start == body.length) {
            return "an empty body";
        }
        byte first = body[start];
        if (first == '<') {
            return HTML;
        }
        if (first == '{' || first == '[') {
            return "a body that begins like JSON";
        }
        return first > 0x20 && first < 0x7F ? "a body that begins like text" : "a body of binary data";
    }

    /** Whatever an upstream writes into a header, a log line stays a line of bounded length. */
    private static String clip(String text) {
        String line = text.replaceAll("[^\\x20-\\x7E]", "?");
        return line.length() <= 200 ? line : line.substring(0, 200) + "…";
    }
}
