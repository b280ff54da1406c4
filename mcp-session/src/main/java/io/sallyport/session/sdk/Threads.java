package io.sallyport.session.sdk;

import io.sallyport.stream.Workers;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ScheduledExecutorService;

/**
 * The threads of a provider.
 *
 * @param timer one thread, which never waits for anything
 * @param calls run what the server was written for; it may block as long as it likes
 * @param store wait for the store, and must not be used up by calls, which wait for them
 */
record Threads(ScheduledExecutorService timer, ExecutorService calls, ExecutorService store) {

    static Threads start() {
        return new Threads(
                Workers.timer("sallyport-sdk-timer"),
                Workers.start("sallyport-sdk-call"),
                Workers.start("sallyport-sdk-store"));
    }

    void end() {
        timer.shutdownNow();
        calls.shutdownNow();
        store.shutdown();
    }
}
