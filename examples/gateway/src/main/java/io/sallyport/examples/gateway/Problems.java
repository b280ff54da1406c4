package io.sallyport.examples.gateway;

import java.util.ArrayList;
import java.util.List;

/** Everything that is wrong with options and configuration, each with its place. Confined to one thread. */
final class Problems {

    private final List<String> lines = new ArrayList<>();

    /**
     * Adds one.
     *
     * @param place such as {@code --port} or {@code mcpServers.github.env.TOKEN}
     * @param text what was found and what is expected
     */
    void add(String place, String text) {
        lines.add(place + ": " + text);
    }

    int count() {
        return lines.size();
    }

    boolean isEmpty() {
        return lines.isEmpty();
    }

    List<String> lines() {
        return List.copyOf(lines);
    }

    /** Returns all of them in one line: the only one itself, else how many there are. */
    String summary() {
        return lines.size() == 1 ? lines.get(0) : lines.size() + " problems in options and configuration, listed above";
    }
}
