package io.sallyport.upstream.http;

import io.sallyport.egress.EgressGuard;
import java.io.IOException;
import java.net.InetAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;

/** What connections ask an {@link EgressGuard}: where they may go. */
interface HttpEgress {

    /** Looks a host up and returns its addresses if all of them may be connected to. May block. */
    InetAddress[] resolve(String host, int port) throws UnknownHostException;

    /** Checks where a new connection leads, before anything is sent through it. */
    void check(String host, SocketAddress connected) throws IOException;

    /** Asks a guard. */
    static HttpEgress of(EgressGuard guard) {
        return new HttpEgress() {
            @Override
            public InetAddress[] resolve(String host, int port) throws UnknownHostException {
                return guard.resolve(host, port);
            }

            @Override
            public void check(String host, SocketAddress connected) throws IOException {
                guard.check(host, connected);
            }
        };
    }
}
