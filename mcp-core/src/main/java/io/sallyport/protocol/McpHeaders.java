package io.sallyport.protocol;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The HTTP headers of MCP, and the form in which a header mirrors a value of the body (revision 2026-07-28,
 * "Streamable HTTP"; SEP-2243).
 */
public final class McpHeaders {

    /** The revision spoken. */
    public static final String PROTOCOL_VERSION = "MCP-Protocol-Version";
    /** Legacy: the session. */
    public static final String SESSION_ID = "Mcp-Session-Id";
    /** Modern: mirrors {@code method}. */
    public static final String METHOD = "Mcp-Method";
    /** Modern: mirrors {@code params.name} or {@code params.uri}. */
    public static final String NAME = "Mcp-Name";
    /** Modern: begins the headers that mirror arguments of a tool. */
    public static final String PARAM_PREFIX = "Mcp-Param-";
    /** Legacy: the last event of a stream that is to be resumed. */
    public static final String LAST_EVENT_ID = "Last-Event-ID";

    private static final String ENCODED_START = "=?base64?";
    private static final String ENCODED_END = "?=";

    private McpHeaders() {}

    /** The headers of a request, by name without regard to case. */
    @FunctionalInterface
    public interface Source {
        /** Returns all values of a header in their order; empty if the request does not have it. */
        List<String> values(String name);

        /** Returns the names of the headers; empty if this source cannot list them. */
        default Set<String> names() {
            return Set.of();
        }

        /** Returns the only value of a header without white space around it; nothing if there is none or several. */
        default Optional<String> single(String name) {
            List<String> values = values(name);
            return values.size() == 1 ? Optional.of(trim(values.get(0))) : Optional.empty();
        }
    }

    /**
     * Returns the value that a header mirrors, decoded if it is written as {@code =?base64?…?=}; nothing if it holds
     * characters that it may not hold, or is not what it claims to be.
     */
    public static Optional<String> decode(String header) {
        String value = trim(header);
        if (!value.startsWith(ENCODED_START)
                || !value.endsWith(ENCODED_END)
                || value.length() < ENCODED_START.length() + ENCODED_END.length()) {
            return isPlain(value) ? Optional.of(value) : Optional.empty();
        }
        String base64 = value.substring(ENCODED_START.length(), value.length() - ENCODED_END.length());
        if (base64.length() % 4 != 0) {
            // The JDK's decoder would let missing padding pass.
            return Optional.empty();
        }
        try {
            return Optional.of(StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(Base64.getDecoder().decode(base64)))
                    .toString());
        } catch (IllegalArgumentException | CharacterCodingException notDecodable) {
            return Optional.empty();
        }
    }

    /** Returns the header's value that mirrors {@code value}: as it is where that is safe, else in Base64. */
    public static String encode(String value) {
        boolean asItIs = isPlain(value) && value.equals(trim(value)) && !value.startsWith(ENCODED_START);
        return asItIs
                ? value
                : ENCODED_START
                        + Base64.getEncoder().encodeToString(value.getBytes(StandardCharsets.UTF_8))
                        + ENCODED_END;
    }

    /** Returns the parameter that {@link #NAME} mirrors for this method, if it mirrors one. */
    public static Optional<String> namedParam(String method) {
        return switch (method) {
            case Methods.TOOLS_CALL, Methods.PROMPTS_GET -> Optional.of("name");
            case Methods.RESOURCES_READ -> Optional.of("uri");
            case "tasks/get", "tasks/update", "tasks/cancel" -> Optional.of("taskId");
            default -> Optional.empty();
        };
    }

    private static boolean isPlain(String value) {
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c < 0x20 && c != '\t' || c > 0x7E) {
                return false;
            }
        }
        return true;
    }

    /** Removes optional white space as of RFC 9110, section 5.6.3: spaces and tabs, nothing else. */
    static String trim(String value) {
        int start = 0;
        int end = value.length();
        while (start < end && isSpace(value.charAt(start))) {
            start++;
        }
        while (end > start && isSpace(value.charAt(end - 1))) {
            end--;
        }
        return value.substring(start, end);
    }

    private static boolean isSpace(char c) {
        return c == ' ' || c == '\t';
    }
}
