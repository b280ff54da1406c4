package io.sallyport.upstream.http;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import io.sallyport.protocol.McpHeaders;
import io.sallyport.protocol.Message;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.Response;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.http.HttpExchange.Lane;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpResponse;
import org.apache.hc.core5.http.message.BasicHeader;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The stream on which a legacy upstream says what belongs to no call. Optional for the upstream; opened again with
 * growing pauses when it breaks, because a stream that nobody misses is never noticed to be gone.
 */
final class ListeningStream {

    private static final Logger LOGGER = LoggerFactory.getLogger(HttpUpstream.class);

    private static final long FIRST_PAUSE_MILLIS = 1000;
    private static final long LONGEST_PAUSE_MILLIS = 30_000;

    /** An upstream that asks for no pause at all would be asked again as fast as the machine can. */
    private static final long SHORTEST_PAUSE_MILLIS = 200;

    private static final int MAX_DOUBLINGS = 5;

    /** Longer than any upstream takes that does not hold the head of its answer back until it has something to say. */
    private static final long ANSWER_MILLIS = 500;

    /** A stream that lived so long did not fail to be opened. */
    private static final long LONG_NANOS = 10_000_000_000L;

    private final LegacyHttpSession session;
    private final ReentrantLock lock = new ReentrantLock();

    /** Guarded by the lock, as all that follows. */
    private @Nullable Reading current;

    private boolean closed;

    ListeningStream(LegacyHttpSession session) {
        this.session = session;
    }

    /**
     * Listens in a new life of the session; what was listened to before ends. Completes when the upstream has answered,
     * be it that it offers no stream: what it says outside a call before that is lost with most upstreams, a question
     * that the call then waits for among it. An upstream that has not answered for a while is not waited for again.
     */
    CompletableFuture<Void> open(LegacyLink link) {
        int failures;
        lock.lock();
        try {
            // A session that is lost again and again is not opened anew without a pause.
            failures = current == null ? 0 : current.failures;
        } finally {
            lock.unlock();
        }
        Reading first = new Reading(link, "", failures, false);
        open(first, null);
        if (session.answersListenersLate()) {
            return CompletableFuture.completedFuture(null);
        }
        try {
            ScheduledFuture<?> late = session.runtime().timer().schedule(first::isLate, ANSWER_MILLIS, MILLISECONDS);
            first.answered.whenComplete((done, never) -> late.cancel(false));
        } catch (RejectedExecutionException closing) {
            first.answered.complete(null);
        }
        return first.answered;
    }

    /** Opens a reading, unless another one than {@code expected} has taken its place. */
    private void open(Reading next, @Nullable Reading expected) {
        Reading before;
        lock.lock();
        try {
            if (closed || expected != null && current != expected) {
                next.answered.complete(null);
                return;
            }
            before = current;
            current = next;
        } finally {
            lock.unlock();
        }
        if (before != null) {
            before.abort();
        }
        List<Header> headers = next.link.headers();
        if (!next.lastEventId.isEmpty()) {
            headers.add(new BasicHeader(McpHeaders.LAST_EVENT_ID, next.lastEventId));
        }
        session.wire().get(headers, Lane.LISTEN, next.reader);
    }

    void close() {
        Reading last;
        lock.lock();
        try {
            closed = true;
            last = current;
        } finally {
            lock.unlock();
        }
        if (last != null) {
            last.abort();
        }
    }

    private final class Reading implements ReplyReader.Sink {

        private final LegacyLink link;
        private final ReplyReader reader;
        private final CompletableFuture<Void> answered = new CompletableFuture<>();
        private String lastEventId;
        private volatile int failures;
        private long pauseMillis = FIRST_PAUSE_MILLIS;
        private boolean wasOpen;
        private long openSince;

        Reading(LegacyLink link, String lastEventId, int failures, boolean wasOpen) {
            this.link = link;
            this.lastEventId = lastEventId;
            this.failures = failures;
            this.wasOpen = wasOpen;
            this.reader = session.wire().reader(this);
        }

        void abort() {
            reader.abort();
            answered.complete(null);
        }

        void isLate() {
            if (answered.complete(null)) {
                session.listenersAreAnsweredLate();
            }
        }

        @Override
        public void onOpen(HttpResponse head) {
            answered.complete(null);
            wasOpen = true;
            openSince = session.wire().engine().now();
        }

        @Override
        public void onMessage(Message message) {
            failures = 0;
            if (message instanceof Notification notification) {
                session.callFor(notification)
                        .ifPresentOrElse(
                                call -> call.notification(notification),
                                () -> session.listener().onNotification(notification));
            } else if (message instanceof Request question) {
                session.listener().onRequest(question, session.answerTo(question, link, lost -> {}));
            } else {
                Response response = (Response) message;
                session.callFor(response).ifPresent(call -> call.answer(response));
            }
        }

        @Override
        public void onEventId(String id, boolean isMessage) {
            lastEventId = id;
        }

        @Override
        public void onRetry(long millis) {
            pauseMillis = Math.max(SHORTEST_PAUSE_MILLIS, Math.min(millis, LONGEST_PAUSE_MILLIS));
        }

        @Override
        public void onEnd() {
            again();
        }

        @Override
        public void onFailure(UpstreamFailure failure) {
            answered.complete(null);
            again();
        }

        @Override
        public void onReply(HttpReply reply) {
            answered.complete(null);
            int status = reply.status();
            boolean mayPass = status == 408 || status == 409 || status == 429 || status >= 500 && status != 501;
            if (mayPass) {
                again();
            } else if (status == 404 && wasOpen) {
                // It was there before: the upstream has forgotten the session. Whoever needs it need not find out.
                session.linkAfter(link);
            } else {
                LOGGER.atDebug()
                        .addKeyValue(
                                "upstream", session.wire().engine().settings().name())
                        .addKeyValue("status", status)
                        .log("the upstream offers no stream to listen to");
            }
        }

        private void again() {
            if (session.isOver()) {
                return;
            }
            if (openSince != 0 && session.wire().engine().now() - openSince > LONG_NANOS) {
                failures = 0;
            }
            long longest = Math.min(LONGEST_PAUSE_MILLIS, pauseMillis << Math.min(failures, MAX_DOUBLINGS));
            long pause = longest / 2 + ThreadLocalRandom.current().nextLong(longest / 2 + 1);
            Reading next = new Reading(link, lastEventId, failures + 1, wasOpen);
            try {
                session.runtime().timer().schedule(() -> open(next, this), pause, MILLISECONDS);
            } catch (RejectedExecutionException closing) {
                // The gateway ends.
            }
        }
    }
}
