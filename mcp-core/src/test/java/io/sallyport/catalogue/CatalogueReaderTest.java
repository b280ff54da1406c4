package io.sallyport.catalogue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.protocol.ErrorCodes;
import io.sallyport.protocol.McpError;
import io.sallyport.protocol.RequestId;
import io.sallyport.protocol.Response;
import io.sallyport.testing.Incident;
import io.sallyport.upstream.UpstreamException;
import io.sallyport.upstream.UpstreamFailure;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class CatalogueReaderTest {

    private static final int MAX = 10;

    /** By kind, the answer to a cursor; "" is the first page. */
    private final Map<Kind, Function<String, CompletionStage<Response>>> server = new HashMap<>();

    private final List<String> asked = new ArrayList<>();

    @Test
    @Incident("S91")
    void readsAllPagesOfAllLists() {
        offer(Kind.TOOL, cursor -> switch (cursor) {
            case "" -> page(Kind.TOOL, List.of("a", "b"), "2");
            case "2" -> page(Kind.TOOL, List.of(), "3");
            default -> page(Kind.TOOL, List.of("c"), null);
        });
        offer(Kind.PROMPT, cursor -> page(Kind.PROMPT, List.of("p"), null));
        offer(Kind.RESOURCE, cursor -> page(Kind.RESOURCE, List.of("r"), null));
        offer(Kind.TEMPLATE, cursor -> page(Kind.TEMPLATE, List.of("t"), null));

        Catalogue read = read();

        assertThat(read.definitions(Kind.TOOL).keySet()).containsExactly("a", "b", "c");
        assertThat(read.definitions(Kind.PROMPT).keySet()).containsExactly("p");
        assertThat(read.definitions(Kind.RESOURCE).keySet()).containsExactly("r");
        assertThat(read.definitions(Kind.TEMPLATE).keySet()).containsExactly("t");
        assertThat(asked)
                .containsExactly(
                        "tools/list",
                        "tools/list 2",
                        "tools/list 3",
                        "prompts/list",
                        "resources/list",
                        "resources/templates/list");
    }

    @Test
    void pagesMayComeLater() {
        offer(
                Kind.TOOL,
                cursor -> CompletableFuture.supplyAsync(() -> cursor)
                        .thenCompose(asked -> asked.isEmpty()
                                ? page(Kind.TOOL, List.of("a"), "2")
                                : page(Kind.TOOL, List.of("b"), null)));

        assertThat(read().definitions(Kind.TOOL).keySet()).containsExactly("a", "b");
    }

    @Test
    void asksOnlyForWhatTheCapabilitiesPromise() {
        offer(Kind.PROMPT, cursor -> page(Kind.PROMPT, List.of("p"), null));

        reader().read("prompts"::equals).toCompletableFuture().join();

        assertThat(asked).containsExactly("prompts/list");
    }

    @Test
    void takesAsManyDefinitionsAsAllowed() {
        offer(Kind.TOOL, cursor -> page(Kind.TOOL, names(MAX), null));

        assertThat(read().definitions(Kind.TOOL)).hasSize(MAX);
    }

    @Test
    void oneToolTooManyIsNoCatalogue() {
        offer(
                Kind.TOOL,
                cursor -> cursor.isEmpty()
                        ? page(Kind.TOOL, names(MAX), "2")
                        : page(Kind.TOOL, List.of("one more"), null));

        assertThat(failure())
                .isEqualTo(UpstreamFailure.notSent(
                        UpstreamFailure.Kind.PROTOCOL, "tools/list has more than 10 definitions"));
    }

    @Test
    void takesAsManyPagesAsAllowed() {
        offer(
                Kind.TOOL,
                cursor -> cursor.equals("10")
                        ? page(Kind.TOOL, List.of("last"), null)
                        : page(
                                Kind.TOOL,
                                List.of(),
                                Integer.toString(cursor.isEmpty() ? 1 : 1 + Integer.parseInt(cursor))));

        assertThat(read().definitions(Kind.TOOL)).hasSize(1);
        assertThat(asked).hasSize(1 + MAX);
    }

    @Test
    void emptyPagesDoNotGoOnForEver() {
        offer(Kind.TOOL, cursor -> page(Kind.TOOL, List.of(), cursor + "x"));

        assertThat(failure().detail()).isEqualTo("tools/list has more than 10 further pages");
        assertThat(asked).hasSize(1 + MAX);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "same"})
    void aCursorThatComesTwiceEndsTheReading(String cursorGiven) {
        offer(Kind.TOOL, cursor -> page(Kind.TOOL, List.of("t"), cursorGiven));

        assertThat(failure().detail()).isEqualTo("tools/list gave the same cursor twice");
        assertThat(asked).hasSize(2);
    }

    @Test
    void manyPagesThatAreThereAtOnceDoNotExhaustTheStack() {
        offer(Kind.TOOL, cursor -> {
            int page = cursor.isEmpty() ? 0 : Integer.parseInt(cursor);
            return page(Kind.TOOL, List.of("t" + page), page == 9_999 ? null : Integer.toString(page + 1));
        });

        Catalogue read = new CatalogueReader(this::page, 10_000)
                .read("tools"::equals)
                .toCompletableFuture()
                .join();

        assertThat(read.definitions(Kind.TOOL)).hasSize(10_000);
    }

    @ParameterizedTest
    @EnumSource(
            value = Kind.class,
            names = {"TOOL"},
            mode = EnumSource.Mode.EXCLUDE)
    void aListThatFailsDoesNotTakeTheOthers(Kind failing) {
        offerOneOfEach();
        offer(
                failing,
                cursor -> cursor.isEmpty() ? page(failing, List.of("half"), "2") : error(ErrorCodes.INTERNAL_ERROR));

        Catalogue read = read();

        for (Kind kind : Kind.values()) {
            assertThat(read.definitions(kind)).hasSize(kind == failing ? 0 : 1);
        }
        assertThat(read.unreadable(failing)).contains(failing.listMethod() + " was answered with error -32603");
        assertThat(read.sameAs(Catalogue.EMPTY, failing))
                .as("the difference is told")
                .isFalse();
    }

    @Test
    @Incident("X7")
    void aListThatFailsLaterStaysAsItWas() {
        offer(Kind.TOOL, cursor -> page(Kind.TOOL, List.of("a"), null));
        offer(Kind.PROMPT, cursor -> page(Kind.PROMPT, List.of("p"), null));
        Catalogue earlier = read();
        offer(Kind.TOOL, cursor -> page(Kind.TOOL, List.of("b"), null));
        offer(Kind.PROMPT, cursor -> error(ErrorCodes.INTERNAL_ERROR));

        Catalogue best = read().orAsBefore(earlier);

        assertThat(best.definitions(Kind.TOOL).keySet()).containsExactly("b");
        assertThat(best.definitions(Kind.PROMPT).keySet()).containsExactly("p");
        assertThat(best.unreadable(Kind.PROMPT)).isPresent();
    }

    @Test
    void aPromptTooManyDoesNotTakeTheTools() {
        offerOneOfEach();
        offer(Kind.PROMPT, cursor -> page(Kind.PROMPT, names(MAX + 1), null));

        assertThat(read().definitions(Kind.TOOL)).hasSize(1);
        assertThat(read().unreadable(Kind.PROMPT)).contains("prompts/list has more than 10 definitions");
    }

    @Test
    void aListOfTooManyBytesIsNotHeld() {
        String large = "x".repeat(CatalogueReader.MAX_BYTES / 4);
        offer(Kind.PROMPT, cursor -> page(Kind.PROMPT, List.of(cursor + large), cursor + "n"));
        offer(Kind.TOOL, cursor -> page(Kind.TOOL, List.of("a"), null));

        assertThat(read().unreadable(Kind.PROMPT))
                .contains("prompts/list has more than " + CatalogueReader.MAX_BYTES + " bytes");
        assertThat(asked).filteredOn(request -> request.startsWith("prompts")).hasSize(4);
    }

    @Test
    void aListThatAServerDoesNotHaveIsNoFault() {
        offerOneOfEach();
        offer(Kind.TEMPLATE, cursor -> error(ErrorCodes.METHOD_NOT_FOUND));

        assertThat(read().definitions(Kind.RESOURCE)).hasSize(1);
        assertThat(read().unreadable(Kind.TEMPLATE)).isEmpty();
    }

    @Test
    void withoutItsToolsAnUpstreamIsNotRead() {
        offerOneOfEach();
        offer(Kind.TOOL, cursor -> error(ErrorCodes.METHOD_NOT_FOUND));

        assertThat(failure().detail()).isEqualTo("tools/list was answered with error -32601");
    }

    @Test
    void anUpstreamThatGoesAwayIsNotRead() {
        offerOneOfEach();
        UpstreamException gone =
                new UpstreamException(UpstreamFailure.notSent(UpstreamFailure.Kind.UNREACHABLE, "gone"));
        offer(Kind.PROMPT, cursor -> CompletableFuture.failedFuture(gone));

        assertThat(failure()).isEqualTo(gone.failure());
    }

    private void offerOneOfEach() {
        for (Kind kind : Kind.values()) {
            offer(kind, cursor -> page(kind, List.of("x"), null));
        }
    }

    private void offer(Kind kind, Function<String, CompletionStage<Response>> pages) {
        server.put(kind, pages);
    }

    private CatalogueReader reader() {
        return new CatalogueReader(this::page, MAX);
    }

    private CompletionStage<Response> page(Kind kind, Optional<String> cursor) {
        asked.add(kind.listMethod() + cursor.map(value -> " " + value).orElse(""));
        return server.get(kind).apply(cursor.orElse(""));
    }

    private Catalogue read() {
        return reader().read(capability -> server.keySet().stream()
                        .anyMatch(kind -> kind.capability().equals(capability)))
                .toCompletableFuture()
                .join();
    }

    private UpstreamFailure failure() {
        Throwable[] thrown = new Throwable[1];
        assertThatThrownBy(this::read).isInstanceOf(CompletionException.class).satisfies(e -> thrown[0] = e);
        return UpstreamFailure.of(thrown[0]);
    }

    private static List<String> names(int count) {
        return IntStream.range(0, count).mapToObj(i -> "n" + i).toList();
    }

    private static CompletionStage<Response> page(Kind kind, List<String> names, String next) {
        String definitions = names.stream()
                .map(name -> "{\"" + kind.key() + "\":\"" + name + "\"}")
                .collect(Collectors.joining(","));
        return CompletableFuture.completedFuture(Response.resultJson(
                RequestId.of(1),
                "{\"" + kind.member() + "\":[" + definitions + "]"
                        + (next == null ? "" : ",\"nextCursor\":\"" + next + "\"") + "}"));
    }

    private static CompletionStage<Response> error(int code) {
        return CompletableFuture.completedFuture(Response.error(RequestId.of(1), McpError.of(code, "no")));
    }
}
