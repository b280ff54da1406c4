package io.sallyport.upstream.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.Message;
import io.sallyport.protocol.Request;
import io.sallyport.spi.Principal;
import io.sallyport.spi.Sealer;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RequestStateTest {

    private static final Principal ANN = new Principal("i", "c", "ann", "t");
    private static final Instant NOW = Instant.parse("2026-07-28T12:00:00Z");
    private static final String CALL = request("{\"name\":\"t\",\"arguments\":{\"a\":1}}");

    private final Sealer sealer = Sealer.ephemeral();
    private final String sealed = RequestState.seal(sealer, "state é", parsed(CALL), ANN, NOW);

    @Test
    void theStateComesBackWithTheNextRound() {
        String next = request("{\"requestState\":\"x\",\"name\":\"t\",\"arguments\":{\"a\":1},\"inputResponses\":{}}")
                .replace("\"id\":1", "\"id\":2");

        assertThat(RequestState.open(sealer, sealed, parsed(next), ANN, NOW)).contains("state é");
    }

    @Test
    void itIsGoodForTenMinutes() {
        Instant end = NOW.plus(Duration.ofMinutes(10));

        assertThat(RequestState.open(sealer, sealed, parsed(CALL), ANN, end.minusMillis(1)))
                .isPresent();
        assertThat(RequestState.open(sealer, sealed, parsed(CALL), ANN, end)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"x, c, ann, t", "i, x, ann, t", "i, c, bob, t", "i, c, ann, x", "ic, '', ann, t"})
    void itIsNobodyElses(String issuer, String client, String subject, String tenant) {
        Principal other = new Principal(issuer, client, subject, tenant);

        assertThat(RequestState.open(sealer, sealed, parsed(CALL), other, NOW)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"name\":\"u\",\"arguments\":{\"a\":1}}",
                "{\"name\":\"t\",\"arguments\":{\"a\":2}}",
                "{\"name\":\"t\",\"arguments\":{\"a\":1,\"b\":1}}",
                "{\"name\":\"t\"}",
                "{\"name\":\"t\",\"uri\":\"x\",\"arguments\":{\"a\":1}}",
            })
    void itIsOfNoOtherCall(String params) {
        assertThat(RequestState.open(sealer, sealed, parsed(request(params)), ANN, NOW))
                .isEmpty();
    }

    @Test
    void itIsOfNoOtherMethod() {
        assertThat(RequestState.open(sealer, sealed, parsed(CALL.replace("tools/call", "prompts/get")), ANN, NOW))
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "not base64!", "AAAA", "é"})
    void whatWasNeverGivenOutIsNoState(String given) {
        assertThat(RequestState.open(sealer, given, parsed(CALL), ANN, NOW)).isEmpty();
    }

    private static String request(String params) {
        return "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":" + params + "}";
    }

    private static Request parsed(String json) {
        try {
            return (Request) Message.parse(
                    json.getBytes(java.nio.charset.StandardCharsets.UTF_8),
                    io.sallyport.protocol.MessageLimits.forClients());
        } catch (io.sallyport.protocol.MalformedMessageException e) {
            throw new AssertionError(e);
        }
    }
}
