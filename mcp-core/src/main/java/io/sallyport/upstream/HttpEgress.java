package io.sallyport.upstream;

import java.io.IOException;
import java.net.InetAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;

/** Where connections of an upstream may go. */
interface HttpEgress {

    /** Looks a host up and returns its addresses if all of them may be connected to. May block. */
    InetAddress[] resolve(String host, int port) throws UnknownHostException;

    /** Checks where a new connection leads, before anything is sent through it. */
    void check(String host, SocketAddress connected) throws IOException;
}
