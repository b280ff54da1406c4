package io.sallyport.security.vault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import io.sallyport.security.vault.VaultStore.RowId;
import io.sallyport.security.vault.VaultStore.Written;
import io.sallyport.spi.StoreUnavailableException;
import io.sallyport.testing.Incident;
import io.sallyport.testing.Postgres;
import java.sql.Connection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.h2.jdbcx.JdbcDataSource;
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

    @Test
    @Incident("S49")
    void aPasswordThatIsNotTheDatabasesIsSaidToBeNoneWhenTheStoreIsBuilt() throws Exception {
        JdbcDataSource configured = new JdbcDataSource();
        configured.setUrl("jdbc:h2:mem:vault_login;DB_CLOSE_DELAY=-1");
        configured.setUser("sa");
        configured.setPassword("made-for-this-test");
        try (Connection first = configured.getConnection()) {
            assertThat(first.isValid(1)).isTrue();
            configured.setPassword("canary-81aa");

            assertThatThrownBy(() -> JdbcVaultStore.on(configured).build())
                    .isInstanceOf(StoreUnavailableException.class)
                    .hasMessageContaining("Wrong user name or password")
                    .hasMessageNotContaining("canary-81aa");
        }
    }
}
