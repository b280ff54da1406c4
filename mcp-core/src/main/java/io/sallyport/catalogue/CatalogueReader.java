package io.sallyport.catalogue;

import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.Part;
import io.sallyport.protocol.Response;
import io.sallyport.upstream.UpstreamException;
import io.sallyport.upstream.UpstreamFailure;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;

/**
 * Reads an upstream's catalogue: all pages of all lists that its capabilities promise. Stops at a bound and at a cursor
 * that comes twice, so that an upstream cannot keep it going. Confined to one reading.
 */
public final class CatalogueReader {

    /** Asks for a page. */
    @FunctionalInterface
    public interface Pages {
        /** Returns the answer to a list request with this cursor. */
        CompletionStage<Response> page(Kind kind, Optional<String> cursor);
    }

    private final Pages pages;
    private final int maxDefinitions;
    private final Map<Kind, List<JsonValue>> lists = new EnumMap<>(Kind.class);

    /** Creates a reader that takes so many definitions of each kind at the most. */
    public CatalogueReader(Pages pages, int maxDefinitions) {
        this.pages = pages;
        this.maxDefinitions = maxDefinitions;
    }

    /** Returns the catalogue of an upstream with these capabilities, or an {@link UpstreamException}. */
    public CompletionStage<Catalogue> read(Predicate<String> hasCapability) {
        CompletionStage<Void> done = CompletableFuture.completedFuture(null);
        for (Kind kind : Kind.values()) {
            if (hasCapability.test(kind.capability())) {
                done = done.thenCompose(previous -> read(kind, Optional.empty(), new HashSet<>()));
            }
        }
        return done.thenApply(previous -> Catalogue.of(lists));
    }

    private CompletionStage<Void> read(Kind kind, Optional<String> cursor, Set<String> seen) {
        return pages.page(kind, cursor).thenCompose(response -> {
            if (response.isError()) {
                // Templates came later than resources, and many servers promise prompts that they do not have.
                if (kind == Kind.TOOL) {
                    throw unreadable(kind.listMethod() + " was answered with error " + response.errorCode());
                }
                return CompletableFuture.completedFuture(null);
            }
            List<JsonValue> definitions = lists.computeIfAbsent(kind, k -> new ArrayList<>());
            definitions.addAll(response.get(Part.RESULT, kind.member())
                    .map(JsonValue::elements)
                    .orElse(List.of()));
            if (definitions.size() > maxDefinitions) {
                throw unreadable(kind.listMethod() + " has more than " + maxDefinitions + " definitions");
            }
            Optional<String> next = response.getString(Part.RESULT, "nextCursor");
            if (next.isEmpty()) {
                return CompletableFuture.completedFuture(null);
            }
            if (!seen.add(next.get())) {
                throw unreadable(kind.listMethod() + " gave the same cursor twice");
            }
            return read(kind, next, seen);
        });
    }

    private static UpstreamException unreadable(String detail) {
        return new UpstreamException(UpstreamFailure.notSent(UpstreamFailure.Kind.PROTOCOL, detail));
    }
}
