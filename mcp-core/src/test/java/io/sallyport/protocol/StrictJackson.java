package io.sallyport.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.json.JsonMapper;

/** Jackson at its strictest: what the scanner is measured against. */
final class StrictJackson {

    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    /** What Jackson read, which may be null. */
    record Document(Object tree) {}

    private StrictJackson() {}

    static Optional<Document> read(byte[] bytes) {
        try {
            return Optional.of(new Document(MAPPER.readValue(bytes, Object.class)));
        } catch (JacksonException refused) {
            return Optional.empty();
        }
    }

    /**
     * Returns why we refuse as no JSON what Jackson has read, or nothing if there is no reason that we know of. This is
     * the whole list of where we are stricter.
     */
    private static Optional<String> whyNotJson(byte[] bytes, Document document) {
        if (!isUtf8(bytes)) {
            return Optional.of(
                    "Jackson lets overlong and too large characters pass in strings, and reads UTF-16 and -32");
        }
        String text = new String(bytes, StandardCharsets.UTF_8);
        if (text.startsWith("\uFEFF")) {
            return Optional.of("a byte order mark, which RFC 8259 forbids to send");
        }
        if (text.indexOf('\u0000') >= 0) {
            return Optional.of("UTF-16 or UTF-32 without a byte order mark");
        }
        if (!(document.tree() instanceof Map<?, ?> message)) {
            return Optional.of("no object, hence no message");
        }
        if (hasTwinsInEnvelope(message)) {
            return Optional.of("names in the envelope that differ in case only");
        }
        return Optional.empty();
    }

    /** Compares what the scanner says with what Jackson says, and returns in a word what that was. */
    static String compare(byte[] bytes) {
        Document document = read(bytes).orElse(null);
        try {
            Message message = Message.parse(bytes.clone(), MessageLimits.forClients());
            assertThat(document).as("Jackson's view of what we accept").isNotNull();
            assertThat(Json.read(message.get(Part.MESSAGE).orElseThrow())).isEqualTo(document.tree());
            return "both accept";
        } catch (MalformedMessageException refusal) {
            assertThat(refusal.offset()).isBetween(0, bytes.length);
            if (document == null) {
                return "both refuse";
            }
            return switch (refusal.kind()) {
                case NOT_JSON -> {
                    assertThat(whyNotJson(bytes, document))
                            .as(refusal.getMessage())
                            .isPresent();
                    yield "stricter";
                }
                case BATCH -> {
                    assertThat(document.tree()).isInstanceOf(List.class);
                    yield "no message";
                }
                case NOT_A_MESSAGE -> "no message";
                case TOO_LARGE, BEYOND_LIMIT -> "beyond a limit";
            };
        }
    }

    private static boolean isUtf8(byte[] bytes) {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
            return true;
        } catch (CharacterCodingException malformed) {
            return false;
        }
    }

    private static boolean hasTwinsInEnvelope(Map<?, ?> message) {
        if (hasTwins(message) || hasTwins(message.get("error"))) {
            return true;
        }
        for (String part : List.of("params", "result")) {
            if (hasTwins(message.get(part))
                    || message.get(part) instanceof Map<?, ?> found && hasTwins(found.get("_meta"))) {
                return true;
            }
        }
        return false;
    }

    private static boolean hasTwins(Object part) {
        Set<String> seen = new HashSet<>();
        return part instanceof Map<?, ?> members
                && !members.keySet().stream()
                        .map(String::valueOf)
                        // One way and the other: a few characters are equal only in upper case, others only in lower.
                        .map(name -> name.chars()
                                .map(c -> Character.toLowerCase(Character.toUpperCase(c)))
                                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                                .toString())
                        .allMatch(seen::add);
    }
}
