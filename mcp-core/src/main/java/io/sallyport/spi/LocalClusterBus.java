package io.sallyport.spi;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/** Hands messages to the listeners of this process, on the sender's thread. */
final class LocalClusterBus implements ClusterBus {

    private final Map<String, List<Consumer<byte[]>>> listeners = new ConcurrentHashMap<>();

    @Override
    public void publish(String topic, byte[] message) {
        listeners.getOrDefault(topic, List.of()).forEach(listener -> listener.accept(message.clone()));
    }

    @Override
    public Runnable subscribe(String topic, Consumer<byte[]> listener) {
        listeners.computeIfAbsent(topic, key -> new CopyOnWriteArrayList<>()).add(listener);
        return () -> listeners.computeIfPresent(topic, (key, all) -> {
            all.remove(listener);
            return all.isEmpty() ? null : all;
        });
    }

    @Override
    public void close() {
        listeners.clear();
    }
}
