package io.sallyport.gateway.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.Era;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Request;
import io.sallyport.upstream.CallHandle;
import io.sallyport.upstream.CallListener;
import io.sallyport.upstream.CallSpec;
import io.sallyport.upstream.ServerFacts;
import io.sallyport.upstream.UpstreamSession;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LogLevelsTest {

    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final List<CompletableFuture<String>> asked = new ArrayList<>();
    private final LogLevels levels = new LogLevels(false);

    @AfterEach
    void stop() {
        timer.shutdownNow();
    }

    /** A session of a legacy upstream that logs. */
    private static final class Logging implements UpstreamSession {

        @Override
        public Era era() {
            return Era.LEGACY;
        }

        @Override
        public ServerFacts facts() {
            return new ServerFacts(
                    "2025-06-18", JsonValue.trusted("{}"), JsonValue.trusted("{\"logging\":{}}"), Optional.empty());
        }

        @Override
        public CallHandle call(Request request, CallSpec spec, CallListener listener) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void send(Notification notification) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void close() {}
    }

    private CompletableFuture<UpstreamSession> in(String level) {
        CompletionStage<UpstreamSession> ready = levels.in(
                CompletableFuture.completedFuture(new Logging()),
                Optional.of(level),
                (session, method, params) -> {
                    CompletableFuture<String> answer = new CompletableFuture<>();
                    asked.add(answer);
                    return answer;
                },
                timer);
        return ready.toCompletableFuture();
    }

    @Test
    void aCallWaitsUntilTheUpstreamKnowsALevelThatAnotherHasAskedFor() {
        in("debug");
        CompletableFuture<UpstreamSession> call = in("debug");

        assertThat(call).isNotDone();
        asked.get(0).complete("{}");

        assertThat(call).isCompleted();
        assertThat(asked).hasSize(1);
    }

    @Test
    void aCallWaitsForNothingWhenTheUpstreamKnowsTheLevel() {
        in("debug");
        asked.get(0).complete("{}");

        assertThat(in("debug")).isCompleted();
        assertThat(asked).hasSize(1);
    }

    @Test
    void anUpstreamThatDoesNotAnswerIsNotWaitedForForEver() {
        in("debug");

        assertThat(in("debug")).succeedsWithin(Duration.ofSeconds(30));
    }
}
