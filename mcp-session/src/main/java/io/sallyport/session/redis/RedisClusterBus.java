package io.sallyport.session.redis;

import static java.util.Objects.requireNonNull;

import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import io.sallyport.spi.ClusterBus;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Nodes with an inbox each, which is a Redis stream. Who waits for a letter is called by a message published with it; as
 * such a message may get lost together with its connection, it also looks once in a while. Thread-safe.
 */
final class RedisClusterBus implements ClusterBus {

    private static final int MAX_LETTERS = 10_000;

    private static final long ONCE_IN_A_WHILE = TimeUnit.SECONDS.toNanos(1);

    private final Link link;
    private final String key;

    RedisClusterBus(Link link, String key) {
        this.link = link;
        this.key = key;
    }

    @Override
    public boolean beat(String node, Duration lease) {
        return link.run(Operation.BEAT, requireNonNull(node, "node"), RedisSessionStore.micros(lease))
                .get(0)
                .equals(1L);
    }

    @Override
    public void leave(String node) {
        link.run(Operation.LEAVE, node);
    }

    @Override
    public Set<String> nodes() {
        return link.run(Operation.NODES).stream().map(String.class::cast).collect(Collectors.toUnmodifiableSet());
    }

    @Override
    public Posted post(String node, String text) {
        List<?> answer = link.run(Operation.POST, node, requireNonNull(text, "text"), String.valueOf(MAX_LETTERS));
        return Posted.valueOf((String) answer.get(0));
    }

    @Override
    public List<Letter> collect(String node, long after, int max, Duration atMost) {
        long end = System.nanoTime() + atMost.toNanos();
        List<Letter> letters = look(node, after, max);
        if (!letters.isEmpty() || end - System.nanoTime() <= 0) {
            return letters;
        }
        String channel = key + ":inbox:" + node;
        StatefulRedisPubSubConnection<String, String> line = null;
        try {
            while (true) {
                line = link.listen(channel, line);
                long before = link.called();
                letters = look(node, after, max);
                long left = end - System.nanoTime();
                if (!letters.isEmpty() || left <= 0 || !link.awaitCall(before, Math.min(left, ONCE_IN_A_WHILE))) {
                    return letters;
                }
            }
        } finally {
            unlisten(channel, line);
        }
    }

    private static void unlisten(String channel, @Nullable StatefulRedisPubSubConnection<String, String> line) {
        if (line != null) {
            // Not worth a wait: at worst there is a call too many.
            line.async().unsubscribe(channel).exceptionally(broken -> null);
        }
    }

    private List<Letter> look(String node, long after, int max) {
        return link.run(Operation.COLLECT, node, String.valueOf(after + 1), String.valueOf(max)).stream()
                .map(entry -> new Letter(RedisEventLog.entryNumber(entry), RedisEventLog.entryText(entry)))
                .toList();
    }
}
