package io.sallyport.catalogue;

import io.sallyport.protocol.ErrorCodes;
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
 * that comes twice, so that an upstream cannot keep it going. A list that cannot be read is left out, and the reason kept;
 * without its tools an upstream is not taken for readable. Confined to one reading.
 */
public final class CatalogueReader {

    /** Asks for a page. */
    @FunctionalInterface
    public interface Pages {
        /** Returns the answer to a list request with this cursor. */
        CompletionStage<Response> page(Kind kind, Optional<String> cursor);
    }

    /** The most bytes of one list: generous for ten thousand definitions, and far from what a heap is. */
    static final int MAX_BYTES = 32 * 1024 * 1024;

    private final Pages pages;
    private final int maxDefinitions;
    private final Map<Kind, List<JsonValue>> lists = new EnumMap<>(Kind.class);
    private final Map<Kind, String> unreadable = new EnumMap<>(Kind.class);
    private final Map<Kind, Long> bytes = new EnumMap<>(Kind.class);

    /** Creates a reader that takes so many definitions of each kind at the most, as many pages, and 32 MiB. */
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
        return done.thenApply(previous -> Catalogue.of(lists, unreadable));
    }

    private CompletionStage<Void> read(Kind kind, Optional<String> cursor, Set<String> seen) {
        CompletableFuture<Response> page = pages.page(kind, cursor).toCompletableFuture();
        // What is there at once is taken in a loop: many such pages would exhaust the stack.
        while (page.isDone() && !page.isCompletedExceptionally()) {
            Optional<String> next = take(kind, page.join(), seen);
            if (next.isEmpty()) {
                return CompletableFuture.completedFuture(null);
            }
            page = pages.page(kind, next).toCompletableFuture();
        }
        return page.thenCompose(response -> {
            Optional<String> next = take(kind, response, seen);
            return next.isEmpty() ? CompletableFuture.completedFuture(null) : read(kind, next, seen);
        });
    }

    /** Takes a page; returns the cursor of the next one, if the reading goes on. */
    private Optional<String> take(Kind kind, Response response, Set<String> seen) {
        Optional<String> next = response.getString(Part.RESULT, "nextCursor");
        Optional<String> fault = fault(kind, response, next, seen);
        if (fault.isEmpty()) {
            return next;
        }
        if (kind == Kind.TOOL) {
            throw new UpstreamException(
                    UpstreamFailure.notSent(UpstreamFailure.Kind.PROTOCOL, kind.listMethod() + fault.get()));
        }
        lists.remove(kind);
        unreadable.put(kind, kind.listMethod() + fault.get());
        return Optional.empty();
    }

    private Optional<String> fault(Kind kind, Response response, Optional<String> next, Set<String> seen) {
        if (response.isError()) {
            // Templates came later than resources, and many servers promise prompts that they do not have.
            boolean hasNone = kind != Kind.TOOL && response.errorCode() == ErrorCodes.METHOD_NOT_FOUND;
            return hasNone ? Optional.empty() : Optional.of(" was answered with error " + response.errorCode());
        }
        List<JsonValue> definitions = lists.computeIfAbsent(kind, k -> new ArrayList<>());
        definitions.addAll(response.get(Part.RESULT, kind.member())
                .map(JsonValue::elements)
                .orElse(List.of()));
        if (bytes.merge(kind, (long) response.size(), Long::sum) > MAX_BYTES) {
            return Optional.of(" has more than " + MAX_BYTES + " bytes");
        }
        if (definitions.size() > maxDefinitions) {
            return Optional.of(" has more than " + maxDefinitions + " definitions");
        }
        if (next.isPresent() && !seen.add(next.get())) {
            return Optional.of(" gave the same cursor twice");
        }
        // Empty pages count too: there could be one more for ever.
        return seen.size() > maxDefinitions
                ? Optional.of(" has more than " + maxDefinitions + " further pages")
                : Optional.empty();
    }
}
