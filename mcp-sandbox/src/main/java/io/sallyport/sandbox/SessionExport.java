package io.sallyport.sandbox;

import io.sallyport.protocol.JsonValue;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/**
 * What could be taken out of a session. It was said by code in the session, and so by whoever has run code there.
 *
 * @param variables a JSON object of the variables that JSON can say, those that begin with {@code _} left out
 * @param leftOut the names of the others: functions, modules, open files, and whatever else there is
 */
public record SessionExport(JsonValue variables, List<String> leftOut) {

    /** Copies what it is given. */
    public SessionExport {
        leftOut = List.copyOf(leftOut);
    }

    /** Returns code that has as its value what {@link #of} reads; nothing for a language without variables. */
    static Optional<String> script(Language language) {
        return switch (language) {
            case PYTHON -> Optional.of(resource("export.py"));
            case JAVASCRIPT -> Optional.of(resource("export.js"));
            case SHELL -> Optional.empty();
        };
    }

    private static String resource(String name) {
        try (InputStream in = SessionExport.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("the jar is not whole: " + name + " is missing");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Reads what the code had as its value; nothing if code in the session has meddled with it. */
    static Optional<SessionExport> of(JsonValue value) {
        Optional<JsonValue> variables = value.get("variables").filter(JsonValue::isObject);
        Optional<JsonValue> leftOut = value.get("left_out").filter(it -> it.kind() == JsonValue.Kind.ARRAY);
        if (variables.isEmpty() || leftOut.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new SessionExport(
                variables.get(),
                leftOut.get().elements().stream()
                        .flatMap(name -> name.asString().stream())
                        .toList()));
    }
}
