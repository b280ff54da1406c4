package io.sallyport.upstream.http;

import io.sallyport.protocol.Message;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.Response;
import io.sallyport.upstream.UpstreamException;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamFailure.Kind;
import io.sallyport.upstream.http.HttpExchange.Lane;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpResponse;
import org.jspecify.annotations.Nullable;

/**
 * Something that this layer itself sends and wants to know the outcome of: {@code server/discover}, {@code initialize},
 * notifications, answers, the end of a session. It has a time limit of its own.
 */
final class HttpQuestion implements ReplyReader.Sink {

    /**
     * What came of it.
     *
     * @param response the answer, for a request that got one in a 200
     * @param head the head of the answer that held the response
     * @param reply any other HTTP answer
     */
    record Outcome(Optional<Response> response, Optional<HttpResponse> head, Optional<HttpReply> reply) {

        /** Returns whether a message that wants no answer was taken. */
        boolean isAccepted() {
            return reply.map(HttpReply::isSuccess).orElse(true);
        }
    }

    private final Message message;
    private final CompletableFuture<Outcome> outcome = new CompletableFuture<>();
    private volatile @Nullable HttpResponse head;

    private HttpQuestion(Message message) {
        this.message = message;
    }

    /** Posts a message; the stage fails with an {@link UpstreamException} if there is no answer in time. */
    static CompletableFuture<Outcome> post(
            HttpWire wire,
            Message message,
            List<Header> headers,
            Lane lane,
            Duration limit,
            ScheduledExecutorService timer) {
        HttpQuestion question = new HttpQuestion(message);
        ReplyReader reader = wire.reader(question);
        boolean safe = message instanceof Request request && HttpWire.isSafe(request.method());
        wire.post(message, headers, safe, lane, reader);
        question.limit(reader, limit, timer);
        return question.outcome;
    }

    private void limit(ReplyReader reader, Duration limit, ScheduledExecutorService timer) {
        if (outcome.isDone()) {
            return;
        }
        try {
            ScheduledFuture<?> timeout = timer.schedule(
                    () -> {
                        reader.abort();
                        fail(UpstreamFailure.maybeExecuted(
                                Kind.UNREACHABLE, "time-out: no answer within " + limit.toMillis() + " ms"));
                    },
                    limit.toMillis(),
                    TimeUnit.MILLISECONDS);
            outcome.whenComplete((done, thrown) -> {
                timeout.cancel(false);
                reader.linger();
            });
        } catch (RejectedExecutionException closing) {
            reader.abort();
            fail(UpstreamFailure.notSent(Kind.INTERNAL, "the gateway is closing"));
        }
    }

    private void fail(UpstreamFailure failure) {
        outcome.completeExceptionally(new UpstreamException(failure));
    }

    @Override
    public void onOpen(HttpResponse response) {
        head = response;
    }

    @Override
    public void onMessage(Message received) {
        if (received instanceof Response response && message instanceof Request request) {
            boolean isOurs = response.id().map(request.id()::equals).orElse(response.isError());
            if (isOurs) {
                outcome.complete(new Outcome(Optional.of(response), Optional.ofNullable(head), Optional.empty()));
            } else {
                fail(UpstreamFailure.maybeExecuted(
                        Kind.PROTOCOL, "the answer to " + request.method() + " has another id"));
            }
        }
    }

    @Override
    public void onReply(HttpReply reply) {
        outcome.complete(new Outcome(Optional.empty(), Optional.empty(), Optional.of(reply)));
    }

    @Override
    public void onEnd() {
        if (message instanceof Request request) {
            fail(UpstreamFailure.maybeExecuted(
                    Kind.PROTOCOL, "the answer to " + request.method() + " ended without a response"));
        } else {
            outcome.complete(new Outcome(Optional.empty(), Optional.ofNullable(head), Optional.empty()));
        }
    }

    @Override
    public void onFailure(UpstreamFailure failure) {
        fail(failure);
    }
}
