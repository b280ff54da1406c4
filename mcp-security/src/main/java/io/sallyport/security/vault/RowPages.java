package io.sallyport.security.vault;

import io.sallyport.security.vault.VaultStore.Row;
import io.sallyport.security.vault.VaultStore.RowId;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Rows of a store, page by page, in the order of their names. Each page is asked for when the one before has been dealt with.
 * Rows that are written meanwhile are among them if their names come later. Confined to one thread.
 */
final class RowPages implements Iterator<List<Row>> {

    /** So many in one transaction: few enough that who writes meanwhile costs little, many enough to be fast. */
    static final int ROWS = 200;

    /** Where rows come from. */
    interface Source {

        /** Returns those behind one, or the first; none at the end. */
        List<Row> behind(Optional<RowId> after);
    }

    private final Source source;
    private Optional<RowId> after = Optional.empty();
    private @Nullable List<Row> next;

    private RowPages(Source source) {
        this.source = source;
    }

    /** Returns the pages of a source, for a loop. */
    static Iterable<List<Row>> of(Source source) {
        return () -> new RowPages(source);
    }

    /** Returns all rows of a tenant. */
    static Iterable<List<Row>> all(VaultStore store, String tenant) {
        return of(after -> store.list(tenant, after, ROWS));
    }

    private List<Row> upcoming() {
        List<Row> page = next;
        if (page == null) {
            page = source.behind(after);
            next = page;
        }
        return page;
    }

    @Override
    public boolean hasNext() {
        return !upcoming().isEmpty();
    }

    @Override
    public List<Row> next() {
        List<Row> page = upcoming();
        if (page.isEmpty()) {
            throw new NoSuchElementException("there are no more rows");
        }
        after = Optional.of(page.get(page.size() - 1).id());
        next = null;
        return page;
    }
}
