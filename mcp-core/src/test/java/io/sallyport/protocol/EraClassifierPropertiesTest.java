package io.sallyport.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.EraClassifier.Legacy;
import io.sallyport.protocol.EraClassifier.Modern;
import io.sallyport.protocol.EraClassifier.Outcome;
import io.sallyport.protocol.EraClassifier.Refused;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.statistics.Statistics;

class EraClassifierPropertiesTest {

    private static final List<String> VERSIONS = List.of(
            "\"2026-07-28\"", "\"2026-07-28\"", "\"2025-11-25\"", "\"2027-01-01\"", "\"x\"", "\"\"", "1", "null", "{}");
    private static final List<String> METHODS = List.of(
            "tools/call",
            "tools/call",
            "tools/list",
            "prompts/get",
            "resources/read",
            "tasks/get",
            "initialize",
            "\u00e4",
            "x\n");
    private static final List<String> VERSION_HEADERS =
            List.of("2026-07-28", "2026-07-28", " 2026-07-28 ", "2025-11-25", "2027-01-01", "x", "");
    private static final List<String> NAMES = List.of("a", "a", "b", "\u00e4", " a ", "");

    /** A message with the headers of its own or of another, more often right than wrong in each single thing. */
    record Posted(Message message, Sent headers) {}

    @Provide
    Arbitrary<Posted> posted() {
        return Arbitraries.randomValue(EraClassifierPropertiesTest::post);
    }

    @Property
    void everythingHasExactlyOneOutcomeAndAlwaysTheSame(@ForAll("posted") Posted posted) {
        Outcome outcome = EraClassifier.classify(posted.message(), posted.headers());

        assertThat(List.of(outcome instanceof Modern, outcome instanceof Legacy, outcome instanceof Refused))
                .containsOnlyOnce(true);
        assertThat(EraClassifier.classify(posted.message(), posted.headers())).isEqualTo(outcome);
        Statistics.collect(outcome.getClass().getSimpleName());
        Statistics.coverage(coverage -> {
            coverage.check("Modern").percentage(percent -> percent > 1);
            coverage.check("Legacy").percentage(percent -> percent > 1);
            coverage.check("Refused").percentage(percent -> percent > 1);
        });
    }

    @Property
    void refusalIsAStatusAndACodeThatTheSpecificationHasForIt(@ForAll("posted") Posted posted) {
        if (EraClassifier.classify(posted.message(), posted.headers()) instanceof Refused refused) {
            assertThat(refused.status()).isEqualTo(400);
            assertThat(refused.error().code())
                    .isIn(
                            ErrorCodes.INVALID_PARAMS,
                            ErrorCodes.HEADER_MISMATCH,
                            ErrorCodes.UNSUPPORTED_PROTOCOL_VERSION);
            assertThat(Response.error(RequestId.of(1), refused.error()).errorCode())
                    .isEqualTo(refused.error().code());
        }
    }

    @Property
    void modernRequestIsCompleteAndAgreesWithItsHeaders(@ForAll("posted") Posted posted) {
        Outcome outcome = EraClassifier.classify(posted.message(), posted.headers());

        if (outcome instanceof Modern modern) {
            assertThat(modern.version()).isEqualTo("2026-07-28");
        }
        if (outcome instanceof Modern && posted.message() instanceof Request request) {
            assertThat(request.getString(Part.PARAMS_META, MetaKeys.PROTOCOL_VERSION))
                    .hasValue("2026-07-28");
            assertThat(request.get(Part.PARAMS_META, MetaKeys.CLIENT_CAPABILITIES)
                            .orElseThrow()
                            .isObject())
                    .isTrue();
            assertThat(posted.headers().single("mcp-protocol-version")).hasValue("2026-07-28");
            assertThat(posted.headers().single("mcp-method").flatMap(McpHeaders::decode))
                    .hasValue(request.method());
            McpHeaders.namedParam(request.method())
                    .ifPresent(param -> assertThat(
                                    posted.headers().single("mcp-name").flatMap(McpHeaders::decode))
                            .isEqualTo(request.getString(Part.PARAMS, param))
                            .isPresent());
        }
    }

    @Property
    void headersAloneNeitherRaiseNorLowerTheEraOfARequest(@ForAll("posted") Posted posted) {
        if (posted.message() instanceof Request request) {
            Outcome outcome = EraClassifier.classify(request, posted.headers());
            boolean claims =
                    request.get(Part.PARAMS_META, MetaKeys.PROTOCOL_VERSION).isPresent();
            if (!claims) {
                assertThat(outcome).isNotInstanceOf(Modern.class);
            } else if (!request.method().equals("initialize")) {
                assertThat(outcome).isNotInstanceOf(Legacy.class);
            }
        }
    }

    @Property
    void everyOtherHeaderIsIgnored(@ForAll("posted") Posted posted) {
        Outcome outcome = EraClassifier.classify(posted.message(), posted.headers());

        posted.headers().and("Mcp-Session-Id", "x").and("Last-Event-ID", "1").and("Mcp-Param-X", "y");

        assertThat(EraClassifier.classify(posted.message(), posted.headers())).isEqualTo(outcome);
    }

    private static Posted post(Random random) {
        String method = oneOf(METHODS, random);
        String name = oneOf(NAMES, random);
        String version = oneOf(VERSIONS, random);
        return new Posted(message(method, name, version, random), headers(method, name, version, random));
    }

    private static Message message(String method, String name, String version, Random random) {
        if (random.nextInt(20) == 0) {
            return Response.result(RequestId.of(1), Map.of());
        }
        Map<String, Object> meta = new LinkedHashMap<>();
        if (random.nextInt(4) > 0) {
            meta.put(MetaKeys.PROTOCOL_VERSION, value(version));
        }
        if (random.nextInt(6) > 0) {
            meta.put(MetaKeys.CLIENT_CAPABILITIES, value(random.nextInt(9) > 0 ? "{}" : "1"));
        }
        if (random.nextInt(3) == 0) {
            meta.put(MetaKeys.CLIENT_INFO, value(random.nextInt(9) > 0 ? "{}" : "[]"));
        }
        if (random.nextInt(3) == 0) {
            meta.put(MetaKeys.LOG_LEVEL, random.nextInt(9) > 0 ? "info" : "loud");
        }
        Map<String, Object> params = new LinkedHashMap<>();
        if (random.nextInt(9) > 0) {
            params.put("_meta", meta);
        }
        Optional<String> named = McpHeaders.namedParam(method);
        if (named.isPresent() && random.nextInt(9) > 0) {
            params.put(named.get(), random.nextInt(9) > 0 ? name : value("7"));
        }
        return random.nextInt(4) == 0 ? Notification.of(method, params) : Request.of(RequestId.of(1), method, params);
    }

    private static Sent headers(String method, String name, String version, Random random) {
        Sent headers = new Sent();
        String rightVersion = version.replace("\"", "");
        add(headers, "MCP-Protocol-Version", rightVersion, oneOf(VERSION_HEADERS, random), random);
        add(headers, "Mcp-Method", McpHeaders.encode(method), oneOf(METHODS, random), random);
        add(headers, "Mcp-Name", McpHeaders.encode(name), oneOf(NAMES, random), random);
        return headers;
    }

    private static void add(Sent headers, String name, String right, String any, Random random) {
        switch (random.nextInt(10)) {
            case 0 -> {
                // Missing.
            }
            case 1 -> headers.and(name, any);
            case 2 -> headers.and(name, right).and(name, any);
            default -> headers.and(name, right);
        }
    }

    private static JsonValue value(String json) {
        return Wire.value(json);
    }

    private static String oneOf(List<String> values, Random random) {
        return values.get(random.nextInt(values.size()));
    }
}
