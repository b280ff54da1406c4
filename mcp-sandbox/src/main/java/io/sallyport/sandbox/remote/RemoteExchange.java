package io.sallyport.sandbox.remote;

import io.sallyport.sandbox.remote.RemoteFault.Kind;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.util.concurrent.CompletableFuture;
import org.apache.hc.client5.http.ConnectTimeoutException;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.io.entity.StringEntity;
import org.jspecify.annotations.Nullable;

/** One request and its answer; runs on a thread of its own, so that whoever asks can leave at any time. */
final class RemoteExchange implements Runnable {

    private final CloseableHttpClient client;
    private final HttpUriRequestBase request;
    private final int mostBytes;
    private final CompletableFuture<RemoteHttp.Reply> reply = new CompletableFuture<>();

    RemoteExchange(CloseableHttpClient client, HttpUriRequestBase request, @Nullable String json, int mostBytes) {
        this.client = client;
        this.request = request;
        this.mostBytes = mostBytes;
        if (json != null) {
            request.setEntity(new StringEntity(json, ContentType.APPLICATION_JSON));
        }
    }

    /** Returns the answer, or a {@link RemoteFault}. */
    CompletableFuture<RemoteHttp.Reply> reply() {
        return reply;
    }

    /** Closes the connection; there is no answer. */
    void giveUp(Kind kind, String why) {
        reply.completeExceptionally(new RemoteFault(kind, why));
        request.cancel();
    }

    @Override
    public void run() {
        if (reply.isDone()) {
            return;
        }
        try {
            reply.complete(client.execute(request, this::read));
        } catch (ConnectException | ConnectTimeoutException | NoRouteToHostException | UnknownHostException e) {
            // What the guard refuses is among them.
            reply.completeExceptionally(new RemoteFault(Kind.NOT_SENT, e.toString()));
        } catch (IOException | RuntimeException | Error e) {
            // Whatever it is: somebody waits for it.
            reply.completeExceptionally(new RemoteFault(Kind.BROKEN, e.toString()));
        }
    }

    private RemoteHttp.Reply read(ClassicHttpResponse response) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        if (response.getEntity() != null) {
            byte[] piece = new byte[16 * 1024];
            InputStream content = response.getEntity().getContent();
            for (int n = content.read(piece); n >= 0; n = content.read(piece)) {
                body.write(piece, 0, n);
                if (body.size() > mostBytes) {
                    // Before anybody reads the rest to use the connection again.
                    giveUp(Kind.TOO_LARGE, "an answer of more than " + mostBytes + " bytes");
                    throw new IOException("too large");
                }
            }
        }
        return new RemoteHttp.Reply(response.getCode(), body.toByteArray());
    }
}
