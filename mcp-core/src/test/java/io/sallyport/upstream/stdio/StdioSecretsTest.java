package io.sallyport.upstream.stdio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.sallyport.protocol.Era;
import io.sallyport.protocol.MessageLimits;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.RequestId;
import io.sallyport.protocol.Response;
import io.sallyport.spi.Principal;
import io.sallyport.spi.Redactor;
import io.sallyport.spi.Sealer;
import io.sallyport.spi.SecretResolver;
import io.sallyport.testing.CapturedLog;
import io.sallyport.testing.Incident;
import io.sallyport.upstream.CallListener;
import io.sallyport.upstream.CallSpec;
import io.sallyport.upstream.SessionListener;
import io.sallyport.upstream.SessionSpec;
import io.sallyport.upstream.UpstreamException;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamRuntime;
import io.sallyport.upstream.UpstreamSession;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class StdioSecretsTest {

    private static final String CANARY = "canary-7f3a91";

    private final ExecutorService executor = Executors.newCachedThreadPool();
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final List<SecretResolver.Use> uses = new CopyOnWriteArrayList<>();
    private final List<StdioUpstream> upstreams = new ArrayList<>();
    private volatile Optional<String> value = Optional.of(CANARY);
    private final UpstreamRuntime runtime = new UpstreamRuntime(
            executor,
            timer,
            MessageLimits.forUpstreams(),
            Sealer.ephemeral(),
            (reference, use) -> {
                uses.add(use);
                return value.map(String::toCharArray);
            },
            (Redactor) text -> text.replace(CANARY, "***"));

    @AfterEach
    void stop() {
        upstreams.forEach(StdioUpstream::close);
        runtime.close();
        executor.shutdownNow();
        timer.shutdownNow();
    }

    private StdioUpstream upstream() {
        StdioUpstream upstream = StdioUpstream.of(
                        "script",
                        StdioCommand.builder(Children.javaProgram().toString())
                                .arguments("-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path"))
                                .arguments(StdioScript.class.getName(), "modern")
                                .environment("TOKEN", "token=secret://acme/github#token")
                                .build())
                .era(Era.MODERN)
                .build();
        upstreams.add(upstream);
        return upstream;
    }

    private UpstreamSession open(StdioUpstream upstream) throws Exception {
        SessionSpec spec =
                new SessionSpec(Principal.anonymous(), Era.MODERN, "{}", "{\"name\":\"test\",\"version\":\"1\"}");
        SessionListener listener = new SessionListener() {
            @Override
            public void onNotification(Notification notification) {
                // Not of interest here.
            }

            @Override
            public void onRequest(Request request, Consumer<Response> answer) {
                // Not of interest here.
            }

            @Override
            public void onEnd(UpstreamFailure why) {
                // Not of interest here.
            }
        };
        try {
            return upstream.open(spec, listener, runtime).toCompletableFuture().get(60, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw (Exception) e.getCause();
        }
    }

    private static String variable(UpstreamSession session, String name) throws Exception {
        CompletableFuture<Response> response = new CompletableFuture<>();
        CallListener listener = new CallListener() {
            @Override
            public void onNotification(Notification notification) {
                // Not of interest here.
            }

            @Override
            public void onRequest(Request request, Consumer<Response> answer) {
                // Not of interest here.
            }

            @Override
            public void onPause(Duration retry) {
                // Pipes have none.
            }

            @Override
            public void onResponse(Response answer) {
                response.complete(answer);
            }

            @Override
            public void onFailure(UpstreamFailure failure) {
                response.completeExceptionally(new UpstreamException(failure));
            }
        };
        session.call(
                Request.of(new RequestId("1"), "variable", Map.of("name", name)),
                new CallSpec(Principal.anonymous(), "correlation", CallSpec.NO_HEADERS),
                listener);
        return response.get(20, TimeUnit.SECONDS).toJson();
    }

    @Test
    void putsTheValueOfASecretIntoTheEnvironmentOfTheChild() throws Exception {
        UpstreamSession session = open(upstream());

        assertThat(variable(session, "TOKEN")).contains("\"token=" + CANARY + "\"");
        assertThat(uses)
                .containsOnly(new SecretResolver.Use("script", Optional.empty(), SecretResolver.Use.ENVIRONMENT));
    }

    @Test
    void startsTheNextChildWithAReplacedValue() throws Exception {
        StdioUpstream upstream = upstream();
        open(upstream);
        value = Optional.of("another-value");

        assertThat(variable(open(upstream), "TOKEN")).contains("\"token=another-value\"");
    }

    @Test
    @Incident("S39")
    @Incident("S131")
    void startsNoChildWithoutAValue() throws Exception {
        value = Optional.empty();

        UpstreamException failed = catchThrowableOfType(UpstreamException.class, () -> open(upstream()));

        assertThat(failed.failure().kind()).isEqualTo(UpstreamFailure.Kind.SECRET);
        assertThat(failed.failure().detail()).contains("variable TOKEN", "secret://acme/github#token");
    }

    @Test
    void canStartAChildAgainOnceThereIsAValue() throws Exception {
        StdioUpstream upstream = upstream();
        value = Optional.empty();
        for (int i = 0; i < 20; i++) {
            // More often than there may be processes: a failed start must not take a place for ever.
            catchThrowableOfType(UpstreamException.class, () -> open(upstream));
        }
        value = Optional.of(CANARY);

        assertThat(variable(open(upstream), "TOKEN")).contains(CANARY);
    }

    @Test
    void startsNoChildWithAValueThatNoVariableMayHold() throws Exception {
        value = Optional.of(CANARY + "\0");

        UpstreamException failed = catchThrowableOfType(UpstreamException.class, () -> open(upstream()));

        assertThat(failed.failure().kind()).isEqualTo(UpstreamFailure.Kind.SECRET);
        assertThat(failed).hasMessageNotContaining(CANARY);
    }

    @Test
    void logsStandardErrorWithoutTheValue() throws Exception {
        Logger logger = (Logger) LoggerFactory.getLogger("io.sallyport.upstream.stdio");
        logger.setLevel(Level.INFO);
        try (CapturedLog log = CapturedLog.of(logger.getName())) {
            variable(open(upstream()), "TOKEN");

            Eventually.until(
                    "the line is logged",
                    () -> log.lines().stream().anyMatch(line -> line.contains("the value is token=***")));
            assertThat(log.lines()).noneMatch(line -> line.contains(CANARY));
        } finally {
            logger.setLevel(null);
        }
    }

    @Test
    @Incident("S39")
    void refusesAReferenceThatIsNoneWhenItIsSet() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> StdioCommand.builder("x").environment("TOKEN", "secret://github"))
                .withMessageContaining("variable TOKEN")
                .withMessageContaining("\"secret://github\"");
    }

    @Test
    void refusesAReferenceInAnArgument() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> StdioCommand.builder("x").arguments("--token=secret://acme/github"))
                .withMessageContaining("argument 1")
                .withMessageContaining("environment(name, value)");
    }
}
