package io.sallyport.egress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.hc.core5.http.HttpHost;
import org.apache.hc.core5.http.impl.bootstrap.AsyncRequesterBootstrap;
import org.apache.hc.core5.http.impl.bootstrap.HttpAsyncRequester;
import org.apache.hc.core5.http.nio.AsyncClientEndpoint;
import org.apache.hc.core5.http.nio.entity.DiscardingEntityConsumer;
import org.apache.hc.core5.http.nio.ssl.BasicClientTlsStrategy;
import org.apache.hc.core5.http.nio.support.AsyncRequestBuilder;
import org.apache.hc.core5.http.nio.support.BasicResponseConsumer;
import org.apache.hc.core5.http.protocol.HttpCoreContext;
import org.apache.hc.core5.io.CloseMode;
import org.apache.hc.core5.util.Timeout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** That a guard sees the connections of HttpCore's requester, which has no resolver, before anything is sent. */
class EgressGuardRequesterTest {

    private static final int WAIT_SECONDS = 20;

    private CountingListener listener;
    private HttpAsyncRequester requester;

    @BeforeEach
    void start() throws IOException {
        listener = new CountingListener();
        EgressGuard guard = EgressGuard.builder().allowPort(listener.port()).build();
        requester = AsyncRequesterBootstrap.bootstrap()
                .setTlsStrategy(new HttpClientHooks.GuardedTls(guard, new BasicClientTlsStrategy()))
                .setIOSessionListener(new HttpClientHooks.GuardedSessions(guard, "upstream.example"))
                .create();
        requester.start();
    }

    @AfterEach
    void close() throws Exception {
        requester.close(CloseMode.IMMEDIATE);
        listener.close();
    }

    @Test
    void aPlainConnectionIsClosedBeforeAByteOfTheRequestIsSent() throws Exception {
        assertThatThrownBy(() -> get("http")).isInstanceOf(ExecutionException.class);

        assertThat(listener.connections()).isOne();
        assertThat(listener.received()).isEmpty();
    }

    /** The listener of sessions hears of a TLS connection only after the handshake, which has told the host's name. */
    @Test
    void aTlsConnectionIsClosedBeforeAByteOfTheHandshakeIsSent() throws Exception {
        assertThatThrownBy(() -> get("https")).hasRootCauseInstanceOf(EgressRefusedException.class);

        assertThat(listener.connections()).isOne();
        assertThat(listener.received()).isEmpty();
    }

    private void get(String scheme) throws Exception {
        HttpHost target = new HttpHost(scheme, Egress.ip("127.0.0.1"), "upstream.example", listener.port());
        AsyncClientEndpoint endpoint =
                requester.connect(target, Timeout.ofSeconds(WAIT_SECONDS)).get(WAIT_SECONDS, TimeUnit.SECONDS);
        Future<?> answer = endpoint.execute(
                AsyncRequestBuilder.get(scheme + "://upstream.example/mcp").build(),
                new BasicResponseConsumer<>(new DiscardingEntityConsumer<>()),
                HttpCoreContext.create(),
                null);
        answer.get(WAIT_SECONDS, TimeUnit.SECONDS);
    }
}
