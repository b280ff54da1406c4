package io.sallyport.catalogue;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class ExposedNamesPropertiesTest {

    private static final class Prefixed implements EndpointCatalogue.Naming {
        @Override
        public boolean isTransparent() {
            return false;
        }

        @Override
        public Exposure exposure(String upstream, Kind kind, String name) {
            return Exposure.AS_IT_IS;
        }

        @Override
        public boolean isConfigured(Kind kind, String exposed) {
            return false;
        }
    }

    @Property(tries = 300)
    void everyNameLeadsBackToItsUpstreamAndItsOwnName(@ForAll("offers") Map<String, Set<String>> offers) {
        EndpointCatalogue merged = merged(offers);

        for (String exposed : merged.names(Kind.TOOL)) {
            EndpointCatalogue.Entry entry = merged.entry(Kind.TOOL, exposed).orElseThrow();
            assertThat(exposed)
                    .hasSizeLessThanOrEqualTo(EndpointCatalogue.MAX_NAME)
                    .startsWith(entry.upstream() + "__");
            assertThat(offers.get(entry.upstream())).contains(entry.name());
            assertThat(entry.definition().getString("name")).contains(exposed);
            assertThat(new String(exposed.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8))
                    .as("no half characters")
                    .isEqualTo(exposed);
        }
    }

    @Property(tries = 300)
    void everythingIsOfferedOnceOrQuarantined(@ForAll("offers") Map<String, Set<String>> offers) {
        EndpointCatalogue merged = merged(offers);

        int offered = offers.values().stream().mapToInt(Set::size).sum();
        assertThat(merged.names(Kind.TOOL).size() + merged.quarantined().size()).isEqualTo(offered);
    }

    @Property(tries = 300)
    void whatAnotherUpstreamOffersChangesNoName(@ForAll("offers") Map<String, Set<String>> offers) {
        List<String> together = merged(offers).names(Kind.TOOL);

        List<String> alone = offers.entrySet().stream()
                .flatMap(entry -> merged(Map.of(entry.getKey(), entry.getValue())).names(Kind.TOOL).stream())
                .toList();

        assertThat(together).isEqualTo(alone);
    }

    @Provide
    Arbitrary<Map<String, Set<String>>> offers() {
        Arbitrary<String> letters =
                Arbitraries.strings().withChars("ab-").ofMinLength(1).ofMaxLength(3);
        Arbitrary<String> upstream = letters.list().ofMinSize(1).ofMaxSize(3).map(parts -> String.join("_", parts));
        Arbitrary<String> piece =
                Arbitraries.of("a", "b", "_", "__", "é", "\uD83D\uDE00", "t".repeat(50), "t".repeat(49));
        Arbitrary<String> name = piece.list().ofMinSize(1).ofMaxSize(5).map(pieces -> String.join("", pieces));
        return Arbitraries.maps(
                        upstream, name.list().uniqueElements().ofMaxSize(8).map(names -> {
                            Set<String> inOrder =
                                    names.stream().collect(Collectors.toCollection(java.util.LinkedHashSet::new));
                            return inOrder;
                        }))
                .ofMaxSize(4);
    }

    private static EndpointCatalogue merged(Map<String, Set<String>> offers) {
        Map<String, Catalogue> catalogues = new LinkedHashMap<>();
        offers.forEach((upstream, names) -> catalogues.put(
                upstream,
                Catalogue.of(Map.of(
                        Kind.TOOL,
                        names.stream()
                                .map(name -> JsonValue.trusted(
                                        "{\"name\":" + Json.quote(name) + ",\"inputSchema\":{\"type\":\"object\"}}"))
                                .toList()))));
        return EndpointCatalogue.merge(catalogues, new Prefixed());
    }
}
