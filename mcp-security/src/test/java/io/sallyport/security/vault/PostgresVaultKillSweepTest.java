package io.sallyport.security.vault;

import com.zaxxer.hikari.HikariDataSource;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** With the vault in a PostgreSQL server. */
class PostgresVaultKillSweepTest extends VaultKillSweep {

    /** As many as a rotation has, at least. */
    private static final int COMMITS = 6;

    private static final int STATEMENTS = 40;

    PostgresVaultKillSweepTest() {
        super(PostgresVaultStores.class);
    }

    @Override
    String newPlace() {
        try (HikariDataSource database = VaultDatabase.postgres("vault_kills")) {
            VaultDatabase.emptied(database).close();
            return database.getJdbcUrl();
        }
    }

    @Override
    List<String> pointsWithin() {
        if (!FULL) {
            return List.of("step:before:commit:2");
        }
        return Stream.of("before", "after")
                .flatMap(when -> Stream.concat(
                        IntStream.rangeClosed(1, COMMITS).mapToObj(i -> "step:" + when + ":commit:" + i),
                        IntStream.rangeClosed(1, STATEMENTS).mapToObj(i -> "step:" + when + ":statement:" + i)))
                .toList();
    }
}
