package io.sallyport.protocol;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The headers of a request as a container hands them out: names without regard to case, values in their order. */
final class Sent implements McpHeaders.Source {

    private final Map<String, List<String>> values = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);

    static Sent with(String... namesAndValues) {
        Sent headers = new Sent();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            headers.and(namesAndValues[i], namesAndValues[i + 1]);
        }
        return headers;
    }

    /** Reads {@code Name: value} from lines or, on one line, from between semicolons. */
    static Sent reading(String headers) {
        Sent sent = new Sent();
        for (String header : headers.split("[\n;]")) {
            int colon = header.indexOf(':');
            if (colon > 0) {
                sent.and(header.substring(0, colon).strip(), header.substring(colon + 1));
            }
        }
        return sent;
    }

    Sent and(String name, String value) {
        values.computeIfAbsent(name, n -> new ArrayList<>()).add(value);
        return this;
    }

    Sent without(String name) {
        values.remove(name);
        return this;
    }

    @Override
    public List<String> values(String name) {
        return List.copyOf(values.getOrDefault(name, List.of()));
    }

    @Override
    public String toString() {
        return values.toString();
    }
}
