package io.sallyport.gateway.servlet;

import io.sallyport.protocol.McpHeaders;
import jakarta.servlet.http.HttpServletRequest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The headers of a request, copied: a call may outlive the request that began it, and a container uses its request
 * objects again. Immutable.
 */
final class HeaderSnapshot implements McpHeaders.Source {

    private static final int MAX_CHARS = 16 * 1024;

    private final Map<String, List<String>> values;
    private final boolean tooLarge;

    private HeaderSnapshot(Map<String, List<String>> values, boolean tooLarge) {
        this.values = values;
        this.tooLarge = tooLarge;
    }

    static HeaderSnapshot of(HttpServletRequest request) {
        Map<String, List<String>> values = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        int chars = 0;
        Enumeration<String> names = request.getHeaderNames();
        while (names.hasMoreElements()) {
            String name = names.nextElement();
            if (values.containsKey(name)) {
                continue;
            }
            List<String> all = new ArrayList<>(1);
            for (Enumeration<String> each = request.getHeaders(name); each.hasMoreElements(); ) {
                String value = each.nextElement();
                chars += name.length() + value.length();
                all.add(value);
            }
            values.put(name, List.copyOf(all));
        }
        return new HeaderSnapshot(values, chars > MAX_CHARS);
    }

    @Override
    public List<String> values(String name) {
        return values.getOrDefault(name, List.of());
    }

    @Override
    public Set<String> names() {
        return Collections.unmodifiableSet(values.keySet());
    }

    boolean isTooLarge() {
        return tooLarge;
    }
}
