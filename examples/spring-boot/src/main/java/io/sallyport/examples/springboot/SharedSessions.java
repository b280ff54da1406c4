package io.sallyport.examples.springboot;

import io.modelcontextprotocol.json.jackson3.JacksonMcpJsonMapper;
import io.sallyport.session.jdbc.JdbcSessionStore;
import io.sallyport.session.sdk.ClusteredStreamableServerTransportProvider;
import io.sallyport.spi.SchemaMigrator;
import io.sallyport.spi.Sealer;
import io.sallyport.spi.SessionStore;
import java.util.Base64;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;
import javax.sql.DataSource;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.web.servlet.ServletRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import tools.jackson.databind.json.JsonMapper;

/** Keeps the server's sessions where all its nodes find them, instead of in the memory of each. */
@Configuration(proxyBeanMethods = false)
class SharedSessions {

    static final String PATH = "/mcp";

    private static final int KEY_BYTES = 32;

    @Bean
    SessionStore sessionStore(DataSource database) {
        return JdbcSessionStore.on(database).schema(SchemaMigrator.Mode.MIGRATE).build();
    }

    /** Spring AI builds its server on this, with its own mapper for JSON. */
    @Bean
    ClusteredStreamableServerTransportProvider mcpTransport(
            SessionStore store,
            @Value("${SESSION_KEY:}") String key,
            @Qualifier("mcpServerJsonMapper") JsonMapper mapper) {
        return ClusteredStreamableServerTransportProvider.builder()
                .sessionStore(store)
                .sealer(Sealer.withKeys(keyFrom(key)))
                .jsonMapper(new JacksonMcpJsonMapper(mapper))
                .mcpEndpoint(PATH)
                .build();
    }

    @Bean
    ServletRegistrationBean<ClusteredStreamableServerTransportProvider> mcpServlet(
            ClusteredStreamableServerTransportProvider transport) {
        return new ServletRegistrationBean<>(transport, PATH);
    }

    /** Returns the key that the text says; what is wrong with it is told without the text, which is a secret. */
    static SecretKey keyFrom(String text) {
        if (text.isBlank()) {
            throw noKey("is not set");
        }
        byte[] key;
        try {
            key = Base64.getDecoder().decode(text.strip());
        } catch (IllegalArgumentException e) {
            throw noKey("is no base64");
        }
        if (key.length != KEY_BYTES) {
            throw noKey("has " + key.length + " bytes");
        }
        return new SecretKeySpec(key, "AES");
    }

    private static IllegalStateException noKey(String found) {
        return new IllegalStateException("SESSION_KEY must be " + KEY_BYTES + " bytes in base64, but it " + found
                + "; make one with: openssl rand -base64 32");
    }
}
