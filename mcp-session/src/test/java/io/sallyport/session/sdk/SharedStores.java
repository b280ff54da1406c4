package io.sallyport.session.sdk;

import io.sallyport.session.jdbc.JdbcSessionStore;
import io.sallyport.spi.SchemaMigrator;
import io.sallyport.spi.SessionStore;
import java.nio.file.Path;
import java.sql.SQLException;
import org.h2.jdbcx.JdbcConnectionPool;
import org.h2.tools.Server;

/** A store that processes share: a database server in the test's own process. */
final class SharedStores implements AutoCloseable {

    private final Server server;
    private final String url;

    private SharedStores(Server server) {
        this.server = server;
        this.url = "jdbc:h2:tcp://127.0.0.1:" + server.getPort() + "/sessions;DB_CLOSE_DELAY=-1";
    }

    static SharedStores start(Path directory) throws SQLException {
        return new SharedStores(
                Server.createTcpServer("-tcpPort", "0", "-ifNotExists", "-baseDir", directory.toString())
                        .start());
    }

    /** Returns what {@link #at} has to be told, in whichever process. */
    String url() {
        return url;
    }

    static SessionStore at(String url) {
        return JdbcSessionStore.on(JdbcConnectionPool.create(url, "sa", ""))
                .schema(SchemaMigrator.Mode.MIGRATE)
                .build();
    }

    @Override
    public void close() {
        server.stop();
    }
}
