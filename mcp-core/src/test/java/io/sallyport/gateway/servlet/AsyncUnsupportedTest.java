package io.sallyport.gateway.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.gateway.McpGateway;
import io.sallyport.testing.CapturedLog;
import io.sallyport.testing.McpHttp;
import io.sallyport.upstream.local.LocalServer;
import java.net.URI;
import org.eclipse.jetty.ee11.servlet.ServletContextHandler;
import org.eclipse.jetty.ee11.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.junit.jupiter.api.Test;

class AsyncUnsupportedTest {

    @Test
    void aHostThatForgotToAllowAsynchronousRequestsIsToldByTheFirstOne() throws Exception {
        Server server = new Server();
        try (McpGateway gateway = McpGateway.builder()
                        .upstream(LocalServer.named("local").build())
                        .allowAnonymous()
                        .build();
                ServerConnector connector = new ServerConnector(server);
                CapturedLog log = CapturedLog.of("io.sallyport.http")) {
            gateway.start().join();
            connector.setHost("127.0.0.1");
            server.addConnector(connector);
            ServletContextHandler context = new ServletContextHandler("/");
            ServletHolder holder = new ServletHolder(new McpServlet(gateway));
            holder.setAsyncSupported(false);
            context.addServlet(holder, "/mcp");
            server.setHandler(context);
            server.start();

            // When
            McpHttp.Answer answer = new McpHttp(URI.create("http://127.0.0.1:" + connector.getLocalPort() + "/mcp"))
                    .modern("tools/list", "{}");

            assertThat(answer.status()).isEqualTo(500);
            assertThat(answer.errorCode()).isEqualTo(-32603);
            assertThat(log.messages()).singleElement().asString().contains("setAsyncSupported(true)");
        } finally {
            server.stop();
        }
    }
}
