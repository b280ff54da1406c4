package io.sallyport.examples.conformance;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.sallyport.session.jdbc.JdbcSessionStore;
import io.sallyport.session.redis.RedisSessionStore;
import io.sallyport.spi.SchemaMigrator;
import io.sallyport.spi.SessionStore;
import java.net.URI;

/** Where nodes keep the sessions that they share. */
final class SharedSessions {

    private SharedSessions() {}

    /** Returns the store at a URL that begins with {@code jdbc:} or {@code redis:}, or none for {@code none}. */
    static SessionStore at(String url) {
        if (url.equals("none")) {
            return SessionStore.none(SessionStore.Bounds.defaults());
        }
        if (url.startsWith("redis:")) {
            return RedisSessionStore.at(URI.create(url)).build();
        }
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(url);
        config.setMaximumPoolSize(8);
        return JdbcSessionStore.on(new HikariDataSource(config))
                .schema(SchemaMigrator.Mode.MIGRATE)
                .build();
    }
}
