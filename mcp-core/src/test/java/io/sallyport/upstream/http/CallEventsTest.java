package io.sallyport.upstream.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.Notification;
import io.sallyport.protocol.RequestId;
import io.sallyport.protocol.Response;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class CallEventsTest {

    private static final Response RESPONSE = Response.result(RequestId.of(1), Map.of());

    private final RecordingCall call = new RecordingCall();
    private final CallEvents events = new CallEvents(call);

    private void tell(int number) {
        Notification notification = Notification.of("n" + number, null);
        events.tell(listener -> listener.onNotification(notification));
    }

    @Test
    void tellsNothingAfterTheEnd() throws Exception {
        tell(1);
        assertThat(events.end(listener -> listener.onResponse(RESPONSE))).isTrue();

        // When
        tell(2);
        boolean secondEnd = events.end(listener -> listener.onResponse(RESPONSE));

        assertThat(secondEnd).isFalse();
        assertThat(events.cancel()).isFalse();
        assertThat(call.log()).hasSize(1);
        assertThat(call.response()).isSameAs(RESPONSE);
    }

    @Test
    void tellsNothingAfterACancellationEvenOfWhatWaits() throws Exception {
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        Thread slow = new Thread(() -> events.tell(listener -> {
            inside.countDown();
            awaitQuietly(goOn);
        }));
        slow.start();
        inside.await();
        tell(1);

        // When
        boolean cancelled = events.cancel();

        goOn.countDown();
        slow.join();
        assertThat(cancelled).isTrue();
        assertThat(call.log()).isEmpty();
        assertThat(events.isEnded()).isTrue();
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void survivesAListenerThatFails() throws Exception {
        events.tell(listener -> {
            throw new IllegalStateException("the test's own");
        });

        // When
        tell(1);

        assertThat(call.log()).hasSize(1);
    }

    @Test
    void isWithTheListenerFromOneThreadAtATimeAndLosesNothing() throws Exception {
        int threads = 4;
        int each = 2000;
        CyclicBarrier start = new CyclicBarrier(threads);
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        for (int t = 0; t < threads; t++) {
            int first = t * each;
            pool.execute(() -> {
                try {
                    start.await();
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
                for (int i = 0; i < each; i++) {
                    tell(first + i);
                }
            });
        }
        pool.shutdown();
        assertThat(pool.awaitTermination(20, TimeUnit.SECONDS)).isTrue();

        // When
        events.end(listener -> listener.onResponse(RESPONSE));

        assertThat(call.response()).isSameAs(RESPONSE);
        assertThat(call.log()).hasSize(threads * each).doesNotHaveDuplicates();
    }
}
