package io.sallyport.upstream.http;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.List;
import org.apache.hc.core5.http.ConnectionClosedException;
import org.apache.hc.core5.http.EntityDetails;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.http.HttpRequest;
import org.apache.hc.core5.http.HttpResponse;
import org.apache.hc.core5.http.ProtocolException;
import org.apache.hc.core5.http.impl.BasicEntityDetails;
import org.apache.hc.core5.http.impl.DefaultConnectionReuseStrategy;
import org.apache.hc.core5.http.nio.AsyncClientEndpoint;
import org.apache.hc.core5.http.nio.AsyncClientExchangeHandler;
import org.apache.hc.core5.http.nio.CapacityChannel;
import org.apache.hc.core5.http.nio.DataStreamChannel;
import org.apache.hc.core5.http.nio.RequestChannel;
import org.apache.hc.core5.http.protocol.HttpContext;
import org.jspecify.annotations.Nullable;

/** The try of an {@link HttpExchange} on one connection. Called by the connection's thread. */
final class HttpAttempt implements AsyncClientExchangeHandler {

    /** Informational answers mean nothing here; an endless row of them would keep a thread busy. */
    private static final int MAX_INFORMATIONAL = 8;

    private final HttpExchange exchange;
    private final AsyncClientEndpoint endpoint;
    private final InetAddress address;
    private final HttpRequest request;
    private final @Nullable ByteBuffer body;

    private volatile boolean begunRequest;
    private volatile boolean begunAnswer;
    private boolean sentRequest;
    private boolean reusable;
    private boolean over;
    private int informational;

    HttpAttempt(
            HttpExchange exchange, AsyncClientEndpoint endpoint, InetAddress address, List<Header> operatorHeaders) {
        this.exchange = exchange;
        this.address = address;
        this.endpoint = endpoint;
        ByteBuffer content = exchange.spec().body();
        this.body = content == null ? null : content.duplicate();
        this.request = exchange.engine().request(exchange.spec(), operatorHeaders);
    }

    InetAddress address() {
        return address;
    }

    boolean hasBegunRequest() {
        return begunRequest;
    }

    boolean hasBegunAnswer() {
        return begunAnswer;
    }

    /** Lets the connection be used again if that is possible. */
    void giveConnectionBack() {
        if (reusable && sentRequest || !begunRequest) {
            endpoint.releaseAndReuse();
        } else {
            endpoint.releaseAndDiscard();
        }
    }

    /** Closes the connection at once. */
    void dropConnection() {
        endpoint.releaseAndDiscard();
    }

    @Override
    public void produceRequest(RequestChannel channel, HttpContext context) throws HttpException, IOException {
        if (exchange.isOver()) {
            throw new ConnectionClosedException("given up before it was sent");
        }
        begunRequest = true;
        exchange.markSent();
        sentRequest = body == null;
        channel.sendRequest(request, body == null ? null : new BasicEntityDetails(body.remaining(), null), context);
    }

    @Override
    public int available() {
        return body == null ? 0 : body.remaining();
    }

    @Override
    public void produce(DataStreamChannel channel) throws IOException {
        if (body == null || sentRequest) {
            return;
        }
        if (body.hasRemaining()) {
            channel.write(body);
        }
        if (!body.hasRemaining()) {
            sentRequest = true;
            channel.endStream();
        }
    }

    @Override
    public void consumeInformation(HttpResponse response, HttpContext context) throws HttpException {
        if (++informational > MAX_INFORMATIONAL) {
            throw new ProtocolException("more than " + MAX_INFORMATIONAL + " informational answers");
        }
    }

    @Override
    public void consumeResponse(HttpResponse response, @Nullable EntityDetails entity, HttpContext context) {
        begunAnswer = true;
        reusable = DefaultConnectionReuseStrategy.INSTANCE.keepAlive(request, response, context);
        exchange.onHead(response);
        if (entity == null) {
            end();
        }
    }

    @Override
    public void updateCapacity(CapacityChannel channel) throws IOException {
        // What is held is bounded where it is held.
        channel.update(Integer.MAX_VALUE);
    }

    @Override
    public void consume(ByteBuffer data) {
        exchange.onData(data);
        data.position(data.limit());
    }

    @Override
    public void streamEnd(@Nullable List<? extends Header> trailers) {
        end();
    }

    private void end() {
        over = true;
        exchange.onEnd(this);
    }

    @Override
    public void failed(Exception cause) {
        if (!over) {
            over = true;
            exchange.onFailure(this, cause);
        }
    }

    @Override
    public void cancel() {
        failed(new ConnectionClosedException("the connection is closed"));
    }

    /** Called last; also where the connection was closed and nothing else is called. */
    @Override
    public void releaseResources() {
        if (!over) { // Nearly always it is, and then an exception would be made for nothing.
            cancel();
        }
    }
}
