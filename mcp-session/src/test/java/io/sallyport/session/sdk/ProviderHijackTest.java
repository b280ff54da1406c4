package io.sallyport.session.sdk;

import io.sallyport.spi.SessionStore;
import io.sallyport.stream.HijackContract;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Two nodes of a server of the SDK, at each of which it is at two paths. */
class ProviderHijackTest implements HijackContract {

    @Override
    public Cluster cluster() throws Exception {
        return new Providers();
    }

    private static final class Providers implements Cluster {

        private final SharedStore store = new SharedStore(new SessionStore.Bounds(IDLE, IDLE.multipliedBy(4), 20, 100));
        private final List<Map<String, Node>> nodes;

        Providers() throws Exception {
            nodes = List.of(node(), node());
        }

        private Map<String, Node> node() throws Exception {
            return Map.of("/mcp", at("/mcp"), "/other", at("/other"));
        }

        private Node at(String path) throws Exception {
            return new Node(
                    store,
                    settings -> settings.mcpEndpoint(path)
                            .principal(request ->
                                    HijackContract.principal(name -> Optional.ofNullable(request.getHeader(name)))));
        }

        @Override
        public URI at(int node, String path) {
            return URI.create("http://127.0.0.1:" + nodes.get(node).get(path).port() + path);
        }

        @Override
        public void letPass(Duration duration) {
            store.letPass(duration);
        }

        @Override
        public int sessions() {
            return store.size();
        }

        @Override
        public void release() {
            nodes.forEach(node -> node.get("/mcp").server.gate.release());
        }

        @Override
        public void toolsChange() {
            nodes.get(0).get("/mcp").server.mcp.notifyToolsListChanged();
        }

        @Override
        public void close() {
            nodes.forEach(node -> node.values().forEach(Node::close));
        }
    }
}
