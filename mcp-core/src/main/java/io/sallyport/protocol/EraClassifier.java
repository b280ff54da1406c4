package io.sallyport.protocol;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Decides which era a posted message belongs to, and refuses what fits neither. The body decides; headers are claims
 * that have to agree with it, and alone they neither raise nor lower the era.
 *
 * <p>Source: revision 2026-07-28, "Versioning" and "Streamable HTTP", and the behaviour of the TypeScript SDK where the
 * specification leaves it open (notifications). Stateless and thread-safe.
 */
public final class EraClassifier {

    private static final Set<String> LOG_LEVELS =
            Set.of("debug", "info", "notice", "warning", "error", "critical", "alert", "emergency");

    private static final int BAD_REQUEST = 400;

    /** A longer value is not repeated in an error: who sent it knows it. */
    private static final int LONGEST_SHOWN = 128;

    private EraClassifier() {}

    /** What a message was found to be. */
    public sealed interface Outcome {}

    /** Served without a session; the envelope is complete and agrees with the headers. */
    public record Modern(String version) implements Outcome {}

    /** Served under the rules of sessions, which are not checked here. */
    public record Legacy() implements Outcome {}

    /** Served by nobody. */
    public record Refused(int status, McpError error) implements Outcome {}

    private static final Outcome LEGACY = new Legacy();

    /** Classifies a message by itself and the headers that it came with. */
    public static Outcome classify(Message message, McpHeaders.Source headers) {
        if (message instanceof Response) {
            return LEGACY;
        }
        Optional<JsonValue> claim = message.get(Part.PARAMS_META, MetaKeys.PROTOCOL_VERSION);
        Optional<String> header = headers.single(McpHeaders.PROTOCOL_VERSION);
        boolean headerIsModern = header.filter(ProtocolVersion::namesModernEra).isPresent();
        if (message instanceof Notification notification) {
            return notification(notification, claim, headers);
        }
        Request request = (Request) message;
        if (request.method().equals(Methods.INITIALIZE) && !hasModernEnvelope(request, claim)) {
            return headerIsModern
                    ? mismatch("initialize belongs to revisions before 2026-07-28, but the header "
                            + McpHeaders.PROTOCOL_VERSION + " names " + header.get())
                    : LEGACY;
        }
        if (claim.isPresent()) {
            return modern(request, claim.get(), headers);
        }
        return headerIsModern ? missingEnvelope(request) : LEGACY;
    }

    /** A notification needs neither a claim nor headers; those that it has must agree. */
    private static Outcome notification(
            Notification notification, Optional<JsonValue> claim, McpHeaders.Source headers) {
        Optional<String> header = headers.single(McpHeaders.PROTOCOL_VERSION);
        if (claim.isEmpty() && header.filter(ProtocolVersion::namesModernEra).isEmpty()) {
            return LEGACY;
        }
        Optional<String> version = claim.isPresent() ? claim.get().asString() : header;
        if (version.isEmpty()) {
            return notAString();
        }
        if (header.isPresent() && !header.equals(version)) {
            return versionMismatch(header.get(), version.get());
        }
        if (!ProtocolVersion.isServedModern(version.get())) {
            return unsupported(version.get());
        }
        Optional<Refused> fault = headers.values(McpHeaders.METHOD).isEmpty()
                ? Optional.empty()
                : mirrorFault(headers, McpHeaders.METHOD, "method", notification.method());
        return fault.isPresent() ? fault.get() : new Modern(version.get());
    }

    private static boolean hasModernEnvelope(Request request, Optional<JsonValue> claim) {
        return claim.flatMap(JsonValue::asString)
                        .filter(ProtocolVersion::namesModernEra)
                        .isPresent()
                && envelopeFault(request).isEmpty();
    }

    private static Outcome modern(Request request, JsonValue claim, McpHeaders.Source headers) {
        Optional<String> claimed = claim.asString();
        if (claimed.isEmpty()) {
            return notAString();
        }
        String version = claimed.get();
        List<String> versionHeaders = headers.values(McpHeaders.PROTOCOL_VERSION);
        if (versionHeaders.size() != 1) {
            return mismatch(missingOrSeveral(McpHeaders.PROTOCOL_VERSION, versionHeaders, version));
        }
        if (!McpHeaders.trim(versionHeaders.get(0)).equals(version)) {
            return versionMismatch(versionHeaders.get(0), version);
        }
        if (!ProtocolVersion.isServedModern(version)) {
            return unsupported(version);
        }
        Optional<Refused> fault = envelopeFault(request)
                .or(() -> mirrorFault(headers, McpHeaders.METHOD, "method", request.method()))
                .or(() -> nameFault(request, headers));
        return fault.isPresent() ? fault.get() : new Modern(version);
    }

    private static Optional<Refused> envelopeFault(Request request) {
        Optional<JsonValue> capabilities = request.get(Part.PARAMS_META, MetaKeys.CLIENT_CAPABILITIES);
        if (capabilities.isEmpty()) {
            return Optional.of(missingEnvelope(request));
        }
        if (!capabilities.get().isObject()) {
            return Optional.of(invalidParams("_meta[\"" + MetaKeys.CLIENT_CAPABILITIES + "\"] must be an object"));
        }
        Optional<JsonValue> info = request.get(Part.PARAMS_META, MetaKeys.CLIENT_INFO);
        if (info.isPresent() && !info.get().isObject()) {
            return Optional.of(invalidParams("_meta[\"" + MetaKeys.CLIENT_INFO + "\"] must be an object"));
        }
        Optional<JsonValue> level = request.get(Part.PARAMS_META, MetaKeys.LOG_LEVEL);
        if (level.isPresent()
                && level.get().asString().filter(LOG_LEVELS::contains).isEmpty()) {
            return Optional.of(invalidParams("_meta[\"" + MetaKeys.LOG_LEVEL
                    + "\"] must be one of debug, info, notice, warning, error, critical, alert, emergency"));
        }
        return Optional.empty();
    }

    private static Optional<Refused> nameFault(Request request, McpHeaders.Source headers) {
        Optional<String> param = McpHeaders.namedParam(request.method());
        if (param.isEmpty()) {
            return Optional.empty();
        }
        Optional<String> value = request.getString(Part.PARAMS, param.get());
        if (value.isEmpty()) {
            return Optional.of(invalidParams("params." + param.get() + " must be a string"));
        }
        return mirrorFault(headers, McpHeaders.NAME, "params." + param.get(), value.get());
    }

    private static Optional<Refused> mirrorFault(
            McpHeaders.Source headers, String header, String member, String value) {
        List<String> values = headers.values(header);
        if (values.size() != 1) {
            return Optional.of(mismatch(missingOrSeveral(header, values, value)));
        }
        Optional<String> mirrored = McpHeaders.decode(values.get(0));
        if (mirrored.isEmpty()) {
            return Optional.of(mismatch("the header " + header + " holds characters or Base64 that it may not hold"));
        }
        return mirrored.get().equals(value)
                ? Optional.empty()
                : Optional.of(mismatch("the header " + header + " does not agree with " + member));
    }

    private static String missingOrSeveral(String header, List<String> values, String wanted) {
        String fault = values.isEmpty()
                ? "the header " + header + " is missing"
                : "the header " + header + " was sent " + values.size() + " times";
        String encoded = McpHeaders.encode(wanted);
        return encoded.length() > LONGEST_SHOWN ? fault : fault + "; send " + header + ": " + encoded;
    }

    private static Refused missingEnvelope(Request request) {
        List<String> missing = new ArrayList<>();
        for (String key : List.of(MetaKeys.PROTOCOL_VERSION, MetaKeys.CLIENT_CAPABILITIES)) {
            if (request.get(Part.PARAMS_META, key).isEmpty()) {
                missing.add(key);
            }
        }
        return invalidParams("params._meta lacks " + String.join(" and ", missing));
    }

    private static Refused notAString() {
        return invalidParams("_meta[\"" + MetaKeys.PROTOCOL_VERSION + "\"] must be a string");
    }

    private static Refused versionMismatch(String header, String body) {
        return mismatch("the header " + McpHeaders.PROTOCOL_VERSION + " says " + Json.quote(header) + ", the body says "
                + Json.quote(body));
    }

    private static Refused unsupported(String requested) {
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("supported", ProtocolVersion.MODERN);
        data.put("requested", requested);
        return new Refused(
                BAD_REQUEST,
                new McpError(ErrorCodes.UNSUPPORTED_PROTOCOL_VERSION, "Unsupported protocol version", data));
    }

    private static Refused mismatch(String reason) {
        return new Refused(BAD_REQUEST, McpError.of(ErrorCodes.HEADER_MISMATCH, "Header mismatch: " + reason));
    }

    private static Refused invalidParams(String reason) {
        return new Refused(BAD_REQUEST, McpError.of(ErrorCodes.INVALID_PARAMS, "Invalid params: " + reason));
    }
}
