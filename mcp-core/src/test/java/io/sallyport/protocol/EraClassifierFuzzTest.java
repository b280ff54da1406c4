package io.sallyport.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.DictionaryEntries;
import com.code_intelligence.jazzer.junit.FuzzTest;
import io.sallyport.protocol.EraClassifier.Modern;
import io.sallyport.protocol.EraClassifier.Outcome;
import io.sallyport.protocol.EraClassifier.Refused;
import java.nio.charset.StandardCharsets;

/** The classifier on whatever headers and bodies the fuzzer finds; an input is headers, an empty line and a body. */
class EraClassifierFuzzTest {

    @FuzzTest(maxDuration = "10m")
    @DictionaryEntries({
        "MCP-Protocol-Version: 2026-07-28;",
        "Mcp-Method: tools/call;",
        "Mcp-Name: ",
        "=?base64?",
        "?=",
        "\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\"",
        "\"io.modelcontextprotocol/clientCapabilities\":{}",
        "\"io.modelcontextprotocol/clientInfo\":{}",
        "\"io.modelcontextprotocol/logLevel\":\"info\"",
        "\"params\":{\"_meta\":{",
        "\"initialize\"",
        "2025-11-25",
        "2027-01-01"
    })
    void givesEveryMessageOneOutcomeThatCanBeAnswered(byte[] input) {
        // As a container does: bytes of headers are characters.
        String text = new String(input, StandardCharsets.ISO_8859_1);
        int end = text.indexOf("\n\n");
        if (end < 0) {
            return;
        }
        Sent headers = Sent.reading(text.substring(0, end));
        Message message;
        try {
            message = Message.parse(
                    text.substring(end + 2).getBytes(StandardCharsets.ISO_8859_1), MessageLimits.forClients());
        } catch (MalformedMessageException noMessage) {
            return;
        }

        Outcome outcome = EraClassifier.classify(message, headers);

        assertThat(EraClassifier.classify(message, headers)).isEqualTo(outcome);
        boolean claims =
                message.get(Part.PARAMS_META, MetaKeys.PROTOCOL_VERSION).isPresent();
        if (outcome instanceof Modern modern) {
            assertThat(ProtocolVersion.isServedModern(modern.version())).isTrue();
            assertThat(message).isNotInstanceOf(Response.class);
            if (message instanceof Request request) {
                assertThat(claims).isTrue();
                assertThat(headers.single(McpHeaders.PROTOCOL_VERSION)).hasValue(modern.version());
                assertThat(headers.single(McpHeaders.METHOD).flatMap(McpHeaders::decode))
                        .hasValue(request.method());
            }
        } else if (outcome instanceof Refused refused) {
            assertThat(refused.status()).isEqualTo(400);
            Response answer = Response.error(message instanceof Request request ? request.id() : null, refused.error());
            assertThat(answer.errorCode()).isEqualTo(refused.error().code());
        } else if (message instanceof Request request) {
            assertThat(claims && !request.method().equals(Methods.INITIALIZE)).isFalse();
        }
    }
}
