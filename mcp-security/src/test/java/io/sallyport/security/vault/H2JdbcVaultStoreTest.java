package io.sallyport.security.vault;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import io.sallyport.security.vault.VaultStore.RowId;
import io.sallyport.security.vault.VaultStore.Written;
import io.sallyport.testing.Postgres;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class H2JdbcVaultStoreTest extends JdbcVaultStoreContract {

    @Override
    HikariDataSource emptyDatabase(String name) {
        return VaultDatabase.h2(name);
    }

    @Override
    String countOfWaiting() {
        return "select count(*) from information_schema.sessions where blocker_id is not null";
    }

    @Test
    void whatADatabaseSaysOfLettersDoesNotTouchNames() {
        try (HikariDataSource german = VaultDatabase.h2("vault_german")) {
            Postgres.run(german, "set collation german strength primary", "set ignorecase true");
            VaultStore its = VaultDatabase.emptied(german);
            its.replaceRing(TENANT, 0, List.of(key(OLD, KeyState.PRIMARY)), OptionalLong.empty());

            assertThat(its.write(A, 0, OLD, SEALED)).isEqualTo(Written.WRITTEN);
            assertThat(its.write(new RowId(TENANT, "secrets", "A"), 0, OLD, SEALED))
                    .isEqualTo(Written.WRITTEN);
            assertThat(its.list(TENANT, Optional.empty(), 9))
                    .extracting(row -> row.id().name())
                    .containsExactly("A", "a");
        }
    }
}
