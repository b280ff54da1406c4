package io.sallyport.catalogue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import io.sallyport.testing.Incident;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EndpointCatalogueTest {

    private static final String SCHEMA = "\"inputSchema\":{\"type\":\"object\"}";

    private final Map<String, Map<Kind, List<JsonValue>>> upstreams = new LinkedHashMap<>();
    private final Map<String, Exposure> exposures = new HashMap<>();
    private boolean transparent;

    @Test
    void namesAreUpstreamAndTool() {
        tools("github", "search", "open");
        tools("files", "search");

        assertThat(merged().names(Kind.TOOL)).containsExactly("github__search", "github__open", "files__search");
        assertThat(entry("files__search").upstream()).isEqualTo("files");
        assertThat(entry("files__search").name()).isEqualTo("search");
    }

    @Test
    void theListHasTheSameOrderAndTheSameNames() {
        tools("b", "z", "a");
        tools("a", "y");

        assertThat(listedNames(merged().list(Kind.TOOL))).isEqualTo(merged().names(Kind.TOOL));
        assertThat(merged().names(Kind.TOOL)).containsExactly("b__z", "b__a", "a__y");
    }

    @Test
    void ofADefinitionOnlyTheNameChanges() {
        add("up", Kind.TOOL, "{\"x\":1e2,\"name\":\"t\"," + SCHEMA + ",\"_meta\":{\"b\":[],\"a\":null}}");

        assertThat(merged().list(Kind.TOOL))
                .isEqualTo("[{\"x\":1e2,\"name\":\"up__t\"," + SCHEMA + ",\"_meta\":{\"b\":[],\"a\":null}}]");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a\\nb", "a\\u0000", "\\u001B[2Ja", "a\\u202Eb", "a\\u200Bb", "a\\u2028b", "a\\uD800"})
    void namesWithCharactersThatNobodySeesAreQuarantined(String name) {
        add("up", Kind.TOOL, "{\"name\":\"" + name + "\"," + SCHEMA + "}");
        add("up", Kind.RESOURCE, "{\"name\":\"r\",\"uri\":\"" + name + "\"}");
        tools("up", "héllo wörld 😀");

        assertThat(merged().names(Kind.TOOL)).containsExactly("up__héllo wörld 😀");
        assertThat(merged().names(Kind.RESOURCE)).isEmpty();
        assertThat(merged().quarantined())
                .extracting(EndpointCatalogue.Quarantined::reason)
                .containsExactly(
                        "its name holds characters that nobody sees", "its uri holds characters that nobody sees");
    }

    @Test
    void aTransparentEndpointLeavesDefinitionsAsTheyAre() {
        transparent = true;
        String asSent = "{ \"name\" : \"" + "n".repeat(100) + "\", " + SCHEMA + " }";
        add("up", Kind.TOOL, asSent);

        assertThat(merged().list(Kind.TOOL)).isEqualTo("[" + asSent + "]");
    }

    @ParameterizedTest
    @CsvSource({"59, 63, true", "60, 64, true", "61, 64, false", "500, 64, false"})
    void aNameHasAtMost64Characters(int length, int exposedLength, boolean whole) {
        String name = "t".repeat(length - 1) + "x";
        tools("up", name);

        String exposed = merged().names(Kind.TOOL).get(0);

        assertThat(exposed).hasSize(exposedLength);
        assertThat(exposed.equals("up__" + name)).isEqualTo(whole);
        assertThat(entry(exposed).name()).isEqualTo(name);
    }

    @Test
    void aLongNameKeepsAHashOfTheWhole() {
        String beginning = "t".repeat(60);
        tools("up", beginning + "1", beginning + "2");

        assertThat(merged().names(Kind.TOOL))
                .containsExactly("up__" + "t".repeat(51) + "_3cea29a2", "up__" + "t".repeat(51) + "_6854fc40");
        assertThat(merged().quarantined()).isEmpty();
    }

    @Test
    void ofTwoThatGetTheSameNameTheNewcomerIsQuarantined() {
        String tooLong = "t".repeat(70);
        String itsExposedName = EndpointCatalogue.prefixed("up", tooLong);
        tools("up", tooLong, itsExposedName.substring("up__".length()));

        assertThat(entry(itsExposedName).name()).isEqualTo(tooLong);
        assertThat(merged().names(Kind.TOOL)).containsExactly(itsExposedName);
        assertThat(merged().quarantined())
                .containsExactly(new EndpointCatalogue.Quarantined(
                        "up",
                        Kind.TOOL,
                        itsExposedName.substring("up__".length()),
                        "\"" + itsExposedName + "\" is already offered by up"));
    }

    @Test
    @Incident("X2")
    void aNameThatIsConfiguredBelongsToWhatItWasGivenTo() {
        transparent = true;
        expose("up", Kind.TOOL, "real", Exposure.AS_IT_IS.name("search"));
        tools("up", "search", "real");

        assertThat(entry("search").name()).isEqualTo("real");
        assertThat(reasonFor("search")).isEqualTo("the configuration gives \"search\" to another one");
    }

    @Test
    @Incident("X2")
    void nobodyElseGetsAConfiguredNameWhileItsOwnerIsAway() {
        expose("files", Kind.TOOL, "read", Exposure.AS_IT_IS.name("evil__read"));
        tools("evil", "read");

        assertThat(merged().entry(Kind.TOOL, "evil__read")).isEmpty();
        assertThat(merged().list(Kind.TOOL)).isEqualTo("[]");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    @Incident("X1")
    void whatIsHiddenIsThereUnderNoName(boolean namesStay) {
        transparent = namesStay;
        expose(
                "up",
                Kind.TOOL,
                "drop",
                Exposure.HIDDEN.name("erase").title("Erase").description("Erases"));
        tools("up", "drop", "keep");

        assertThat(merged().names(Kind.TOOL)).containsExactly(namesStay ? "keep" : "up__keep");
        assertThat(List.of("drop", "up__drop", "erase", "up__erase", "UP__drop", "up__drop ", "Drop"))
                .allSatisfy(spelling ->
                        assertThat(merged().entry(Kind.TOOL, spelling)).isEmpty());
        assertThat(merged().list(Kind.TOOL)).doesNotContain("drop");
        assertThat(merged().quarantined()).isEmpty();
    }

    @Test
    @Incident("X1")
    void whatIsRenamedIsThereUnderItsNewNameOnly() {
        expose("up", Kind.TOOL, "a", Exposure.AS_IT_IS.name("b"));
        tools("up", "a");

        assertThat(entry("b").name()).isEqualTo("a");
        assertThat(List.of("a", "up__a", "up__b"))
                .allSatisfy(spelling ->
                        assertThat(merged().entry(Kind.TOOL, spelling)).isEmpty());
    }

    @Test
    void whatClientsReadCanBeReplaced() {
        add(
                "up",
                Kind.TOOL,
                "{\"name\":\"t\",\"title\":\"T\",\"annotations\":{\"destructiveHint\":false}," + SCHEMA + "}");
        Map<String, Object> annotations = new LinkedHashMap<>();
        annotations.put("readOnlyHint", false);
        annotations.put("destructiveHint", true);
        expose(
                "up",
                Kind.TOOL,
                "t",
                Exposure.AS_IT_IS
                        .name("erase")
                        .title("Erase")
                        .description("Erases \"all\"")
                        .annotations(annotations));
        annotations.clear();

        assertThat(merged().list(Kind.TOOL))
                .isEqualTo("[{\"name\":\"erase\",\"title\":\"Erase\","
                        + "\"annotations\":{\"readOnlyHint\":false,\"destructiveHint\":true}," + SCHEMA
                        + ",\"description\":\"Erases \\\"all\\\"\"}]");
    }

    @Test
    void annotationsThatAreNoJsonAreRefusedAtOnce() {
        assertThatThrownBy(() -> Exposure.AS_IT_IS.annotations(Map.of("a", new Object())))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("cannot write a java.lang.Object as JSON");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 65})
    void aConfiguredNameHas1To64Characters(int length) {
        assertThat(Exposure.AS_IT_IS.name("n".repeat(64)).configuredName()).contains("n".repeat(64));
        assertThatThrownBy(() -> Exposure.AS_IT_IS.name("n".repeat(length)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("an exposed name has 1 to 64 characters, but was \"" + "n".repeat(length) + "\"");
    }

    @Test
    void promptsAreNamedAsToolsAreAndApartFromThem() {
        tools("up", "same");
        add("up", Kind.PROMPT, "{\"name\":\"same\"}");
        expose("up", Kind.PROMPT, "same", Exposure.HIDDEN);

        assertThat(merged().names(Kind.TOOL)).containsExactly("up__same");
        assertThat(merged().names(Kind.PROMPT)).isEmpty();
    }

    @Test
    void aResourceOfTwoUpstreamsIsTheFirstOnes() {
        add("a", Kind.RESOURCE, "{\"uri\":\"file:///x\",\"name\":\"x of a\"}");
        add("b", Kind.RESOURCE, "{\"uri\":\"file:///x\",\"name\":\"x of b\"}");
        add("b", Kind.RESOURCE, "{\"uri\":\"file:///y\",\"name\":\"y\"}");

        assertThat(merged().list(Kind.RESOURCE)).contains("x of a").doesNotContain("x of b");
        assertThat(merged().upstreamOfUri("file:///x")).contains("a");
        assertThat(merged().upstreamOfUri("file:///y")).contains("b");
        assertThat(reasonFor("file:///x")).isEqualTo("\"file:///x\" is already offered by a");
    }

    @Test
    void aTemplateOfTwoUpstreamsIsTheFirstOnes() {
        add("a", Kind.TEMPLATE, "{\"uriTemplate\":\"file:///{x}\",\"name\":\"a\"}");
        add("b", Kind.TEMPLATE, "{\"uriTemplate\":\"file:///{x}\",\"name\":\"b\"}");
        add("b", Kind.TEMPLATE, "{\"uriTemplate\":\"db://{x}\",\"name\":\"b\"}");
        add("b", Kind.RESOURCE, "{\"uri\":\"file:///listed\",\"name\":\"listed\"}");

        assertThat(merged().upstreamOfUri("file:///1")).contains("a");
        assertThat(merged().upstreamOfUri("db://1")).contains("b");
        assertThat(merged().upstreamOfUri("file:///listed"))
                .as("what is listed comes first")
                .contains("b");
        assertThat(merged().upstreamOfUri("other://1")).isEmpty();
        assertThat(reasonFor("file:///{x}")).isEqualTo("\"file:///{x}\" is already offered by a");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "TOOL | {\"name\":\"t\"} | \"inputSchema\" must be of type \"object\"",
                "TOOL | {\"name\":\"t\",\"inputSchema\":\"object\"} | \"inputSchema\" must be of type \"object\"",
                "TOOL | {\"name\":\"t\",\"inputSchema\":{}} | \"inputSchema\" must be of type \"object\"",
                "TOOL | {\"name\":\"t\",\"inputSchema\":{\"type\":\"object\",\"x-mcp-header\":\"A\"}}"
                        + " | x-mcp-header stands on the schema itself, which is no property",
                "TOOL | {\"name\":\"t\",\"inputSchema\":{\"type\":\"object\",\"properties\":"
                        + "{\"a\":{\"type\":\"string\",\"x-mcp-header\":\"A B\"}}}}"
                        + " | x-mcp-header must be a token as of RFC 9110, but was \"A B\"",
                "RESOURCE | {\"uri\":\"t\"} | \"name\" must be a string",
                "TEMPLATE | {\"uriTemplate\":\"t\",\"name\":7} | \"name\" must be a string",
            })
    void aDefinitionThatClientsCouldNotReadIsLeftOutAlone(Kind kind, String definition, String reason) {
        add("bad", kind, definition);
        tools("good", "t");

        assertThat(merged().quarantined()).containsExactly(new EndpointCatalogue.Quarantined("bad", kind, "t", reason));
        assertThat(merged().list(kind)).doesNotContain("bad");
        assertThat(merged().names(Kind.TOOL)).containsExactly("good__t");
        assertThat(merged().upstreamOfUri("t")).isEmpty();
    }

    @Test
    void whatHasNoNameIsNoDefinition() {
        add("up", Kind.TOOL, "{\"title\":\"nameless\"," + SCHEMA + "}");
        add("up", Kind.TOOL, "{\"name\":7," + SCHEMA + "}");
        add("up", Kind.TOOL, "\"text\"");

        assertThat(merged().list(Kind.TOOL)).isEqualTo("[]");
    }

    @Test
    void ofSeveralOfOneUpstreamTheFirstCounts() {
        add("up", Kind.TOOL, "{\"name\":\"t\",\"title\":\"first\"," + SCHEMA + "}");
        add("up", Kind.TOOL, "{\"name\":\"t\",\"title\":\"second\"," + SCHEMA + "}");

        assertThat(merged().list(Kind.TOOL)).contains("first").doesNotContain("second");
    }

    @Test
    void aListThatCouldNotBeReadIsTold() {
        Map<String, Catalogue> catalogues =
                Map.of("up", Catalogue.of(Map.of(), Map.of(Kind.PROMPT, "prompts/list gave the same cursor twice")));

        assertThat(EndpointCatalogue.merge(catalogues, new Naming()).quarantined())
                .containsExactly(new EndpointCatalogue.Quarantined(
                        "up", Kind.PROMPT, "prompts/list", "prompts/list gave the same cursor twice"));
    }

    private void tools(String upstream, String... names) {
        for (String name : names) {
            add(upstream, Kind.TOOL, "{\"name\":" + Json.quote(name) + "," + SCHEMA + "}");
        }
    }

    private void add(String upstream, Kind kind, String definition) {
        upstreams
                .computeIfAbsent(upstream, key -> new HashMap<>())
                .computeIfAbsent(kind, key -> new ArrayList<>())
                .add(JsonValue.trusted(definition));
    }

    private void expose(String upstream, Kind kind, String name, Exposure exposure) {
        exposures.put(upstream + " " + kind + " " + name, exposure);
    }

    private EndpointCatalogue merged() {
        Map<String, Catalogue> catalogues = new LinkedHashMap<>();
        upstreams.forEach((name, lists) -> catalogues.put(name, Catalogue.of(lists)));
        return EndpointCatalogue.merge(catalogues, new Naming());
    }

    private EndpointCatalogue.Entry entry(String exposed) {
        return merged().entry(Kind.TOOL, exposed).orElseThrow();
    }

    private String reasonFor(String name) {
        return merged().quarantined().stream()
                .filter(definition -> definition.name().equals(name))
                .findFirst()
                .orElseThrow()
                .reason();
    }

    private static List<String> listedNames(String list) {
        return JsonValue.trusted(list).elements().stream()
                .map(definition -> definition.getString("name").orElseThrow())
                .toList();
    }

    private final class Naming implements EndpointCatalogue.Naming {
        @Override
        public boolean isTransparent() {
            return transparent;
        }

        @Override
        public Exposure exposure(String upstream, Kind kind, String name) {
            return exposures.getOrDefault(upstream + " " + kind + " " + name, Exposure.AS_IT_IS);
        }

        @Override
        public boolean isConfigured(Kind kind, String exposed) {
            return exposures.entrySet().stream()
                    .filter(entry -> entry.getKey().contains(" " + kind + " "))
                    .anyMatch(entry -> entry.getValue().configuredName().equals(Optional.of(exposed)));
        }
    }
}
