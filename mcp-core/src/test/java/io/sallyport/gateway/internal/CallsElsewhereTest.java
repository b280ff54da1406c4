package io.sallyport.gateway.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.gateway.Endpoint;
import io.sallyport.gateway.McpGateway;
import io.sallyport.gateway.servlet.McpServlet;
import io.sallyport.protocol.Era;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.RequestId;
import io.sallyport.protocol.Response;
import io.sallyport.spi.ClusterBus;
import io.sallyport.spi.EventLog;
import io.sallyport.spi.ForwardingSessionStore;
import io.sallyport.spi.Sealer;
import io.sallyport.spi.SessionStore;
import io.sallyport.spi.StoreUnavailableException;
import io.sallyport.testing.JettyContainer;
import io.sallyport.testing.McpHttp;
import io.sallyport.testing.Waiting;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What becomes of calls that another node makes when something comes in between. */
class CallsElsewhereTest {

    private static final int STREAMS = 8;
    private static final String[] ONLY_JSON = {"Accept", "application/json"};

    private final SessionStore shared = SessionStore.inMemory(
            SessionStore.Bounds.defaults().withStreams(256 * 1024, STREAMS), InstantSource.system());
    private final Sealer sealer = Sealer.ephemeral();
    private Node home;
    private Node other;
    private String session;

    @BeforeEach
    void start() throws Exception {
        home = new Node();
        other = new Node();
        session = home.client.initialize("{\"sampling\":{}}");
        CompletableFuture<McpHttp.Answer> first = home.call(1);
        home.asked(1).answer("{\"content\":[]}");
        first.get(10, TimeUnit.SECONDS);
    }

    @AfterEach
    void stop() throws Exception {
        home.close();
        other.close();
        shared.close();
    }

    /** A gateway before an upstream that is tied to it, and the store as it sees it. */
    private final class Node implements AutoCloseable {

        private final ScriptedUpstream upstream = new ScriptedUpstream(Era.LEGACY, "{\"tools\":{}}");
        private final Troubled store = new Troubled(shared);
        private final JettyContainer container = new JettyContainer();
        private final McpGateway gateway;
        private final McpHttp client;

        Node() throws Exception {
            gateway = McpGateway.builder()
                    .upstream(upstream)
                    .endpoint(Endpoint.at("/mcp").transparent())
                    .sessionStore(store)
                    .sealer(sealer)
                    .allowAnonymous()
                    .build();
            gateway.start().get(10, TimeUnit.SECONDS);
            client = new McpHttp(
                    URI.create("http://127.0.0.1:" + container.start(new McpServlet(gateway), "/mcp") + "/mcp"));
        }

        CompletableFuture<McpHttp.Answer> call(int id, String... headers) {
            return CompletableFuture.supplyAsync(
                    () -> client.legacy(session, id, "tools/call", "{\"name\":\"t\",\"arguments\":{}}", headers));
        }

        /** Returns the call of that number, counted from 1, when it is there. */
        ScriptedUpstream.Asked asked(int number) {
            return Waiting.until("call " + number, () -> calls().size() < number ? null : calls().get(number - 1));
        }

        List<ScriptedUpstream.Asked> calls() {
            return upstream.asked("tools/call");
        }

        @Override
        public void close() {
            store.find.countDown();
            gateway.close();
            try {
                container.stop();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
    }

    /** A store that nodes share, with which things go wrong. */
    private static final class Troubled extends ForwardingSessionStore {

        private volatile CountDownLatch find = new CountDownLatch(0);
        private final CountDownLatch looking = new CountDownLatch(1);
        private volatile boolean answersPosts = true;
        private volatile boolean reads = true;
        private final CountDownLatch failedRead = new CountDownLatch(1);
        private final AtomicInteger posted = new AtomicInteger();
        private final EventLog events;
        private final ClusterBus bus;

        Troubled(SessionStore store) {
            super(store);
            events = part(EventLog.class, store.events());
            bus = part(ClusterBus.class, store.bus());
        }

        private <T> T part(Class<T> type, T of) {
            return type.cast(Proxy.newProxyInstance(
                    type.getClassLoader(), new Class<?>[] {type}, (proxy, method, args) -> {
                        if (method.getName().equals("read") && !reads) {
                            failedRead.countDown();
                            throw new StoreUnavailableException("cut off", new IOException());
                        }
                        Object result;
                        try {
                            result = method.invoke(of, args);
                        } catch (InvocationTargetException e) {
                            throw e.getCause();
                        }
                        if (method.getName().equals("post")) {
                            posted.incrementAndGet();
                            if (!answersPosts) {
                                throw new StoreUnavailableException("no answer", new IOException());
                            }
                        }
                        return result;
                    }));
        }

        @Override
        public Capabilities capabilities() {
            return new Capabilities(true, Durability.SERVER);
        }

        @Override
        public Lookup find(String key) {
            try {
                if (find.getCount() > 0) {
                    looking.countDown();
                }
                find.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return super.find(key);
        }

        @Override
        public EventLog events() {
            return events;
        }

        @Override
        public ClusterBus bus() {
            return bus;
        }

        @Override
        public void close() {
            // The other node goes on with it.
        }
    }

    private boolean noLetters() {
        return shared.bus().nodes().stream()
                .allMatch(
                        name -> shared.bus().collect(name, 0, 1, Duration.ZERO).isEmpty());
    }

    private static Request sampling() {
        return Request.of(new RequestId("7"), "sampling/createMessage", Map.of());
    }

    @Test
    void aClientThatTakesNoStreamIsNotWaitedForWhenItIsAsked() throws Exception {
        CompletableFuture<McpHttp.Answer> answer = other.call(2, ONLY_JSON);
        CompletableFuture<Response> asked = new CompletableFuture<>();

        home.asked(2).listener().onRequest(sampling(), asked::complete);

        assertThat(asked.get(10, TimeUnit.SECONDS).isError()).isTrue();
        home.asked(2).answer("{\"content\":[]}");
        assertThat(answer.get(10, TimeUnit.SECONDS).status()).isEqualTo(200);
    }

    @Test
    void nobodyIsToldToRepeatACallThatMayHaveReachedTheOtherNode() throws Exception {
        other.store.answersPosts = false;

        McpHttp.Answer answer = other.call(2).get(10, TimeUnit.SECONDS);

        assertThat(home.asked(2)).as("it has reached it").isNotNull();
        assertThat(answer.error().toJson()).contains("outcome_unknown").contains("\"retryable\":false");
    }

    @Test
    void aCancellationThatOvertakesItsCallIsNotLost() throws Exception {
        home.store.find = new CountDownLatch(1);
        CompletableFuture<McpHttp.Answer> answer = other.call(2);
        home.store.looking.await();
        other.client.post(
                "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":2}}",
                McpHttp.legacyHeaders(session));
        Waiting.until("both letters are read", () -> other.store.posted.get() == 2 && noLetters() ? true : null);

        home.store.find.countDown();

        answer.get(10, TimeUnit.SECONDS);
        assertThat(home.calls()).hasSize(1);
    }

    @Test
    void everyCallIsAnsweredEvenIfThereAreMoreThanStreamsAreKept() throws Exception {
        List<CompletableFuture<McpHttp.Answer>> answers = new ArrayList<>();
        IntStream.range(2, 2 + 2 * STREAMS).forEach(id -> answers.add(other.call(id, ONLY_JSON)));
        home.asked(1 + answers.size());

        home.calls().forEach(call -> call.answer("{\"content\":[]}"));

        for (CompletableFuture<McpHttp.Answer> answer : answers) {
            assertThat(answer.get(10, TimeUnit.SECONDS).body()).containsAnyOf("\"result\"", "\"error\"");
        }
    }

    @Test
    void aCallOutlivesAMomentWithoutTheStore() throws Exception {
        CompletableFuture<McpHttp.Answer> answer = other.call(2, ONLY_JSON);
        home.asked(2);
        other.store.reads = false;
        other.store.failedRead.await();
        other.store.reads = true;

        home.asked(2).answer("{\"content\":[]}");

        assertThat(answer.get(10, TimeUnit.SECONDS).result().toJson()).contains("content");
    }
}
