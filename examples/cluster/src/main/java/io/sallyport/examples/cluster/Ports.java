package io.sallyport.examples.cluster;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/** Free ports of this machine. */
final class Ports {

    // Higher ones the system gives to connections as it likes, and a node that was killed needs its port again.
    private static final int LOWEST = 10_000;
    private static final int HIGHEST = 30_000;
    private static final int ATTEMPTS = 1_000;

    private Ports() {}

    /** Throws if somebody has this one. */
    static void requireFree(int port) throws IOException {
        try {
            new ServerSocket(port, 1, InetAddress.getLoopbackAddress()).close();
        } catch (BindException taken) {
            throw new IOException("port " + port + " is taken; choose another with --port N", taken);
        }
    }

    /** Returns so many different ones. */
    static List<Integer> free(int count) throws IOException {
        List<ServerSocket> probes = new ArrayList<>();
        try {
            for (int i = 0; i < ATTEMPTS && probes.size() < count; i++) {
                int port = ThreadLocalRandom.current().nextInt(LOWEST, HIGHEST);
                try {
                    probes.add(new ServerSocket(port, 1, InetAddress.getLoopbackAddress()));
                } catch (BindException taken) {
                    // Then another.
                }
            }
        } finally {
            for (ServerSocket probe : probes) {
                probe.close();
            }
        }
        if (probes.size() < count) {
            throw new IOException("no " + count + " free ports between " + LOWEST + " and " + HIGHEST);
        }
        return probes.stream().map(ServerSocket::getLocalPort).toList();
    }
}
