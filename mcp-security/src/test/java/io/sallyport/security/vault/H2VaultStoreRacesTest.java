package io.sallyport.security.vault;

import com.zaxxer.hikari.HikariDataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

class H2VaultStoreRacesTest extends VaultStoreRacesContract {

    private static HikariDataSource database;

    @BeforeAll
    static void connect() {
        database = VaultDatabase.h2("vault_races");
    }

    @AfterAll
    static void disconnect() {
        database.close();
    }

    @Override
    protected VaultStore open() {
        return VaultDatabase.emptied(database);
    }
}
