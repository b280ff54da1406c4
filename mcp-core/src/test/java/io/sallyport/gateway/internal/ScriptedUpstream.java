package io.sallyport.gateway.internal;

import io.sallyport.protocol.Era;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.ProtocolVersion;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.Response;
import io.sallyport.upstream.CallHandle;
import io.sallyport.upstream.CallListener;
import io.sallyport.upstream.CallSpec;
import io.sallyport.upstream.ServerFacts;
import io.sallyport.upstream.SessionListener;
import io.sallyport.upstream.SessionSpec;
import io.sallyport.upstream.Upstream;
import io.sallyport.upstream.UpstreamRuntime;
import io.sallyport.upstream.UpstreamSession;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;

/** An upstream in this process that remembers what it was asked, and does what a real one might not do in time. */
final class ScriptedUpstream implements Upstream {

    /** What was asked, by whom it is to be told. */
    record Asked(Session in, Request request, CallListener listener) {
        void answer(String result) {
            listener.onResponse(Response.resultJson(request.id(), result));
        }
    }

    private final Era era;
    private final String capabilities;
    private final List<Asked> asked = new CopyOnWriteArrayList<>();
    private final List<Session> open = new CopyOnWriteArrayList<>();

    /** Whether lists are answered at once; otherwise the test does. */
    volatile boolean answersLists = true;

    ScriptedUpstream(Era era, String capabilities) {
        this.era = era;
        this.capabilities = capabilities;
    }

    /** Returns what was asked with a method so far. */
    List<Asked> asked(String method) {
        return asked.stream()
                .filter(each -> each.request().method().equals(method))
                .toList();
    }

    /** Returns the sessions that are open, in the order of their opening; the first is the gateway's own. */
    List<Session> open() {
        return List.copyOf(open);
    }

    @Override
    public String name() {
        return "scripted";
    }

    @Override
    public boolean sharesSessions() {
        return false;
    }

    @Override
    public CompletionStage<UpstreamSession> open(SessionSpec spec, SessionListener listener, UpstreamRuntime runtime) {
        Session session = new Session(listener);
        open.add(session);
        return CompletableFuture.completedFuture(session);
    }

    final class Session implements UpstreamSession {

        final SessionListener listener;

        private Session(SessionListener listener) {
            this.listener = listener;
        }

        @Override
        public Era era() {
            return era;
        }

        @Override
        public ServerFacts facts() {
            return new ServerFacts(
                    era == Era.MODERN ? ProtocolVersion.V2026_07_28 : ProtocolVersion.V2025_11_25,
                    JsonValue.trusted("{\"name\":\"scripted\",\"version\":\"1\"}"),
                    JsonValue.trusted(capabilities),
                    Optional.empty());
        }

        @Override
        public CallHandle call(Request request, CallSpec spec, CallListener to) {
            Asked call = new Asked(this, request, to);
            asked.add(call);
            switch (request.method()) {
                case "tools/list" -> {
                    if (answersLists) {
                        call.answer("{\"tools\":[{\"name\":\"t\",\"inputSchema\":{\"type\":\"object\"}}]}");
                    }
                }
                case "prompts/list" -> call.answer("{\"prompts\":[{\"name\":\"shown\"},{\"name\":\"hidden\"}]}");
                case "resources/list" -> call.answer("{\"resources\":[]}");
                case "resources/templates/list" -> call.answer("{\"resourceTemplates\":[]}");
                case Methods.RESOURCES_SUBSCRIBE, Methods.RESOURCES_UNSUBSCRIBE -> call.answer("{}");
                default -> {
                    // The test answers, or nobody does.
                }
            }
            return reason -> {};
        }

        @Override
        public void send(Notification notification) {
            // Nobody hears it.
        }

        @Override
        public void close() {
            open.remove(this);
        }
    }
}
