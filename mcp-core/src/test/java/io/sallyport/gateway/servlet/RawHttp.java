package io.sallyport.gateway.servlet;

import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** HTTP as bytes, for what clients do not let one say. */
final class RawHttp {

    private RawHttp() {}

    /** Sends a request and returns what comes back until the connection ends. */
    static String exchange(int port, String request) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.setSoTimeout(10_000);
            try {
                socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
            } catch (IOException serverHasAnsweredAlready) {
                // It need not read what it has refused.
            }
            StringBuilder answer = new StringBuilder();
            byte[] piece = new byte[8192];
            try {
                for (int read = socket.getInputStream().read(piece);
                        read >= 0;
                        read = socket.getInputStream().read(piece)) {
                    answer.append(new String(piece, 0, read, StandardCharsets.UTF_8));
                }
            } catch (IOException reset) {
                // What has arrived counts.
            }
            return answer.toString();
        }
    }
}
