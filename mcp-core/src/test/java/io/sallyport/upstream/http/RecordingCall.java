package io.sallyport.upstream.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.Response;
import io.sallyport.upstream.CallListener;
import io.sallyport.upstream.UpstreamFailure;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/** Remembers what comes back of a call, and that it comes back as promised. */
final class RecordingCall implements CallListener {

    private final List<String> log = new CopyOnWriteArrayList<>();
    private final CompletableFuture<Object> end = new CompletableFuture<>();
    private final AtomicInteger inside = new AtomicInteger();
    private final List<String> broken = new CopyOnWriteArrayList<>();
    private final Consumer<Request> onRequest;
    private volatile Consumer<Response> answer = response -> {};

    RecordingCall() {
        this(request -> {});
    }

    /** Also does something when the upstream asks; see {@link #answer}. */
    RecordingCall(Consumer<Request> onRequest) {
        this.onRequest = onRequest;
    }

    private void within(Runnable action) {
        if (inside.incrementAndGet() != 1) {
            broken.add("called by two threads at a time");
        }
        if (end.isDone()) {
            broken.add("called after the end");
        }
        try {
            action.run();
        } finally {
            inside.decrementAndGet();
        }
    }

    void answer(Response response) {
        answer.accept(response);
    }

    @Override
    public void onNotification(Notification notification) {
        within(() -> log.add(notification.toJson()));
    }

    @Override
    public void onRequest(Request request, Consumer<Response> to) {
        within(() -> {
            log.add(request.toJson());
            answer = to;
            onRequest.accept(request);
        });
    }

    @Override
    public void onPause(Duration retry) {
        within(() -> log.add("pause " + retry.toMillis()));
    }

    @Override
    public void onResponse(Response response) {
        within(() -> {});
        end.complete(response);
    }

    @Override
    public void onFailure(UpstreamFailure failure) {
        within(() -> {});
        end.complete(failure);
    }

    boolean isEnded() {
        return end.isDone();
    }

    /** What came before the end. */
    List<String> log() {
        return List.copyOf(log);
    }

    private Object end() throws InterruptedException {
        try {
            Object ended = end.get(10, TimeUnit.SECONDS);
            assertThat(broken).isEmpty();
            return ended;
        } catch (TimeoutException e) {
            throw new AssertionError("the call has not ended; so far: " + log, e);
        } catch (ExecutionException e) {
            throw new AssertionError(e);
        }
    }

    Response response() throws InterruptedException {
        Object ended = end();
        assertThat(ended).as("a response").isInstanceOf(Response.class);
        return (Response) ended;
    }

    UpstreamFailure failure() throws InterruptedException {
        Object ended = end();
        assertThat(ended).as("a failure").isInstanceOf(UpstreamFailure.class);
        return (UpstreamFailure) ended;
    }
}
