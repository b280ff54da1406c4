package io.sallyport.security.vault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.security.vault.VaultStore.Row;
import io.sallyport.security.vault.VaultStore.RowId;
import io.sallyport.security.vault.VaultStore.WrappedKey;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class RowPagesTest {

    private final VaultStore store = new InMemoryVaultStore();

    private void fill(int rows) {
        WrappedKey key = new WrappedKey(1, KeyState.PRIMARY, new byte[1], "kek", Instant.EPOCH);
        for (String tenant : List.of("acme", "globex")) {
            store.replaceRing(tenant, 0, List.of(key), OptionalLong.empty());
            for (int i = 0; i < rows; i++) {
                store.write(new RowId(tenant, "secrets", String.format("%04d", i)), 0, 1, new byte[1]);
            }
        }
    }

    private List<String> names() {
        List<String> names = new ArrayList<>();
        for (List<Row> page : RowPages.all(store, "acme")) {
            assertThat(page).isNotEmpty().hasSizeLessThanOrEqualTo(RowPages.ROWS);
            page.forEach(row -> names.add(row.id().tenant() + row.id().name()));
        }
        return names;
    }

    @Test
    void eachRowOfATenantComesOnceAndInOrder() {
        fill(2 * RowPages.ROWS + 1);

        assertThat(names()).hasSize(2 * RowPages.ROWS + 1).isSorted().allMatch(name -> name.startsWith("acme"));
    }

    @Test
    void aTenantWithoutRowsHasNoPage() {
        assertThat(names()).isEmpty();
    }

    @Test
    void whatIsDeletedOnTheWayHidesNothing() {
        fill(2 * RowPages.ROWS + 1);

        RowPages.all(store, "acme").forEach(page -> page.forEach(row -> store.delete(row.id())));

        assertThat(names()).isEmpty();
    }

    @Test
    void behindTheLastPageThereIsNone() {
        Iterator<List<Row>> pages = RowPages.all(store, "acme").iterator();

        assertThatThrownBy(pages::next).isInstanceOf(NoSuchElementException.class);
    }
}
