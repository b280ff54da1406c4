package io.sallyport.gateway.servlet;

import static java.util.Objects.requireNonNull;

import io.sallyport.gateway.McpGateway;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * Tells an orchestrator how a gateway is, without details that a stranger could use. Mapped to {@code /health/*}:
 *
 * <ul>
 *   <li>{@code /health/live}: 200 as long as the process answers. Never depends on anything else, so that a restart is
 *       only asked for where it helps.
 *   <li>{@code /health/ready}: 200 if requests should be sent here, else 503: not started, upstreams not tried yet, or
 *       about to end. An upstream that is down does not make a gateway unready: the others are served.
 * </ul>
 */
public final class HealthServlet extends HttpServlet {

    private static final long serialVersionUID = 1L;

    private final transient McpGateway gateway;

    /** Creates a servlet for a gateway, which stays the host's. */
    public HealthServlet(McpGateway gateway) {
        this.gateway = requireNonNull(gateway, "gateway");
    }

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
        String what = request.getPathInfo() == null ? "" : request.getPathInfo();
        switch (what) {
            case "/live" -> answer(response, 200, "up");
            case "/ready" -> answer(response, gateway.isReady() ? 200 : 503, gateway.isReady() ? "ready" : "not ready");
            default -> answer(response, 404, "unknown");
        }
    }

    private static void answer(HttpServletResponse response, int status, String word) throws IOException {
        byte[] body = ("{\"status\":\"" + word + "\"}").getBytes(StandardCharsets.UTF_8);
        response.setStatus(status);
        response.setContentType("application/json");
        response.setHeader("Cache-Control", "no-store");
        response.setContentLength(body.length);
        response.getOutputStream().write(body);
    }
}
