package io.sallyport.egress;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** Addresses, and resolvers that answer with them. */
final class Egress {

    static final String GLOBAL = "93.184.215.14";
    static final String GLOBAL_V6 = "2606:2800:21f:cb07::1";

    static void assertRefused(ThrowingCallable call, String why) {
        assertThatThrownBy(call).isInstanceOf(EgressRefusedException.class).hasMessageContaining(why);
    }

    static HostResolver answers(String... addresses) {
        return host -> Arrays.stream(addresses).map(Egress::ip).toArray(InetAddress[]::new);
    }

    static HostResolver answersInTurn(String... addresses) {
        Deque<String> left = new ArrayDeque<>(List.of(addresses));
        return host -> new InetAddress[] {ip(left.remove())};
    }

    static InetSocketAddress socket(String address, int port) {
        return new InetSocketAddress(ip(address), port);
    }

    static InetAddress ip(String address) {
        return AddressRange.address(address).orElseThrow();
    }

    private Egress() {}
}
