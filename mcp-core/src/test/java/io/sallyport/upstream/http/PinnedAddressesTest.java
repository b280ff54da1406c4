package io.sallyport.upstream.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class PinnedAddressesTest {

    private final List<String> lookUps = new ArrayList<>();
    private final AtomicLong now = new AtomicLong();
    private boolean isUnknown;

    private final HttpEgress egress = new HttpEgress() {
        @Override
        public InetAddress[] resolve(String host, int port) throws UnknownHostException {
            lookUps.add(host + ":" + port);
            if (isUnknown) {
                throw new UnknownHostException(host);
            }
            return new InetAddress[] {InetAddress.getByAddress(host, new byte[] {127, 0, 0, 1})};
        }

        @Override
        public void check(String host, SocketAddress connected) {
            // Not asked here.
        }
    };

    private PinnedAddresses pinned(String host) {
        return new PinnedAddresses(host, 1, egress, now::get);
    }

    @Test
    void looksUpOnceInHalfAMinute() {
        PinnedAddresses addresses = pinned("name.example");
        addresses.get(Runnable::run).join();
        now.addAndGet(PinnedAddresses.FRESH.toNanos() - 1);
        addresses.get(Runnable::run).join();
        assertThat(lookUps).hasSize(1);

        // When
        now.addAndGet(1);
        addresses.get(Runnable::run).join();

        assertThat(lookUps).containsExactly("name.example:1", "name.example:1");
    }

    @Test
    void looksUpOnceForAllWhoAskAtTheSameTime() {
        List<Runnable> tasks = new ArrayList<>();
        PinnedAddresses addresses = pinned("name.example");

        // When
        CompletableFuture<List<InetAddress>> first = addresses.get(tasks::add);
        CompletableFuture<List<InetAddress>> second = addresses.get(tasks::add);

        assertThat(second).isSameAs(first).isNotDone();
        assertThat(tasks).hasSize(1);
    }

    @Test
    void needsNoThreadForAnAddress() {
        Executor none = task -> {
            throw new RejectedExecutionException();
        };

        assertThat(pinned("127.0.0.1").get(none)).isCompleted();
        assertThat(pinned("::1").get(none)).isCompleted();
        assertThat(pinned("name.example").get(none)).isCompletedExceptionally();
    }

    @Test
    void triesAgainAfterAFailure() {
        PinnedAddresses addresses = pinned("name.example");
        isUnknown = true;
        assertThat(addresses.get(Runnable::run)).isCompletedExceptionally();

        // When
        isUnknown = false;

        assertThat(addresses.get(Runnable::run)).isCompleted();
    }

    @Test
    void looksUpAnewWhenNoneOfTheAddressesWasOfUse() {
        PinnedAddresses addresses = pinned("name.example");
        addresses.get(Runnable::run).join();

        // When
        addresses.forget();
        addresses.get(Runnable::run).join();

        assertThat(lookUps).hasSize(2);
    }
}
