package io.sallyport.upstream.local;

import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.MetaKeys;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Part;
import io.sallyport.protocol.Request;
import io.sallyport.upstream.CallListener;
import java.util.List;
import java.util.Map;

/** A {@code subscriptions/listen} at a local server. */
final class LocalListen {

    private final Request request;
    private final CallListener listener;
    private final JsonValue filter;
    private final List<String> uris;

    LocalListen(Request request, CallListener listener) {
        this.request = request;
        this.listener = listener;
        this.filter = request.get(Part.PARAMS, "notifications").orElseGet(() -> JsonValue.trusted("{}"));
        this.uris = filter.get("resourceSubscriptions").map(JsonValue::elements).orElse(List.of()).stream()
                .flatMap(uri -> uri.asString().stream())
                .toList();
    }

    void acknowledge() {
        send(Notification.of(Methods.SUBSCRIPTIONS_ACKNOWLEDGED, Map.of("notifications", filter)));
    }

    void tell(Notification notification) {
        boolean wanted = switch (notification.method()) {
            case Methods.TOOLS_CHANGED -> wants("toolsListChanged");
            case Methods.PROMPTS_CHANGED -> wants("promptsListChanged");
            case Methods.RESOURCES_CHANGED -> wants("resourcesListChanged");
            default ->
                notification
                        .getString(Part.PARAMS, "uri")
                        .filter(uris::contains)
                        .isPresent();
        };
        if (wanted) {
            send(notification);
        }
    }

    private boolean wants(String name) {
        return filter.get(name).flatMap(JsonValue::asBoolean).orElse(false);
    }

    private void send(Notification notification) {
        listener.onNotification((Notification) notification
                .edit()
                .set(Part.PARAMS_META, MetaKeys.SUBSCRIPTION_ID, request.id().token())
                .apply());
    }
}
